# run: -u 2 -r 2 -t 3s
# counts: exact
import re

from locust import HttpUser, TaskSet, constant, task


class Forms(TaskSet):
    def on_start(self):
        self.name = f"form{next(self.user.numbers)}"

    @task
    def fill(self):
        page = self.client.get("/form", params={"user": self.name}, name="/form")
        token = re.search(r"name='csrf' value='([^']+)'", page.text).group(1)
        assert token == page.cookies["csrf"] == self.client.cookies["csrf"]
        with self.client.post("/form", {"csrf": token, "text": "hello there"}, headers={"Referer": page.url}, catch_response=True) as answer:
            if "Thank you" not in answer.text:
                answer.failure("no thanks")
        self.client.post("/form", {"csrf": "forged"}, name="/form (forged)")
        self.user.stop()


class Visitor(HttpUser):
    tasks = {Forms: 1}
    wait_time = constant(0)
    numbers = iter(range(1, 9))
