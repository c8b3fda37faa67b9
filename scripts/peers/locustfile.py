"""The load of scripts/compare in Locust: both user classes, one GET, no wait time.

The path is in GET_PATH. One line of JSON is printed at the end: what Locust has counted, its own
percentiles, and the CPU time, user and system, that the process had used when the test began. That
is Python reading Locust and its dependencies: 0.3 s and more, which a short run would make a large
part of what a request costs. It is the one thing of all clients that is not charged.
"""

import json
import os
import resource

from locust import FastHttpUser, HttpUser, events, task

PATH = os.environ.get("GET_PATH", "/")
start_up_s = []


class Plain(HttpUser):
    @task
    def get(self):
        self.client.get(PATH)


class Fast(FastHttpUser):
    @task
    def get(self):
        self.client.get(PATH)


@events.test_start.add_listener
def note_start_up(**_):
    used = resource.getrusage(resource.RUSAGE_SELF)
    start_up_s[:] = [used.ru_utime, used.ru_stime]


@events.quitting.add_listener
def tell(environment, **_):
    total = environment.stats.total
    print(json.dumps({
        "requests": total.num_requests,
        "failures": total.num_failures,
        "p50_ms": total.get_response_time_percentile(0.5),
        "p99_ms": total.get_response_time_percentile(0.99),
        "start_up_s": start_up_s,
    }), flush=True)
