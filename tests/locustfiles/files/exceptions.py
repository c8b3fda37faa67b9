# run: -u 1 -t 3s
# counts: exact
from locust import HttpUser, constant, task


def parse(answer):
    return answer.json()["missing"]["key"]


class Careless(HttpUser):
    wait_time = constant(0)
    turn = 0

    @task
    def mistakes(self):
        self.turn += 1
        if self.turn == 1:
            parse(self.client.get("/products/1"))
        if self.turn == 2:
            parse(self.client.get("/broken-json"))
        if self.turn == 3:
            self.client.get("/status/500").raise_for_status()
        if self.turn == 4:
            assert self.client.get("/hello").status_code == 201, "not created"
        if self.turn == 5:
            with self.client.get("/world", catch_response=True):
                raise RuntimeError("inside the block")
        if self.turn == 6:
            with self.client.get("/about", catch_response=True) as response:
                response.raise_for_status()
                assert response.status_code == 418
        if self.turn == 7:
            self.client.get("/contact", unknown=1)
        if self.turn == 8:
            {}["no request"]
        if self.turn == 9:
            with self.client.get("/status/502", catch_response=True) as response:
                response.raise_for_status()
        if self.turn == 10:
            self.client.get("/hello", name="/hello").success()
        if self.turn == 11:
            self.stop()
