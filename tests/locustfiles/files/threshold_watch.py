# run: -u 2 -r 2 -t 20s
# counts: shares of 1
"""A greenlet that watches the failures and ends the run when there are too many."""
import gevent
from locust import HttpUser, constant, events, task
from locust.runners import STATE_CLEANUP, STATE_STOPPED, STATE_STOPPING, WorkerRunner


def watch(environment):
    while environment.runner.state not in [STATE_STOPPING, STATE_STOPPED, STATE_CLEANUP]:
        gevent.sleep(0.2)
        total = environment.runner.stats.total
        if total.num_requests > 40 and total.fail_ratio > 0.2:
            print("note: too many failures, ending the run")
            environment.process_exit_code = 7
            environment.runner.quit()
            return


@events.init.add_listener
def start_watching(environment, **_kwargs):
    if not isinstance(environment.runner, WorkerRunner):
        gevent.spawn(watch, environment)


class Visitor(HttpUser):
    wait_time = constant(0.1)

    @task(2)
    def fine(self):
        self.client.get("/hello")

    @task
    def broken(self):
        self.client.get("/status/503")
