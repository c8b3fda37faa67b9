"""Users that make a request, or as many as $WAITING_REQUESTS, and then wait for a long time."""

import os

from locust import FastHttpUser, HttpUser, constant, task

ROUNDS = int(os.environ.get("WAITING_REQUESTS", "1"))


class WaitingHttpUser(HttpUser):
    wait_time = constant(3600)

    @task
    def rounds(self):
        for _ in range(ROUNDS):
            self.client.get("/users").json()


class WaitingFastHttpUser(FastHttpUser):
    wait_time = constant(3600)
    tasks = WaitingHttpUser.tasks
