"""Users that each do one thing more than the first, for scripts/python-costs."""

from locust import FastHttpUser, HttpUser, TaskSet, events, task

number = 0


class Literal(FastHttpUser):
    """a GET of a literal path, FastHttpUser"""

    @task
    def get(self):
        self.client.get("/users")


class Http(HttpUser):
    """the same with HttpUser"""

    @task
    def get(self):
        self.client.get("/users")


class Named(FastHttpUser):
    """a path that is put together, with `name=`"""

    @task
    def get(self):
        global number
        number = (number + 1) % 1000
        self.client.get(f"/users?number={number}", name="/users?number=[n]")


class Headers(FastHttpUser):
    """two headers"""

    @task
    def get(self):
        self.client.get("/users", headers={"X-Request": "1", "Authorization": "Bearer 0123456789abcdef"})


class Parameters(FastHttpUser):
    """`params=` of two"""

    @task
    def get(self):
        self.client.get("/users", params={"page": 1, "size": 20}, name="/users")


class Body(FastHttpUser):
    """a POST with `json=` of three keys"""

    @task
    def post(self):
        self.client.post("/echo", json={"item": 1, "quantity": 2, "note": "by the door"})


class Status(FastHttpUser):
    """the status is read"""

    @task
    def get(self):
        if self.client.get("/users").status_code != 200:
            raise ValueError("no users")


class Json(FastHttpUser):
    """`response.json()`"""

    @task
    def get(self):
        self.client.get("/users").json()


class Caught(FastHttpUser):
    """a block with `catch_response=True`"""

    @task
    def get(self):
        with self.client.get("/users", catch_response=True) as response:
            if response.status_code != 200:
                response.failure("no users")


class Sets(FastHttpUser):
    """the task of a nested TaskSet"""

    @task
    class Inner(TaskSet):
        @task
        def get(self):
            self.client.get("/users")


class Listened(FastHttpUser):
    """a listener of `events.request`"""

    @task
    def get(self):
        self.client.get("/users")


@events.test_start.add_listener
def listen(environment, **_):
    if Listened in environment.user_classes:
        environment.events.request.add_listener(lambda **_: None)
