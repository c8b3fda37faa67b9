# run: -u 1 -t 3s
# counts: exact
"""Task sets within task sets, by class, by list and by dict; what they share, and how they are left."""
from locust import HttpUser, TaskSet, constant, task

path = []


def note(word):
    path.append(word)


class Comments(TaskSet):
    def on_start(self):
        note("comments in")

    def on_stop(self):
        note("comments out")

    @task
    def read(self):
        assert isinstance(self.parent, Article) and self.parent.parent.user is self.user
        self.client.get("/pages/comments")
        self.interrupt(reschedule=False)


class Article(TaskSet):
    tasks = [Comments]
    visits = 0

    def on_start(self):
        note("article in")

    def on_stop(self):
        note("article out")

    def wait_time(self):
        self.visits += 1
        note(f"article waits {self.visits}")
        if self.visits == 2:
            self.interrupt(reschedule=False)
        return 0.001


def contact(taskset):
    note(f"contact from {type(taskset).__name__}")
    taskset.client.get("/contact")
    taskset.interrupt(reschedule=True)


class Section(TaskSet):
    tasks = {contact: 1}


class Reader(HttpUser):
    wait_time = constant(0.01)
    turn = 0
    tasks = []

    def wait(self):
        note("user waits")
        super().wait()

    @task
    class Main(TaskSet):
        order = [Article, Section, None]

        @task
        def choose(self):
            note(f"turn {self.user.turn}")
            self.user.turn += 1
            if self.user.turn <= 2:
                self.schedule_task(self.order[self.user.turn - 1], first=True)
            elif self.user.turn == 3:
                self.schedule_task(self.last)
                self.schedule_task(self.first, first=True)

        def first(self):
            note("first")

        def last(self):
            note("last")
            self.user.stop()

        def on_stop(self):
            note("main out")

    def on_stop(self):
        note("user out")
        print("note:", " > ".join(path))
