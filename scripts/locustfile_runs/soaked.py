"""Everything that a locustfile can do to the process that it runs in. Failures and exceptions say `provoked`."""

import contextvars
import gc
import os
import random
import sys
import threading
import urllib.request
import weakref

import gevent
from gevent.pool import Pool
from gevent.queue import Queue

from locust import FastHttpUser, HttpUser, LoadTestShape, SequentialTaskSet, between, task
from locust.exception import StopUser

PEAK = int(os.environ.get("SOAK_USERS", "60"))
depth = contextvars.ContextVar("depth", default=0)
own = threading.local()


class Wave(LoadTestShape):
    """Up and down in 20 s."""

    def tick(self):
        phase = self.get_run_time() % 20 / 20
        return 1 + round(PEAK * (1 - abs(2 * phase - 1))), 100


class Node:
    """One of a circle, with a finalizer."""

    freed = 0

    def __init__(self):
        self.other, self.ballast = None, bytearray(10_000)

    def __del__(self):
        Node.freed += 1


class Exceptions(SequentialTaskSet):
    @task
    def chained(self):
        try:
            try:
                self.client.get("/").json()["missing"]
            except KeyError as error:
                raise ValueError("provoked") from error
        except ValueError as error:
            # The traceback and the frame refer to each other.
            kept = error
            self.client.get("/status")
            assert kept.__cause__ is not None

    @task
    def uncaught(self):
        with self.client.get("/users", catch_response=True) as response:
            response.failure("provoked")
        raise RuntimeError("provoked")

    @task
    def in_finally(self):
        try:
            raise LookupError("provoked")
        except LookupError:
            self.client.get("/status", name="in except")
        finally:
            self.client.get("/status", name="in finally")
            self.interrupt(reschedule=False)


class Everything(HttpUser):
    wait_time = between(0.05, 0.4)
    tasks = {Exceptions: 2}

    def on_start(self):
        self.client.get("/", name="start")
        own.user = self

    def on_stop(self):
        self.client.get("/", name="stop")

    @task(2)
    def generators(self):
        def numbers(n):
            try:
                for number in range(n):
                    self.client.get("/users", name="in generator")
                    yield number
            finally:
                own.closed = True

        assert sum(numbers(3)) == 3
        next(numbers(2))
        # Only the collector can close this one.
        circle = [numbers(2)]
        circle.append(circle)
        next(circle[0])

    @task(2)
    def recursion(self):
        def down(n):
            if n == 0:
                return self.client.get("/status", name="deep").status_code
            # Each second step goes through C.
            return max([down(n - 1)], key=lambda status: status)

        def for_ever(n):
            return for_ever(n + 1)

        assert down(100) == 200
        try:
            for_ever(0)
        except RecursionError:
            self.client.get("/status", name="after recursion")

    @task
    def threads(self):
        done, found = threading.Event(), []

        def compute():
            found.append(sum(range(20_000)))
            done.set()

        thread = threading.Thread(target=compute)
        thread.start()
        assert done.wait(30)
        thread.join(30)
        assert found
        self.client.get("/", name="after thread")

    @task
    def garbage(self):
        for _ in range(20):
            one, other = Node(), Node()
            one.other, other.other = other, one
        watched = weakref.ref(one)
        one = other = None
        self.client.get("/", name="garbage")
        if random.random() < 0.05:
            gc.collect()
            assert watched() is None

    @task(2)
    def greenlets(self):
        pool = Pool(4)
        statuses = pool.map(lambda path: self.client.get(path, name="in pool").status_code, ["/", "/users", "/status"] * 2)
        assert statuses == [200] * 6
        queue = Queue()
        source = gevent.spawn(lambda: [queue.put(number) for number in range(5)])
        assert [queue.get(timeout=5) for _ in range(5)] == list(range(5))
        source.join()
        sleeper = gevent.spawn(gevent.sleep, 100)
        gevent.sleep(0.001)
        sleeper.kill()
        try:
            with gevent.Timeout(0.005):
                gevent.sleep(100)
        except gevent.Timeout:
            self.client.get("/", name="after timeout")

    @task
    def contexts(self):
        value = random.random()
        depth.set(value)
        own.value = value
        self.client.get("/", name="contexts")
        assert (depth.get(), own.value) == (value, value)

    @task
    def sockets(self):
        with urllib.request.urlopen(f"{self.host}/users", timeout=30) as response:
            assert response.read()

    @task
    def ballast(self):
        kept = [bytes(random.randrange(200_000)) for _ in range(5)]
        self.client.post("/", data=kept[0], name="ballast")
        assert len(kept) == 5

    @task
    def leave(self):
        if random.random() < 0.3:
            raise StopUser()


class Quick(FastHttpUser):
    wait_time = between(0.05, 0.4)

    @task
    def checked(self):
        with self.client.get("/users", catch_response=True, name="checked") as response:
            if not response.json():
                response.failure("provoked")

    @task
    def refers_to_itself(self):
        self.kept = self
        self.frame = sys._getframe()
        self.client.get("/", name="itself")
