#!/usr/bin/env python3
"""Write tests/golden/ with the real Locust: its CSV files, its console tables, and its web page's answers.

Usage: scripts/locust_golden.py        (needs the `locust` package; VERSION says which one it was)

Locust's own writers and printers run here on a clock of ours, fed with samples that depend on
nothing. tests/it/csv.rs builds the same runs as snapshots and compares our bytes with Locust's.

Runs, each twenty seconds long from 2026-09-21T14:13:20Z, with ten users:

  steady   every request takes exactly 100 ms, so that Locust's rounding to about two digits
           rounds nothing and whole rows must agree
  awkward  names and messages that need quotes, among them line ends (CSV only: our console escapes
           control characters)
  spread   0.37 ms, 0.74 ms, ... 37 ms, where our times have digits that Locust rounds away
  empty    no request at all

web.json has what its page answers, in this order: before a start, to forms that it refuses, to one that it
follows, in the course of `steady` with idle users, and at the end. tests/it/locust_page.rs compares it with ours.
"""

import io
import json
import logging
import os
import pathlib
import tempfile
import time
from types import SimpleNamespace

os.environ["TZ"] = "UTC"  # for the names of downloads
time.tzset()

import gevent
import locust
import locust.stats as stats
from locust.env import Environment
from locust.log import LogReader
from locust.web import WebUI

GOLDEN = pathlib.Path(__file__).resolve().parent.parent / "tests" / "golden"
START = 1_790_000_000
SECONDS = 20
WIDTHS = (80, 40, 1, 0)  # of the name column: no terminal, and 120, 81 and 80 columns


class Clock:
    """Replaces the `time` module in locust.stats."""

    def __init__(self):
        self.now = float(START)

    def time(self):
        return self.now


class Run:
    """One run: the samples of each second, as Locust's runner would report them."""

    def __init__(self, each_second, exceptions=()):
        self.clock = Clock()
        stats.time = self.clock
        self.each_second = each_second
        self.stats = stats.RequestStats()
        runner = SimpleNamespace(user_count=10, exceptions=dict(enumerate(exceptions)))
        self.environment = SimpleNamespace(stats=self.stats, runner=runner)

    def advance(self):
        """Goes to the next second, at the start of which all its requests end."""
        self.clock.now += 1.0
        second = int(self.clock.now) - START
        for method, name, ms, body_bytes, error in self.each_second(second):
            self.stats.log_request(method, name, ms, body_bytes)
            if error:
                self.stats.log_error(method, name, error)

    def advance_to_end(self):
        while self.clock.now < START + SECONDS:
            self.advance()


# Locust writes failures in the order of a hash, we in the order of their first occurrence. The runs below have an
# order that is both.
def steady(_second):
    yield ("DELETE", "/", 100.0, 1, "no response within 0.1 s")
    yield from [("GET", "/hello", 100.0, 54, None)] * 13
    yield from [("POST", "/login", 100.0, 1234, None)] * 12
    yield ("POST", "/login", 100.0, 1234, "status was 500, not 200")
    yield ("PROPFIND", "/naïve/日本", 100.0, 7, None)
    yield ("GET", "/" + "a/very/long/name" * 7, 100.0, 0, None)


def awkward(_second):
    yield ("GET", " leading, trailing ", 100.0, 10, "naïve; 'quoted'\tand tabbed")
    yield ("GET", "/two\nlines", 100.0, 10, "one\r\ntwo")
    yield ("GET", '/search?q="a,b"', 100.0, 10, 'said "no", twice')
    yield ("GET", "'single'", 100.0, 10, "#comment")


def spread(second):
    for i in range(1, 6):
        step = (second - 1) * 5 + i
        yield ("GET", "/spread", step * 0.37, 100, None)
        yield ("GET", "/fast", step * 0.0037, 100, None)


def empty(_second):
    return ()


EXCEPTIONS = (
    {"count": 2, "msg": "boom", "traceback": 'shopper, task "browse"\n    line 3, in t', "nodes": {"local"}},
    {"count": 1, "msg": 'a "quoted", one', "traceback": "shopper", "nodes": {"local"}},
)


def write_csv(name, run, full_history):
    """Writes the four files as Locust's writer leaves them after passes at the last two seconds.

    The writer is started at second 19 and sleeps once; the second sleep is its end.
    """
    while run.clock.now < START + SECONDS - 1:
        run.advance()

    def sleep(_seconds):
        if run.clock.now >= START + SECONDS:
            raise KeyboardInterrupt
        run.advance()

    stats.gevent = SimpleNamespace(sleep=sleep)
    with tempfile.TemporaryDirectory() as folder:
        prefix = f"{folder}/run"
        writer = stats.StatsCSVFileWriter(run.environment, stats.PERCENTILES_TO_REPORT, prefix, full_history)
        writer()
        writer.close_files()
        for kind in ("stats", "stats_history", "failures", "exceptions"):
            if full_history and kind != "stats_history":
                continue  # the same as without
            suffix = "_full" if full_history else ""
            content = pathlib.Path(f"{prefix}_{kind}.csv").read_bytes()
            (GOLDEN / f"{name}_{kind}{suffix}.csv").write_bytes(content)


def write_console(name, run):
    """Writes what Locust prints during a run and at its end, at several widths."""
    run.advance_to_end()
    lines = io.StringIO()
    handler = logging.StreamHandler(lines)
    handler.setFormatter(logging.Formatter("%(message)s"))
    stats.console_logger.addHandler(handler)
    stats.console_logger.setLevel(logging.INFO)
    stats.console_logger.propagate = False
    for width in WIDTHS:
        stats.STATS_NAME_WIDTH = width
        stats.print_stats(run.stats, current=True)
        save(f"{name}_progress_{width}.txt", lines)
        stats.print_stats(run.stats, current=False)
        stats.print_percentile_stats(run.stats)
        stats.print_error_report(run.stats)
        save(f"{name}_final_{width}.txt", lines)
    stats.console_logger.removeHandler(handler)


def save(file_name, lines):
    (GOLDEN / file_name).write_text(lines.getvalue(), encoding="utf-8")
    lines.seek(0)
    lines.truncate()


def write_floats():
    """Floats as Python spells them, at every magnitude a time or a rate has."""
    floats = [0.0, 54.0, 0.1, 1 / 3, 13.05019308623253, 84.62334674758463, 3127.0902280081714]
    floats += [9.87654321 * 10.0**exponent for exponent in range(-9, 19)]
    floats += [10.0**exponent for exponent in range(-9, 19)]
    text = "".join(f"{value!r}\n" for value in floats)
    (GOLDEN / "floats.txt").write_text(text, encoding="utf-8")


def idle(_user):
    gevent.sleep(1000)


def user_class(name, count, tasks):
    """Makes a class of this many users whose tasks, by name and weight, make no requests."""
    functions = {task: lambda user: idle(user) for task in tasks}
    for task, function in functions.items():
        function.__name__ = task
    weighted = {functions[task]: weight for task, weight in tasks.items()}
    return type(name, (locust.User,), {"fixed_count": count, "tasks": weighted})


FORMS = (
    {},
    {"user_count": "10"},
    {"user_count": "ten", "spawn_rate": "10"},
    {"user_count": "1.5", "spawn_rate": "10"},
    {"user_count": "it's", "spawn_rate": "10"},
    {"user_count": "10", "spawn_rate": "x"},
    {"user_count": "10", "spawn_rate": ""},
    {"user_count": "10", "spawn_rate": "0"},
    {"user_count": "-1", "spawn_rate": "10"},
    {"user_count": "10", "spawn_rate": "nan"},
    {"user_count": "10", "spawn_rate": "10", "run_time": "soon"},
    {"user_count": "10", "spawn_rate": "10", "run_time": "1h20"},
    {"user_count": " 10 ", "spawn_rate": "1e3", "host": "http://127.0.0.1:5000<b>", "run_time": "1m", "profile": ""},
)


class Page:
    """Locust's web page without a socket, with the requests and responses."""

    def __init__(self):
        self.clock = stats.time = Clock()
        classes = [user_class("reader", 6, {"home": 3, "list": 1}), user_class("writer", 4, {"save": 1})]
        self.environment = Environment(user_classes=classes, host="http://127.0.0.1:1", locustfile="first.toml")
        self.runner = self.environment.create_local_runner()
        self.exchanges = []
        self.open()

    def open(self):
        """Makes a new page, because Locust caches /stats/requests for two seconds."""
        self.client = WebUI(self.environment, "127.0.0.1", 0, delayed_start=True).app.test_client()

    def ask(self, method, path, form=None):
        answer = self.client.open(path, method=method, data=form)
        exchange = {"method": method, "path": path, "form": form, "status": answer.status_code}
        for header in ("Content-Type", "Content-Disposition"):
            exchange[header.lower()] = answer.headers.get(header)
        if answer.is_json:
            exchange["body"] = json.loads(answer.text)  # in the order of its keys
        elif len(answer.text) < 100:
            exchange["body"] = answer.text
        self.exchanges.append({key: value for key, value in exchange.items() if value is not None})

    def run(self):
        while self.runner.state != "running":
            gevent.sleep(0.01)
        while self.clock.now < START + SECONDS:
            self.clock.now += 1.0
            for method, name, ms, body_bytes, error in steady(self.clock.now - START):
                self.runner.stats.log_request(method, name, ms, body_bytes)
                if error:
                    self.runner.stats.log_error(method, name, error)
        self.runner.exceptions = dict(enumerate(EXCEPTIONS))


def write_web():
    log = LogReader()
    log.name = "log_reader"
    log.logs.append("[2026-09-21 14:13:20,000] host/INFO/locust.main: Starting Locust")
    logging.getLogger("root").addHandler(log)
    page = Page()
    for path in ("/stats/requests", "/exceptions", "/tasks", "/logs", "/worker-count"):
        page.ask("GET", path)
    for form in FORMS:
        page.ask("POST", "/swarm", form)
    page.run()
    page.open()
    for path in ("/stats/requests", "/exceptions", "/tasks"):
        page.ask("GET", path)
    for table in ("/stats/requests", "/stats/failures", "/exceptions", "/stats/requests_full_history"):
        page.ask("GET", f"{table}/csv")
    page.ask("GET", "/stats/report")
    page.ask("GET", "/stats/report?download=1")
    page.ask("POST", "/stats/reset")
    page.ask("POST", "/stop")
    text = json.dumps(page.exchanges, indent=1, ensure_ascii=False)
    (GOLDEN / "web.json").write_text(text + "\n", encoding="utf-8")


def main():
    GOLDEN.mkdir(parents=True, exist_ok=True)
    (GOLDEN / "VERSION").write_text(f"locust {locust.__version__}\n", encoding="utf-8")
    for name, samples, exceptions in (
        ("steady", steady, EXCEPTIONS),
        ("awkward", awkward, ()),
        ("spread", spread, ()),
        ("empty", empty, ()),
    ):
        for full_history in (False, True):
            write_csv(name, Run(samples, exceptions), full_history)
        if name != "awkward":
            write_console(name, Run(samples))
    write_floats()
    write_web()


if __name__ == "__main__":
    main()
