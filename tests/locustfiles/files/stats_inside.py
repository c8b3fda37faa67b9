# run: -u 2 -r 2 -t 3s
# run locust: --processes 1
# counts: exact
"""Reads what Locust knows of the run: stats, runner, environment."""
from locust import HttpUser, constant, events, task
from locust.runners import LocalRunner, MasterRunner, WorkerRunner


class Visitor(HttpUser):
    wait_time = constant(0.01)
    turn = 0

    @task
    def visit(self):
        self.turn += 1
        self.client.get("/hello")
        self.client.get("/status/500", name="/broken")
        if self.turn == 5:
            print("note: runner", self.environment.runner.state, self.environment.host == self.host)
            self.stop()


@events.test_start.add_listener
def on_test_start(environment, **_kwargs):
    runner = environment.runner
    if isinstance(runner, WorkerRunner):
        return
    print("note: kind", isinstance(runner, (LocalRunner, MasterRunner)), [cls.__name__ for cls in environment.user_classes])
    print("note: options", environment.parsed_options.num_users, environment.parsed_options.spawn_rate, environment.shape_class)


@events.quitting.add_listener
def on_quitting(environment, **_kwargs):
    if isinstance(environment.runner, WorkerRunner):
        return
    stats = environment.stats
    total, hello = stats.total, stats.get("/hello", "GET")
    print("note: total", total.num_requests, total.num_failures, round(total.fail_ratio, 2), total.avg_content_length > 0)
    print("note: hello", hello.num_requests, hello.num_failures, hello.method, hello.name)
    print("note: times", 0 <= hello.min_response_time <= hello.median_response_time <= hello.max_response_time)
    print("note: percentile", hello.get_response_time_percentile(0.95) >= hello.get_response_time_percentile(0.5))
    print("note: rates", total.total_rps > 0, total.total_fail_per_sec > 0, total.avg_response_time > 0)
    print("note: entries", sorted((method, name) for name, method in stats.entries))
    for error in stats.errors.values():
        print("note: error", error.method, error.name, error.occurrences)
    print("note: users", environment.runner.user_count)
    print("note: none", stats.get("/nothing", "GET").num_requests)
