"""What exporters for Locust's page do, once: reads /stats/requests and /exceptions of the page at the
URL given, and prints samples in the text format of Prometheus.

    exporter.py URL        as locust_exporter (in Go) does it: a field of another type is an error there
    exporter.py URL push   by the package locust-victoria-metrics from PyPI, unchanged
"""

import json
import sys
import urllib.request
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

# What Go's decoder takes for an int, a float64 and a string.
INTEGER, NUMBER, TEXT = int, (int, float), str

STATS = {
    "method": TEXT, "name": TEXT, "num_requests": INTEGER, "num_failures": INTEGER, "avg_response_time": NUMBER,
    "min_response_time": NUMBER, "max_response_time": NUMBER, "median_response_time": NUMBER, "current_rps": NUMBER,
    "current_fail_per_sec": NUMBER, "avg_content_length": NUMBER, "response_time_percentile_0.95": NUMBER,
    "response_time_percentile_0.99": NUMBER, "total_rps": NUMBER, "total_fail_per_sec": NUMBER,
}
ERRORS = {"method": TEXT, "name": TEXT, "error": TEXT, "occurrences": INTEGER, "first_seen": NUMBER, "last_seen": NUMBER}
PAGE = {
    "total_rps": NUMBER, "total_fail_per_sec": NUMBER, "current_rps": NUMBER, "current_fail_per_sec": NUMBER,
    "fail_ratio": NUMBER, "state": TEXT, "user_count": INTEGER,
}
EXCEPTIONS = {"count": INTEGER, "msg": TEXT, "traceback": TEXT, "nodes": TEXT}


def fetch(url):
    with urllib.request.urlopen(url, timeout=5) as answer:
        return json.load(answer)


def decode(fields, value):
    for name, kind in fields.items():
        if not isinstance(value[name], kind) or isinstance(value[name], bool):
            sys.exit(f"{name} is {value[name]!r}")
    return [value[name] for name in fields]


def sample(metric, value, /, **labels):
    labels = ",".join(f"{key}={json.dumps(text)}" for key, text in labels.items())
    print(f"locust_{metric}{{{labels}}} {value}")


def export(url):
    page = fetch(f"{url}/stats/requests")
    decode(PAGE, page)
    for name in ("total_rps", "current_rps", "fail_ratio", "user_count"):
        sample(name, page[name])
    sample("state", 1, state=page["state"])
    for name, time in page["current_response_time_percentiles"].items():
        # Locust's are null before the first figures.
        sample(name, "NaN" if time is None else float(time))
    for row in page["stats"]:
        decode(STATS, row)
        for name in STATS.keys() - {"method", "name"}:
            sample(f"requests_{name}", row[name], method=row["method"], name=row["name"])
    for row in page["errors"]:
        decode(ERRORS, row)
        sample("errors", row["occurrences"], method=row["method"], name=row["name"], error=row["error"])
    for row in fetch(f"{url}/exceptions")["exceptions"]:
        decode(EXCEPTIONS, row)
        sample("exceptions", row["count"], msg=row["msg"])


def push(url):
    from locust_victoria_metrics.pusher import VictoriaMetrics

    class Sink(BaseHTTPRequestHandler):
        def do_POST(self):
            print(self.rfile.read(int(self.headers["Content-Length"])).decode(), flush=True)
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_):
            pass

    sink = HTTPServer(("127.0.0.1", 0), Sink)
    Thread(target=sink.serve_forever, daemon=True).start()
    VictoriaMetrics(url, f"http://127.0.0.1:{sink.server_port}", "product").collect()


if __name__ == "__main__":
    (push if sys.argv[2:] == ["push"] else export)(sys.argv[1])
