# run: -u 2 -r 2 -t 3s
# counts: exact
"""FastHttpUser with rest(): JSON in, JSON out, checks by assert."""
from locust import FastHttpUser, constant, task

class Api(FastHttpUser):
    wait_time = constant(0)
    default_headers = {"X-App": "rest"}
    numbers = iter(range(1, 9))

    def on_start(self):
        self.token = {"Authorization": f"Bearer token-fast{next(self.numbers)}-1"}

    @task
    def life(self):
        with self.rest("POST", "/items", json={"title": "lamp", "price": 3.5}, headers=self.token) as response:
            assert response.js["id"] == 1
            assert response.status_code == 201
        with self.rest("GET", "/items/1", headers=self.token, name="/items/[id]") as response:
            if response.js["title"] != "lamp":
                response.failure("another item")
        with self.rest("PATCH", "/items/1", json={"price": 4}, headers=self.token, name="/items/[id]") as response:
            assert response.js["price"] == 5, "the price is wrong,"
        with self.rest("GET", "/items/7", headers=self.token, name="/items/[missing]") as response:
            assert response.status_code == 404
        with self.rest("GET", "/broken-json") as response:
            assert response.js
        with self.rest("GET", "/products/2") as response:
            assert response.js["colour"] == "red"
        with self.rest("DELETE", "/items/1", headers=self.token, name="/items/[id]") as response:
            assert response.js is None
        with self.rest("POST", "/items", data={"title": ""}, headers=self.token, name="/items (empty)") as response:
            assert False
        with self.rest_("GET", "/products?page=2") as response:
            assert response.js["page"] == 2
        with self.rest("GET", "/products/1", name="success()") as response:
            response.success()
            assert response.js["id"] == 1
        self.stop()
