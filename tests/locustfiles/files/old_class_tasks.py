# run: -u 1 -t 3s
# counts: shares of 1
"""Names from before 1.0 on a class of today."""
from locust import HttpUser, TaskSet, task


class Browsing(TaskSet):
    @task
    def front(self):
        self.client.get("/")
        self.user.environment.runner.quit()


class Visitor(HttpUser):
    task_set = Browsing
    min_wait = 0
    max_wait = 0
