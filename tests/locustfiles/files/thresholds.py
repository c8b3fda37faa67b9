# run: -u 2 -r 2 -t 3s
# run locust: --processes 1
# counts: exact
"""Levels that a pipeline asks for: the exit code is the file's own."""
import logging

from locust import HttpUser, constant, events, task

MAX_FAIL_RATIO = 0.05
MAX_P95_MS = 30_000


class Visitor(HttpUser):
    wait_time = constant(0.02)
    turn = 0

    @task
    def visit(self):
        self.turn += 1
        self.client.get("/hello")
        if self.turn % 5 == 0:
            self.client.get("/status/500", name="/status")
        if self.turn == 10:
            self.stop()


@events.quitting.add_listener
def judge(environment, **_kwargs):
    total = environment.stats.total
    logging.info("note: %d requests, %d failures, ratio %.3f", total.num_requests, total.num_failures, total.fail_ratio)
    if total.num_requests == 0:
        environment.process_exit_code = 4
    elif total.fail_ratio > MAX_FAIL_RATIO:
        logging.error("note: too many failures: %.3f", total.fail_ratio)
        environment.process_exit_code = 5
    elif total.get_response_time_percentile(0.95) > MAX_P95_MS:
        environment.process_exit_code = 6
    else:
        environment.process_exit_code = 0


@events.quit.add_listener
def told(exit_code, **_kwargs):
    print("note: exit code", exit_code)
