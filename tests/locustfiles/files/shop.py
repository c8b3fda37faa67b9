# run: -u 3 -r 3 -t 4s
# counts: shares of 4
"""A small shop: people look around, a few fill a cart and pay, and some look at what they ordered.

Written as many shops' files are: a base task set with helpers, task sets per kind of visit, one user class that mixes them.
"""
import json
import logging
import random

from locust import HttpUser, TaskSet, between, task

CATEGORIES = ["books", "games", "garden"]
IN_STOCK = list(range(1, 5))
HEADERS = {"Accept": "application/json", "X-Shop-Client": "corpus"}

logger = logging.getLogger("shop")


def total(products):
    """The price of everything on a page."""
    return sum(product["price"] for product in products)


class Visit(TaskSet):
    """What all kinds of visits share."""

    page_limit = 2

    def list_category(self, category, page=1):
        with self.client.get(
            "/products",
            params={"category": category, "page": page},
            headers=HEADERS,
            name="/products?category",
            catch_response=True,
        ) as response:
            if response.status_code != 200:
                response.failure(f"listing answered {response.status_code}")
                return []
            found = response.json()
            if "products" not in found:
                response.failure("no products in the listing")
                return []
            response.success()
        return found["products"]

    def show(self, number):
        return self.client.get(f"/products/{number}", headers=HEADERS, name="/products/[id]")

    @task
    def leave(self):
        self.interrupt()


class Browsing(Visit):
    @task(4)
    def category(self):
        products = self.list_category(random.choice(CATEGORIES))
        assert total(products) > 0

    @task(3)
    def product(self):
        answer = self.show(random.choice(IN_STOCK))
        if answer.ok:
            price = answer.json()["price"]
            assert price % 5 == 0, f"odd price {price}"

    @task(1)
    def missing_product(self):
        with self.client.get("/products/999", headers=HEADERS, name="/products/[missing]", catch_response=True) as response:
            if response.status_code == 404:
                response.success()


class Buying(Visit):
    def on_start(self):
        self.client.delete("/cart", name="/cart (empty)")

    @task(4)
    def fill(self):
        number = random.choice(IN_STOCK)
        self.client.post("/cart", json={"product": number, "quantity": 1}, headers=HEADERS)

    @task(2)
    def sold_out(self):
        with self.client.post("/cart", json={"product": 12}, name="/cart (sold out)", catch_response=True) as response:
            if response.status_code == 409 and "sold out" in response.text:
                response.success()
            else:
                response.failure(f"sold out product: {response.status_code}")

    @task(2)
    def pay(self):
        with self.client.post("/checkout", data=json.dumps({"method": "card"}), headers={"Content-Type": "application/json"}, catch_response=True) as response:
            if response.status_code == 400:
                # An empty cart is the visitor's fault, not the shop's.
                response.success()
            elif not response.history:
                response.failure("paying led nowhere")
            elif response.json()["state"] != "paid":
                response.failure("not paid")
        self.interrupt(reschedule=False)


class Customer(HttpUser):
    wait_time = between(0.01, 0.03)
    tasks = {Browsing: 3, Buying: 1}

    def on_start(self):
        answer = self.client.post("/login", json={"username": "grace", "password": "secret"})
        if answer.status_code != 200:
            logger.error("no shopping without signing in")
            return
        self.client.headers.update({"X-Token": answer.json()["token"]})
        logger.info("note: signed in")

    @task(2)
    def order(self):
        self.client.get("/orders/grace-1", name="/orders/[id]")
