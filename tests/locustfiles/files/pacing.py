# run: -u 4 -r 4 -t 4s
# counts: shares of 1
"""Every kind of wait; each user class keeps its own pace, so shares tell whether they hold."""
import random

from locust import HttpUser, constant, constant_pacing, constant_throughput, task


class Paced(HttpUser):
    fixed_count = 1
    wait_time = constant_pacing(0.1)

    @task
    def ask(self):
        self.client.get("/slow/40", name="paced")


class Throughput(HttpUser):
    fixed_count = 1
    wait_time = constant_throughput(20)

    @task
    def ask(self):
        self.client.get("/pages/throughput")


class Lambda(HttpUser):
    fixed_count = 1
    wait_time = lambda self: random.expovariate(20)  # noqa: E731

    @task
    def ask(self):
        self.client.get("/pages/lambda")


class Method(HttpUser):
    fixed_count = 1
    last = 0.0

    def wait_time(self):
        self.last = 0.06 - self.last
        return self.last

    @task
    def ask(self):
        self.client.get("/pages/method")
