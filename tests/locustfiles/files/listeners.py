# run: -u 2 -r 2 -t 3s
# counts: exact
"""Listeners of `request`: what they are given, contexts, and a log of slow ones."""
import logging

from locust import FastHttpUser, HttpUser, constant, events, task

seen = []


@events.request.add_listener
def on_request(request_type, name, response_time, response_length, response, context, exception, start_time, url, **_kwargs):
    status = getattr(response, "status_code", None)
    seen.append(f"{request_type} {name} {status} {response_length} {sorted(context.items())} {type(exception).__name__}")
    if exception:
        logging.warning("note: %s failed", name)
    assert response_time >= 0 and start_time > 1_500_000_000 and url.startswith("http")


class Slow(HttpUser):
    fixed_count = 1
    wait_time = constant(0)

    def context(self):
        return {"kind": "slow"}

    @task
    def ask(self):
        self.client.get("/hello", context={"step": 1})
        self.client.get("/status/404", context={"kind": "overridden"})
        with self.client.get("/world", catch_response=True) as response:
            response.request_meta["context"]["late"] = True
            response.failure("by hand")
        self.client.get("/close")
        self.stop()

    def on_stop(self):
        print("note:", "; ".join(line for line in seen if "slow" in line or "overridden" in line))


class Fast(FastHttpUser):
    fixed_count = 1
    wait_time = constant(0)

    def context(self):
        return {"kind": "fast"}

    @task
    def ask(self):
        self.client.get("/hello", context={"step": 1})
        self.client.get("/status/503")
        self.client.get("/close")
        self.stop()

    def on_stop(self):
        print("note:", "; ".join(line for line in seen if "fast" in line))
