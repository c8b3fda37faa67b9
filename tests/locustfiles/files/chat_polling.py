# run: -u 4 -r 4 -t 3s
# counts: shares of 3
"""A chat without websockets: one says something, the others poll until they have heard it all."""
import gevent
from locust import HttpUser, constant, task

WORDS = ["hello", "how are you?", "ça va", "bye"]


class Speaker(HttpUser):
    fixed_count = 1
    wait_time = constant(0.1)

    @task
    def speak(self):
        for number, word in enumerate(WORDS, 1):
            answer = self.client.post("/rooms/lobby/messages", json={"text": word})
            assert answer.status_code == 201 and answer.json() == {"id": number}
            gevent.sleep(0.05)
        self.stop()


class Listener(HttpUser):
    wait_time = constant(0.02)

    def on_start(self):
        self.heard = []

    @task
    def poll(self):
        with self.client.get(
            f"/rooms/lobby/messages?after={len(self.heard)}", name="/rooms/[room]/messages", catch_response=True
        ) as response:
            response.request_meta["name"] = "poll: nothing" if response.status_code == 204 else "poll: news"
            if response.status_code == 200:
                self.heard += response.json()["messages"]
        if len(self.heard) == len(WORDS):
            self.stop()

    def on_stop(self):
        print("note: heard", self.heard)
