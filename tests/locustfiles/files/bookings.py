# run: -u 6 -r 6 -t 4s --tags search book support --exclude-tags admin
# counts: shares of 3
"""Load test of a booking site.

Two kinds of guests over the fast client, one member of staff over the other one, tags to choose among scenarios, a
check that the site is up before the test, and a summary at its end that decides the exit code.
"""
import csv
import io
import logging
import os
import random
from datetime import date, timedelta

import requests
from locust import FastHttpUser, HttpUser, between, constant_pacing, events, tag, task
from locust.exception import RescheduleTask, StopUser
from locust.runners import MasterRunner

CITIES = ["Oslo", "São Paulo", "Kyōto"]
FIRST_DAY = date(2027, 1, 31)
MAX_FAIL_RATIO = float(os.getenv("BOOKINGS_MAX_FAIL_RATIO", "0.6"))
COMMON_HEADERS = {"Accept-Language": "en", "X-Client": "bookings/2"}
slow_requests = []


def stay(nights):
    """Arrival and departure as the site wants them."""
    return {"arrival": FIRST_DAY.isoformat(), "departure": (FIRST_DAY + timedelta(days=nights)).isoformat()}


def invoice(lines):
    table = io.StringIO()
    writer = csv.writer(table)
    writer.writerow(["night", "price"])
    writer.writerows(lines)
    return table.getvalue().encode()


@events.init.add_listener
def on_init(environment, **_kwargs):
    if environment.web_ui:
        logging.info("note: there is a page")


@events.test_start.add_listener
def on_test_start(environment, **_kwargs):
    if isinstance(environment.runner, MasterRunner):
        return
    answer = requests.get(f"{environment.host}/health", headers=COMMON_HEADERS, timeout=5)
    if answer.status_code != 200:
        logging.error("the site is down")
        environment.runner.quit()


@events.request.add_listener
def on_request(name, response_time, exception, **_kwargs):
    if exception is None and response_time > 60_000:
        slow_requests.append(name)


@events.quitting.add_listener
def on_quitting(environment, **_kwargs):
    total = environment.stats.total
    if total.num_requests == 0 or total.fail_ratio > MAX_FAIL_RATIO:
        environment.process_exit_code = 3
    else:
        logging.info("note: fine, %d slow requests", len(slow_requests))
        environment.process_exit_code = 0


class Guest(FastHttpUser):
    abstract = True
    network_timeout = 20.0
    connection_timeout = 5.0
    nights = 1

    def on_start(self):
        name = type(self).__name__.lower()
        answer = self.client.post("/auth/token", data={"username": name, "password": "secret"}, headers=COMMON_HEADERS)
        if answer.status_code != 200:
            raise StopUser()
        self.headers = {**COMMON_HEADERS, "Authorization": f"Bearer {answer.json()['access_token']}"}

    @tag("search")
    @task(4)
    def search(self):
        city = random.choice(CITIES)
        with self.client.get(
            "/search", params={"q": city, **stay(self.nights)}, headers=self.headers, name="/search", catch_response=True
        ) as response:
            hits = response.json()["hits"]
            if len(hits) != 3:
                response.failure(f"{len(hits)} hits for {city}")
            elif not hits[0].startswith(city):
                response.failure("hits for another city")

    @tag("search")
    @task(2)
    def room(self):
        number = random.randint(1, 3)
        self.client.get(f"/products/{number}", headers=self.headers, name="/rooms/[id]")
        self.client.get(f"/products/{number}/reviews", headers=self.headers, name="/rooms/[id]/reviews")

    @tag("admin")
    @task(100)
    def forbidden(self):
        self.client.get("/pages/admin")


class Single(Guest):
    weight = 2
    wait_time = between(0.01, 0.03)

    @tag("book")
    @task(2)
    def book(self):
        with self.rest("POST", "/cart", json={"product": 2, **stay(self.nights)}, headers=self.headers, name="/bookings") as response:
            if response.js is None or response.js["items"] < 1:
                raise RescheduleTask()
        self.client.delete("/cart", headers=self.headers, name="/bookings/[cancelled]")

    @tag("book")
    @task
    def book_the_last_room(self):
        with self.rest("POST", "/cart", json={"product": 12}, headers=self.headers, name="/bookings (sold out)") as response:
            assert response.status_code == 409, f"unexpected {response.status_code}"
            response.success()


class Family(Guest):
    weight = 1
    nights = 7
    wait_time = constant_pacing(0.03)

    @tag("book")
    @task(2)
    def upload_invoice(self):
        files = {"invoice": ("invoice.csv", invoice([(night, 80) for night in range(self.nights)]), "text/csv")}
        self.client.post("/upload", files=files, data={"kind": "invoice"}, headers=COMMON_HEADERS, name="/invoices")


class Clerk(HttpUser):
    fixed_count = 1
    wait_time = between(0.02, 0.04)

    @tag("support")
    @task(3)
    def tickets(self):
        response = self.client.get("/anything/tickets", params=[("state", "open"), ("state", "new")], auth=("clerk", "pw"))
        assert response.json()["method"] == "GET"

    @tag("support")
    @task
    def unknown_ticket(self):
        self.client.get("/tickets/0", headers=COMMON_HEADERS)
