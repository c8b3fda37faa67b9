# run: -u 2 -r 2 -t 3s
# counts: shares of 1
"""Tasks that are plain functions, given to a class from outside, with weights by tuples."""
from locust import HttpUser, constant, task


def hello(user):
    user.client.get("/hello")
    user.seen.add("hello")
    leave_when_all(user)


def world(user):
    user.client.get("/world")
    user.seen.add("world")
    leave_when_all(user)


def leave_when_all(user):
    if user.seen == {"hello", "world"}:
        user.stop()


class Visitor(HttpUser):
    wait_time = constant(0.01)

    def on_start(self):
        self.seen = set()


Visitor.tasks = [hello, (world, 2)]


@task
def loose(user):
    user.client.get("/pages/loose")
