# run: -u 3 -r 3 -t 4s
# counts: exact
"""Slow answers and flaky ones, with timeouts, retries by hand and time.sleep between them."""
import time

from locust import HttpUser, constant, task


class Patient(HttpUser):
    wait_time = constant(0)
    numbers = iter(range(1, 9))

    def on_start(self):
        self.key = f"key{next(self.numbers)}"

    def retry(self, path, tries=3, pause=0.02, **kwargs):
        for attempt in range(1, tries + 1):
            with self.client.get(path, catch_response=True, **kwargs) as response:
                if response.status_code == 200:
                    return attempt
                if attempt < tries:
                    response.success()
                else:
                    response.failure(f"still {response.status_code} after {tries} tries")
            time.sleep(pause * attempt)
        return None

    @task
    def ask(self):
        attempts = [self.retry(f"/flaky/{self.key}", name="/flaky") for _ in range(6)]
        print("note: attempts", attempts)
        self.client.get("/slow/50", timeout=5)
        self.client.get("/slow/1500", timeout=0.3)
        self.client.get("/slow/1500", timeout=(1, 0.2), name="/slow (tuple)")
        with self.client.get("/slow/1500", timeout=0.2, name="/slow (forgiven)", catch_response=True) as response:
            response.success()
        print("note: retry gave", self.retry("/status/503", tries=2, name="/status"))
        self.stop()
