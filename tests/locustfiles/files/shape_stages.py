# run:
# counts: exact
"""Stages by a shape; each user reports once, so that the users that each stage adds are the requests."""
from locust import HttpUser, LoadTestShape, constant, task


class Stages(LoadTestShape):
    stages = [
        {"duration": 1.5, "users": 2, "spawn_rate": 10},
        {"duration": 3.5, "users": 5, "spawn_rate": 10},
        {"duration": 5, "users": 1, "spawn_rate": 10},
    ]

    def tick(self):
        run_time = self.get_run_time()
        for stage in self.stages:
            if run_time < stage["duration"]:
                return stage["users"], stage["spawn_rate"]
        return None


class Worker(HttpUser):
    wait_time = constant(30)

    @task
    def report(self):
        self.client.get("/hello")

    def on_stop(self):
        self.client.get("/world")
