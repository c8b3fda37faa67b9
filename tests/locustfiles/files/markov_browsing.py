# run: -u 4 -r 4 -t 4s
# counts: shares of 3
from locust import HttpUser, MarkovTaskSet, between, transition, transitions


class Shop(MarkovTaskSet):
    @transition("search")
    def home(self):
        self.client.get("/")

    @transitions({"product": 3, "search": 1})
    def search(self):
        self.client.get("/search?q=lamp")

    @transitions([("product", 1), ("cart", 2), "home"])
    def product(self):
        self.client.get("/products/3")

    @transitions(["home", "checkout"])
    def cart(self):
        self.client.post("/cart", json={"product": 3}, headers={"Authorization": "Bearer token-mark-1"})

    @transition("home")
    def checkout(self):
        self.client.post("/checkout", headers={"Authorization": "Bearer token-mark-1"})


class Wanderer(HttpUser):
    wait_time = between(0.005, 0.02)
    tasks = [Shop]
