# run: -u 1 -t 3s
# counts: exact
from locust import HttpUser, events, task


def on_success(request_type, name, response_time, response_length, **_kwargs):
    print(request_type, name)


events.request_success += on_success


class Visitor(HttpUser):
    @task
    def front(self):
        self.client.get("/")
