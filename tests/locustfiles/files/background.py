# run: -u 2 -r 2 -t 3s
# counts: exact
"""A greenlet of the user's own that goes on beside its tasks and is ended in on_stop."""
import gevent
from gevent.event import Event
from locust import FastHttpUser, constant, task


class Watcher(FastHttpUser):
    wait_time = constant(0.05)
    rounds = 0

    def on_start(self):
        self.beats = 0
        # A request that is under way when its greenlet is killed has no row, and how many are is a matter of time.
        self.is_done = Event()
        self.heart = gevent.spawn(self.beat)

    def beat(self):
        try:
            for _ in range(3):
                self.beats += 1
                self.client.get("/health")
                gevent.sleep(0.02)
            self.is_done.set()
            gevent.sleep(60)
        except gevent.GreenletExit:
            print("note: the heart was stopped after", self.beats)
            raise

    @task
    def work(self):
        self.rounds += 1
        self.client.get("/hello")
        if self.rounds == 5:
            self.is_done.wait()
            self.stop()

    def on_stop(self):
        gevent.kill(self.heart)
        print("note: heart", self.heart.ready(), self.rounds)
