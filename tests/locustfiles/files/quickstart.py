# run: -u 4 -r 4 -t 4s
# counts: shares of 3
import time

from locust import HttpUser, between, task


class Visitor(HttpUser):
    wait_time = between(0.01, 0.05)

    def on_start(self):
        answer = self.client.post("/login", json={"username": "ada", "password": "secret"})
        print("note: signed in:", answer.status_code, answer.json()["user"])

    @task
    def greet(self):
        self.client.get("/hello")
        self.client.get("/world")

    @task(3)
    def look_at_products(self):
        for number in range(1, 4):
            self.client.get(f"/products/{number}", name="/products/[id]")
            time.sleep(0.005)

    @task(0)
    def never(self):
        self.client.get("/pages/never")
