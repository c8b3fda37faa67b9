"""A module that `beside.py` imports: no locustfile."""
from locust import HttpUser, constant

ENDPOINTS = {"greeting": "/hello", "planet": "/world"}


class Named(HttpUser):
    abstract = True
    wait_time = constant(0)

    def visit(self, name):
        return self.client.get(ENDPOINTS[name], name=name)
