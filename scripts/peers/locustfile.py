"""The loads of scripts/compare as a locustfile, for Locust and for gregaria, without wait times.

Plain and Fast make one GET, whose path is in GET_PATH. The Weighted ones are the tutorial's three
endpoints. The Checked ones send a JSON body and headers to a path that is put together, and look at
the JSON that comes back. The Payload ones make a body of five items, each with an id and a time.

One line of JSON is printed at the end: what Locust has counted, its own percentiles, and the CPU
time, user and system, that the process had used when the test began. That is Python reading Locust
and its dependencies: 0.3 s and more, which a short run would make a large part of what a request
costs. It is the one thing of all clients that is not charged.
"""

import json
import os
import resource
import uuid
from datetime import datetime, timezone

from locust import FastHttpUser, HttpUser, events, task

PATH = os.environ.get("GET_PATH", "/")
start_up_s = []


class Plain(HttpUser):
    @task
    def get(self):
        self.client.get(PATH)


class Fast(FastHttpUser):
    @task
    def get(self):
        self.client.get(PATH)


class Tutorial:
    @task(3)
    def index(self):
        self.client.get("/")

    @task(2)
    def users(self):
        self.client.get("/users")

    @task(1)
    def status(self):
        self.client.get("/status")


class WeightedPlain(Tutorial, HttpUser):
    tasks = [Tutorial.index] * 3 + [Tutorial.users] * 2 + [Tutorial.status]


class WeightedFast(Tutorial, FastHttpUser):
    tasks = [Tutorial.index] * 3 + [Tutorial.users] * 2 + [Tutorial.status]


class Order:
    number = 0

    def order(self):
        self.number += 1
        body = {"item": self.number, "quantity": 2, "note": "by the door"}
        headers = {"X-Request": "order", "Authorization": "Bearer 0123456789abcdef"}
        with self.client.post(f"/echo?order={self.number % 10}", json=body, headers=headers,
                              name="/echo?order=[n]", catch_response=True) as response:
            if response.json()["item"] != self.number:
                response.failure("another order")


class CheckedPlain(Order, HttpUser):
    tasks = [Order.order]


class CheckedFast(Order, FastHttpUser):
    tasks = [Order.order]


class Cart:
    def cart(self):
        now = datetime.now(timezone.utc)
        items = [{"id": str(uuid.uuid4()), "at": now.isoformat(), "quantity": n, "price": 9.99 * n,
                  "options": {"colour": "blue", "gift": False}} for n in range(1, 6)]
        self.client.post("/echo", data=json.dumps({"items": items}))


class PayloadPlain(Cart, HttpUser):
    tasks = [Cart.cart]


class PayloadFast(Cart, FastHttpUser):
    tasks = [Cart.cart]


@events.test_start.add_listener
def note_start_up(**_):
    used = resource.getrusage(resource.RUSAGE_SELF)
    start_up_s[:] = [used.ru_utime, used.ru_stime]


@events.quitting.add_listener
def tell(environment, **_):
    total = environment.stats.total
    print(json.dumps({
        "requests": total.num_requests,
        "failures": total.num_failures,
        "p50_ms": total.get_response_time_percentile(0.5),
        "p99_ms": total.get_response_time_percentile(0.99),
        "start_up_s": start_up_s,
    }), flush=True)
