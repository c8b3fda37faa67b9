# run: -u 2 -r 2 -t 4s
# counts: exact
"""Users and passwords of all kinds, as text and as bytes."""
from locust import FastHttpUser, HttpUser, constant, task

PAIRS = [("ada", "pw"), ("ü", "p"), ("a", "ñ"), (b"\xc3\xbc", b"x"), (b"\xff", b"x"), ("a:b", "c")]


def log_in(user):
    for pair in PAIRS:
        user.client.get("/anything", auth=pair)
    user.client.get("/redirect/1?status=302", auth=("ü", "p"))
    user.stop()


class Slow(HttpUser):
    fixed_count = 1
    wait_time = constant(0)

    @task
    def log_in(self):
        self.client.auth = ("é", "session")
        self.client.get("/anything")
        self.client.auth = None
        log_in(self)


class Fast(FastHttpUser):
    fixed_count = 1
    wait_time = constant(0)

    @task
    def log_in(self):
        log_in(self)
