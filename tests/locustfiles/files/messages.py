# run: -u 2 -r 2 -t 4s
# run locust: --processes 1
# counts: exact
"""Messages between the process that leads the test and those that run users: accounts are dealt out, results come back."""
import gevent
from locust import HttpUser, constant, events, task
from locust.runners import MasterRunner, WorkerRunner

dealt = []
results = []


def on_accounts(environment, msg, **_kwargs):
    dealt.extend(msg.data)
    environment.runner.send_message("thanks", f"{len(msg.data)} accounts")


def on_thanks(environment, msg, **_kwargs):
    results.append(msg.data)


@events.init.add_listener
def register(environment, **_kwargs):
    if not isinstance(environment.runner, MasterRunner):
        environment.runner.register_message("accounts", on_accounts)
    if not isinstance(environment.runner, WorkerRunner):
        environment.runner.register_message("thanks", on_thanks)


@events.test_start.add_listener
def deal(environment, **_kwargs):
    if not isinstance(environment.runner, WorkerRunner):
        environment.runner.send_message("accounts", ["ada", "ben"])


@events.quitting.add_listener
def tell(environment, **_kwargs):
    if not isinstance(environment.runner, WorkerRunner):
        print("note: results", results)


class Member(HttpUser):
    wait_time = constant(0)

    def on_start(self):
        while not dealt:
            gevent.sleep(0.02)
        self.name = dealt.pop(0)

    @task
    def sign_in(self):
        self.client.post("/login", json={"username": self.name, "password": "secret"})
        self.stop()
