# run: -u 2 -r 2 -t 4s
# run locust: --processes 1
# counts: shares of 1
"""A test that begins when its workers say that they are ready, with tasks and waits by an argument, and ends with their results."""
import atexit

import gevent
from locust import HttpUser, constant, events, task
from locust.runners import MasterRunner, WorkerRunner

atexit.register(lambda: print("note: exit"))
ready = []
results = []
statuses = []


def prepare(environment, msg, **_kwargs):
    environment.runner.send_message("ready", {"prepared": msg.data["items"] * 2})


@events.init_command_line_parser.add_listener
def add_arguments(parser):
    parser.add_argument("--page", default="hello")


@events.init.add_listener
def register(environment, **_kwargs):
    if isinstance(environment.runner, WorkerRunner):
        environment.runner.register_message("prepare", prepare)
    else:
        environment.runner.register_message("ready", lambda environment, msg, **_: ready.append(msg.data))
        environment.runner.register_message("results", lambda environment, msg, **_: results.append(msg.data))


def world(user):
    statuses.append(user.client.get(f"/{user.environment.parsed_options.page}").status_code)


@events.test_start.add_listener
def begin(environment, **_kwargs):
    runner = environment.runner
    if isinstance(runner, MasterRunner):
        print("note:", runner.state, runner.target_user_count, runner.user_count, len(runner.clients), runner.worker_count)
        runner.send_message("prepare", {"items": 3})
        with gevent.Timeout(3, False):
            while not ready:
                gevent.sleep(0.02)
        print("note: ready", ready)
        environment.parsed_options.page = "world"
    Visitor.tasks = [world]
    Visitor.wait_time = constant(0.2)


@events.test_stopping.add_listener
def stopping(environment, **_kwargs):
    if isinstance(environment.runner, MasterRunner):
        print("note: stopping", environment.runner.state)


@events.test_stop.add_listener
def report(environment, **_kwargs):
    if isinstance(environment.runner, WorkerRunner):
        environment.runner.send_message("results", sorted(set(statuses)))
    else:
        print("note: stopped", environment.runner.state)


@events.quitting.add_listener
def tell(environment, **_kwargs):
    if isinstance(environment.runner, MasterRunner):
        print("note: results", results)


class Visitor(HttpUser):
    wait_time = constant(60)

    @task
    def never(self):
        self.client.get("/pages/never")
