# run: -u 2 -r 2 -t 3s
# counts: exact
from locust import HttpUser, SequentialTaskSet, constant, task


def read_terms(sequence):
    sequence.client.get("/pages/terms")


class Delivery(SequentialTaskSet):
    @task
    def address(self):
        self.client.post("/anything/address", json={"city": "Turin"})

    @task
    def leave(self):
        self.interrupt(reschedule=False)


class Checkout(SequentialTaskSet):
    def on_start(self):
        self.basket = 0

    @task
    def sign_in(self):
        name = f"guest{self.user.number}"
        self.client.post("/login", data={"username": name, "password": "secret"})

    @task(3)
    def add(self):
        self.basket += 1
        answer = self.client.post("/cart", data={"product": self.basket, "quantity": 2})
        assert answer.json()["items"] == self.basket

    tasks = [read_terms, Delivery]

    @task
    def pay(self):
        with self.client.post("/checkout", catch_response=True, allow_redirects=False) as response:
            if response.status_code != 302:
                response.failure("not redirected")
            else:
                response.success()
                self.order = response.headers["Location"]

    @task
    def confirmation(self):
        self.client.get(self.order, name="/orders/[id]")
        self.basket = 0

    @task
    def stop(self):
        self.user.stop()


class Guest(HttpUser):
    wait_time = constant(0)
    tasks = [Checkout]
    numbers = iter(range(1, 100))

    def on_start(self):
        self.number = next(self.numbers)
