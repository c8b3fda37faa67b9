# run: -u 4 -r 4 -t 3s
# run locust: --processes 1
# counts: exact
"""Calls that do not go through the client: requests, urllib and http.client, whose sockets must not hold others up."""
import http.client
import threading
import time
import urllib.request
from urllib.parse import urlsplit

import requests
from locust import HttpUser, constant, events, task

begun = {}


@events.test_start.add_listener
def prepare(environment, **_kwargs):
    answer = requests.post(f"{environment.host}/login", json={"username": "setup", "password": "secret"}, timeout=5)
    print("note: prepared", answer.status_code, answer.json()["token"])


class Direct(HttpUser):
    wait_time = constant(0)

    @task
    def ask(self):
        begun.setdefault("at", time.time())
        session = requests.Session()
        session.headers["X-Direct"] = "requests"
        session.get(f"{self.host}/slow/300").raise_for_status()
        request = urllib.request.Request(f"{self.host}/slow/300", headers={"X-Direct": "urllib"})
        with urllib.request.urlopen(request, timeout=5) as answer:
            assert answer.status == 200
        connection = http.client.HTTPConnection(urlsplit(self.host).netloc, timeout=5)
        connection.request("GET", "/slow/300", headers={"X-Direct": "http.client"})
        assert connection.getresponse().read()
        time.sleep(0.3)
        self.client.get("/hello")
        # One after the other would take 4.8 seconds.
        print("note: side by side:", time.time() - begun["at"] < 2.9)
        print("note: thread:", threading.current_thread() is not None)
        self.stop()
