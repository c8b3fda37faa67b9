# run:
# counts: exact
from locust import FastHttpUser, LoadTestShape, constant, task


class Day(FastHttpUser):
    wait_time = constant(30)

    @task
    def work(self):
        self.client.get("/pages/day")


class Night(FastHttpUser):
    wait_time = constant(30)

    @task
    def work(self):
        self.client.get("/pages/night")


class Shifts(LoadTestShape):
    abstract = False
    ticks = 0

    def tick(self):
        self.ticks += 1
        if self.get_run_time() < 2:
            return (3, 10, [Day])
        if self.get_run_time() < 4:
            return (5, 10, [Night])
        print("note: users at the end:", self.get_current_user_count(), self.ticks >= 4)
        return None
