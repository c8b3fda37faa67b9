# run: -u 2 -r 2 -t 4s
# counts: exact
"""JSON that is none: numbers that cannot be sent, answers that cannot be parsed."""
import json

from locust import FastHttpUser, HttpUser, constant, task


def ask(user, kind):
    client = user.client
    sent = {"é": "ü", "none": None, "true": True, "list": [1.5, 1e300, []]}
    print("note:", kind, json.loads(client.post("/anything", json=sent, name=f"{kind} object").json()["body"]) == sent)
    for name, value in (("nan", {"a": float("nan")}), ("infinity", float("inf")), ("key", {1: 2})):
        answer = client.post("/anything", json=value, name=f"{kind} {name}")
        print("note:", kind, name, answer.status_code, answer.status_code and answer.json()["body"])
    try:
        client.post("/anything", json={"a": {1}}, name=f"{kind} set")
    except TypeError as error:
        print("note:", kind, type(error).__name__, error)
    for path in ("/hello", "/status/204", "/broken-json"):
        try:
            client.get(path, name=f"{kind} {path}").json()
        except ValueError as error:
            print("note:", kind, path, type(error).__name__, error)
    print("note:", kind, client.get("/numbers", name=f"{kind} numbers").json())
    user.stop()


class Slow(HttpUser):
    fixed_count = 1
    wait_time = constant(0)

    @task
    def ask(self):
        ask(self, "http")


class Fast(FastHttpUser):
    fixed_count = 1
    wait_time = constant(0)

    @task
    def ask(self):
        ask(self, "fast")
