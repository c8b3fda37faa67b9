# run: -u 2 -r 2 -t 3s
# counts: exact
"""A page and its assets, asked for side by side as a browser does."""
import time

import gevent
from gevent.event import Event
from gevent.lock import Semaphore
from gevent.pool import Pool
from gevent.queue import Queue
from locust import HttpUser, constant, task

ASSETS = ["/assets/site.css", "/assets/app.js", "/assets/logo.svg", "/assets/font.woff"]
narrow = Semaphore(1)
inside = []


class Browser(HttpUser):
    wait_time = constant(0)
    loads = 0

    def fetch(self, path):
        return len(self.client.get(path, name="/assets/[name]").content)

    @task
    def load(self):
        self.client.get("/")
        pool = Pool(3)
        for path in ASSETS:
            pool.spawn(self.fetch, path)
        pool.join()
        jobs = [gevent.spawn(self.client.get, "/slow/100", name="/slow") for _ in range(4)]
        begun = time.time()
        gevent.joinall(jobs, timeout=10)
        side_by_side = time.time() - begun < 0.35
        sizes = Pool(2).map(self.fetch, ASSETS)
        self.loads += 1
        if self.loads == 3:
            print("note:", side_by_side, [job.value.status_code for job in jobs], sizes)
            self.together()
            self.stop()

    def together(self):
        with narrow:
            inside.append(self)
            gevent.sleep(0.01)
            assert len(inside) == 1
            inside.pop()
        ready, letters = Event(), Queue()

        def writer():
            letters.put(self.client.get("/hello").status_code)
            ready.set()

        gevent.spawn(writer)
        assert ready.wait(timeout=5)
        print("note: letter", letters.get(timeout=5))
        late = gevent.spawn_later(0.01, lambda: 5)
        print("note: late", late.get(), late.successful())
        failed = gevent.spawn(self.client.get)
        try:
            failed.get()
        except TypeError:
            print("note: a TypeError came out of get()")
        with gevent.Timeout(0.02, False):
            gevent.sleep(2)
            print("note: never")
        sleeper = gevent.spawn(gevent.sleep, 60)
        gevent.sleep(0)
        sleeper.kill()
        print("note: killed", sleeper.dead, repr(sleeper.value))
