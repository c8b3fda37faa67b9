# run: -u 2 -r 2 -t 3s
# counts: exact
"""Samples beside those of the client: transactions over several requests, values that are no times, failures of the file's own."""
import time
from contextlib import contextmanager

from locust import HttpUser, constant, events, task


@contextmanager
def transaction(name):
    begun = time.time()
    failure = None
    try:
        yield
    except AssertionError as error:
        failure = error
    events.request.fire(
        request_type="TRANSACTION",
        name=name,
        response_time=int((time.time() - begun) * 1000),
        response_length=0,
        exception=failure,
    )


class Sampler(HttpUser):
    wait_time = constant(0)
    rounds = 0

    @task
    def steps(self):
        with transaction("look and search"):
            self.client.get("/products/1")
            self.client.get("/search?q=lamp", name="/search")
        with transaction("wrong"):
            assert self.client.get("/hello").status_code == 201, "not created"
        self.environment.events.request.fire(
            request_type="queue", name="depth", response_time=None, response_length=7, response=None, context={}, exception=None
        )
        with self.environment.events.request.measure("block", "measured") as meta:
            meta["response_length"] = len(self.client.get("/world").content)
        try:
            with self.environment.events.request.measure("block", "broken"):
                raise ValueError("no good")
        except ValueError:
            pass
        self.user_rounds()

    def user_rounds(self):
        self.rounds += 1
        if self.rounds == 4:
            self.stop(force=True)
