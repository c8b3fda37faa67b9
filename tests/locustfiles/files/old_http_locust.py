# run: -u 1 -t 3s
# counts: exact
from locust import HttpLocust, TaskSet, task


class Browsing(TaskSet):
    @task
    def front(self):
        self.client.get("/")


class WebsiteUser(HttpLocust):
    task_set = Browsing
    min_wait = 1000
    max_wait = 2000
