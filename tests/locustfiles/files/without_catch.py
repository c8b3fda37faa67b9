# run: -u 2 -r 2 -t 3s
# counts: exact
"""The tutorial's habit: `with`, and failure(), without catch_response."""
from locust import FastHttpUser, HttpUser, constant, task


class Plain(HttpUser):
    fixed_count = 1
    wait_time = constant(0)
    turn = 0

    @task
    def check(self):
        self.turn += 1
        if self.turn == 4:
            self.stop()
            return
        with self.client.get("/hello") as response:
            if response.status_code == 200:
                response.failure("checked")


class Fast(FastHttpUser):
    fixed_count = 1
    wait_time = constant(0)
    turn = 0

    @task
    def check(self):
        self.turn += 1
        if self.turn == 4:
            self.stop()
            return
        with self.client.get("/world") as response:
            if response.status_code == 200:
                response.failure("checked")
