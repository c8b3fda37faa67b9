# run: -u 2 -r 2 -t 3s
# counts: shares of 1
from locust import HttpUser, TaskSet, task


class Reading(TaskSet):
    @task(4)
    def article(self):
        self.client.get("/pages/article")

    @task(1)
    def front(self):
        self.client.get("/")


class Reader(HttpUser):
    tasks = [Reading]
    min_wait = 20
    max_wait = 40
