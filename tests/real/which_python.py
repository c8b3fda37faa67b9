"""Says which Python runs it: a locustfile."""
import sys

from locust import HttpUser, task

print(f"python: {sys.version_info.major}.{sys.version_info.minor} {sys.executable} {sys.prefix}")


class Visitor(HttpUser):
    @task
    def page(self):
        self.client.get("/page")
