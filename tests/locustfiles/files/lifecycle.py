# run: -u 2 -r 4 -t 3s
# run locust: --processes 1
# counts: exact
"""The order in which everything is called, and what goes wrong on the way."""
import time

from locust import HttpUser, constant, events, task
from locust.exception import RescheduleTask, RescheduleTaskImmediately, StopUser

calls = []


@events.init.add_listener
def on_init(environment, runner, web_ui, **_kwargs):
    calls.append(f"init {runner is not None} {web_ui}")


@events.test_start.add_listener
def on_test_start(environment, **_kwargs):
    calls.append("test_start")


@events.spawning_complete.add_listener
def on_spawning_complete(user_count, **_kwargs):
    calls.append(f"spawning_complete {user_count}")


@events.test_stopping.add_listener
def on_test_stopping(environment, **_kwargs):
    calls.append("test_stopping")


@events.test_stop.add_listener
def on_test_stop(environment, **_kwargs):
    calls.append("test_stop")


@events.quitting.add_listener
def on_quitting(environment, **_kwargs):
    calls.append("quitting")


@events.quitting.add_listener
def on_quitting_too(environment, **_kwargs):
    calls.append("quitting, added last")


@events.user_error.add_listener
def on_user_error(user_instance, exception, tb, **_kwargs):
    calls.append(f"user_error {type(user_instance).__name__} {exception!r} {tb.tb_lineno > 0}")


@events.quit.add_listener
def on_quit(exit_code, **_kwargs):
    calls.append(f"quit {exit_code}")
    print("note:", " > ".join(calls))


class Steady(HttpUser):
    wait_time = constant(0)
    step = 0

    def on_start(self):
        calls.append("on_start")
        self.client.get("/pages/start")
        time.sleep(1)  # Until all have been started.

    def on_stop(self):
        calls.append("on_stop")
        self.client.get("/pages/stop")

    @task
    def steps(self):
        self.step += 1
        calls.append(f"step {self.step}")
        if self.step == 1:
            raise ValueError("first step")
        if self.step == 2:
            raise RescheduleTask()
        if self.step == 3:
            raise RescheduleTaskImmediately()
        if self.step == 4:
            self.client.get("/status/404")
            raise StopUser()
        calls.append("never")


class Dying(HttpUser):
    def on_start(self):
        raise KeyError("missing in on_start")

    def on_stop(self):
        calls.append("never: on_stop of the dying")

    @task
    def never(self):
        self.client.get("/pages/never")
