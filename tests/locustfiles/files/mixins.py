# run: -u 6 -r 6 -t 3s
# counts: exact
"""Classes made by mixins, a metaclass, inheritance of tasks, and constructors of their own."""
from locust import FastHttpUser, HttpUser, TaskSet, constant, task
from locust.user.users import UserMeta

registered = []


class Registering(UserMeta):
    def __new__(mcs, name, bases, namespace):
        made = super().__new__(mcs, name, bases, namespace)
        registered.append(name)
        return made


class SignsIn:
    username = "nobody"

    def on_start(self):
        super().on_start()
        self.client.post("/login", json={"username": self.username, "password": "secret"})


class StopsAfter:
    rounds = 2

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.left = self.rounds

    def count(self):
        self.left -= 1
        if self.left == 0:
            self.stop()


class Base(SignsIn, StopsAfter, HttpUser):
    abstract = True
    wait_time = constant(0.01)

    @task
    def base_task(self):
        self.client.get(f"/pages/{type(self).__name__}")
        self.count()


class First(Base):
    fixed_count = 1
    username = "first"


class Second(First):
    rounds = 3
    fixed_count = 1
    username = "second"

    @task(0)
    def nothing(self):
        self.client.get("/pages/never")


class Registered(StopsAfter, FastHttpUser, metaclass=Registering):
    fixed_count = 1

    def __init__(self, environment):
        super().__init__(environment)
        self.client.auth_header = None
        self.greeting = "/hello"

    @task
    def greet(self):
        self.client.get(self.greeting)
        self.count()


class Shared(TaskSet):
    @task
    def one(self):
        self.client.get("/pages/shared")
        self.user.count()


class HasTasks:
    """Is no user class, so Locust does not see its tasks."""

    @task(50)
    def unseen(self):
        self.client.get("/pages/unseen")


class Third(HasTasks, SignsIn, StopsAfter, HttpUser):
    fixed_count = 1
    rounds = 4
    wait_time = constant(0.01)
    tasks = [Shared]


class HasOwnHost(StopsAfter, HttpUser):
    fixed_count = 1
    host = "http://127.0.0.1:9"
    rounds = 1

    @task
    def where(self):
        print("note: host", self.host, self.client.base_url, registered)
        self.client.get("/world")
        self.count()
