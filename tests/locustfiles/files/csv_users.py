# run: -u 4 -r 4 -t 3s
# run locust: --processes 1
# counts: exact
import csv
from pathlib import Path

from locust import HttpUser, constant_pacing, events, task

people = []


@events.init.add_listener
def read_people(environment, **_kwargs):
    with (Path(__file__).parent / "people.csv").open(newline="", encoding="utf-8") as table:
        people.extend(csv.DictReader(table))
    print("note:", len(people), "people")


class Person(HttpUser):
    wait_time = constant_pacing(0.05)

    def on_start(self):
        self.person = people.pop(0)
        answer = self.client.post("/login", data={"username": self.person["name"], "password": self.person["password"]})
        self.left = 3 if answer.ok else 0

    @task
    def search_the_city(self):
        if self.left == 0:
            self.stop()
            return
        self.left -= 1
        self.client.get("/search", params={"q": self.person["city"], "left": self.left}, name="/search [city]")
