# run: -u 10 -r 10 -t 4s --tags read write --exclude-tags slow
# counts: shares of 2
"""Several kinds of people at once: weights, a fixed number of editors, tags, one abstract base, one class nobody is of."""
import random

from locust import HttpUser, TaskSet, between, constant, tag, task


class Person(HttpUser):
    abstract = True
    wait_time = between(0.02, 0.06)
    name = "nobody"

    def on_start(self):
        self.client.headers["X-Persona"] = self.name
        self.client.post("/login", json={"username": self.name, "password": "secret"})

    @tag("read")
    @task(2)
    def front_page(self):
        self.client.get("/")

    @task(9)
    def untagged(self):
        self.client.get("/pages/untagged")


class Reader(Person):
    weight = 5
    name = "reader"

    @tag("read", "list")
    @task(3)
    def list(self):
        self.client.get("/products", params={"page": random.choice([1, 2])})

    @tag("read", "slow")
    @task(50)
    def never(self):
        self.client.get("/slow/100")


class Buyer(Person):
    weight = 2
    name = "buyer"

    @tag("write")
    @task
    def buy(self):
        self.client.post("/cart", json={"product": 1})
        self.client.post("/checkout", name="/checkout")

    @task
    class Looking(TaskSet):
        @tag("read")
        @task(3)
        def about(self):
            self.client.get("/about")

        @tag("read")
        @task(1)
        def leave(self):
            self.interrupt()

        @task(20)
        def untagged_too(self):
            self.client.get("/pages/untagged-too")


class Editor(Person):
    fixed_count = 2
    name = "editor"
    wait_time = constant(0.05)

    @tag("write")
    @task
    def write(self):
        self.client.put("/anything/article", json={"title": "New", "words": 300})


@tag("read")
class Crawler(Person):
    weight = 0
    name = "crawler"

    @task
    def crawl(self):
        self.client.get("/pages/crawled")
