# run: -u 2 -r 2 -t 3s
# counts: exact
"""Create, read, update, delete: the life of items of a REST API, with what it refuses."""
import itertools
from http import HTTPStatus

from locust import HttpUser, SequentialTaskSet, constant, task

names = itertools.cycle(["ada", "ben"])


class ItemLife(SequentialTaskSet):
    path = "/items"
    rounds = 0

    def on_start(self):
        self.headers = {
            "Authorization": f"Bearer token-{self.user.name}-1",
            "Accept": "application/json",
        }
        self.item_id = None

    def expect(self, response, status):
        """Marks a response by its status, and says whether it was the right one."""
        if response.status_code == status:
            response.success()
            return True
        response.failure(f"{response.request.method} answered {response.status_code}, not {int(status)}")
        return False

    @property
    def item_path(self):
        return f"{self.path}/{self.item_id}"

    @task
    def create(self):
        body = {"title": "a lamp", "tags": ["light", "home"], "price": 12.5, "in_stock": True, "note": None}
        with self.client.post(self.path, json=body, headers=self.headers, catch_response=True) as response:
            if self.expect(response, HTTPStatus.CREATED):
                self.item_id = response.json()["id"]
                assert response.headers["Location"] == self.item_path
                assert response.headers["location"].endswith(str(self.item_id))

    @task
    def create_without_title(self):
        with self.client.post(
            self.path, json={}, headers=self.headers, name="/items (invalid)", catch_response=True
        ) as response:
            if self.expect(response, HTTPStatus.UNPROCESSABLE_ENTITY):
                assert response.json()["detail"][0]["field"] == "title"

    @task(2)
    def read(self):
        response = self.client.get(self.item_path, headers=self.headers, name="/items/[id]")
        assert response.json()["title"].startswith("a ")

    @task
    def list(self):
        response = self.client.get(self.path, headers=self.headers)
        assert int(response.headers["X-Total-Count"]) == len(response.json())

    @task
    def replace(self):
        body = {"title": "a bigger lamp", "price": 20}
        with self.client.put(
            self.item_path, json=body, headers=self.headers, name="/items/[id]", catch_response=True
        ) as response:
            self.expect(response, HTTPStatus.OK)

    @task
    def change(self):
        with self.client.patch(
            self.item_path, json={"price": 18}, headers=self.headers, name="/items/[id]", catch_response=True
        ) as response:
            if self.expect(response, 200) and response.json()["price"] != 18:
                response.failure("the price has not changed")

    @task
    def remove(self):
        response = self.client.delete(self.item_path, headers=self.headers, name="/items/[id]")
        assert response.status_code == 204 and response.text == "" and response.content == b""

    @task
    def read_removed(self):
        # Nothing expects this one: it is a failure.
        self.client.get(self.item_path, headers=self.headers, name="/items/[removed]")

    @task
    def read_removed_as_expected(self):
        with self.client.get(
            self.item_path, headers=self.headers, name="/items/[removed, expected]", catch_response=True
        ) as response:
            self.expect(response, 404)

    @task
    def check_wrongly(self):
        with self.client.get(self.path, headers=self.headers, name="/items (teapot)", catch_response=True) as response:
            self.expect(response, 418)

    @task
    def end(self):
        self.rounds += 1
        if self.rounds == 3:
            print(f"note: {self.user.name} made item {self.item_id} last")
            self.user.stop()


class ApiUser(HttpUser):
    wait_time = constant(0)
    tasks = [ItemLife]

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.name = next(names)
