# run: -u 2 -r 2 -t 4s
# counts: exact
"""Requests that get no response, and how files judge them."""
from locust import FastHttpUser, HttpUser, constant, events, task
from locust.exception import CatchResponseError, RescheduleTask, ResponseError

NOBODY = "http://127.0.0.1:9/"


@events.request.add_listener
def heard(request_type, name, response_length, exception, response, context, **kwargs):
    kind = type(exception).__name__ if isinstance(exception, (CatchResponseError, KeyError, type(None))) else "an error"
    print("note: heard", request_type, name, response_length, kind, response.status_code, context)


class Steps:
    """The steps of both users."""

    def ask(self, name, url=NOBODY, **given):
        return self.client.get(url, name=f"{self.kind} {name}", catch_response=True, **given)

    def judge(self):
        with self.ask("untouched"):
            pass
        with self.ask("failure") as response:
            print("note:", self.kind, response.status_code, response.content, response.error is not None)
            response.failure("nobody is there")
        with self.ask("success") as response:
            response.success()
            response.raise_for_status()
        with self.ask("success then failure") as response:
            response.success()
            response.failure("after all")
        with self.ask("failure then success") as response:
            response.failure("no good")
            response.success()
        with self.ask("exception") as response:
            response.failure(KeyError("k"))
        with self.ask("texts") as response:
            response.failure(CatchResponseError("a text"))
        with self.ask("raised") as response:
            raise ResponseError("raised inside")
        with self.ask("renamed", context={"seen": 1}) as response:
            response.request_meta["name"] = f"{self.kind} by its meta"
            response.request_meta["request_type"] = "ASK"
            response.request_meta["response_length"] = 5
            response.success()
        self.raises()
        self.judged()
        self.stop()

    def raises(self):
        with self.ask("raise_for_status") as response:
            response.failure("said")
            try:
                response.raise_for_status()
            except CatchResponseError as error:
                print("note:", self.kind, "raised", error)
        try:
            with self.ask("success, then an error") as response:
                response.success()
                raise RescheduleTask()
        except RescheduleTask:
            print("note:", self.kind, "came through")
        plain = self.client.get(NOBODY, name=f"{self.kind} plain")
        try:
            plain.raise_for_status()
        except OSError:
            print("note:", self.kind, "an OSError")

    def judged(self):
        """The same of an answer."""
        with self.ask("404", "/status/404") as response:
            response.success()
            response.raise_for_status()
        with self.ask("200", "/hello") as response:
            response.failure("said")
            try:
                response.raise_for_status()
            except CatchResponseError as error:
                print("note:", self.kind, "raised", error)
        with self.rest("GET", NOBODY, name=f"{self.kind} rest") as response:
            print("note:", self.kind, "rest", response.js)
        with self.rest("GET", NOBODY, name=f"{self.kind} rest, forgiven") as response:
            response.success()


class Slow(Steps, HttpUser):
    fixed_count = 1
    wait_time = constant(0)
    kind = "http"

    @task
    def judge(self):
        # Locust's fast client asks /close twelve times, and takes `timeout` for a part of the query.
        with self.ask("timeout", "/slow/1000", timeout=0.1) as response:
            if response.status_code == 0:
                response.failure("too slow")
        with self.ask("closed", "/close") as response:
            response.success()
        super().judge()


class Fast(Steps, FastHttpUser):
    fixed_count = 1
    wait_time = constant(0)
    kind = "fast"

    @task
    def judge(self):
        super().judge()
