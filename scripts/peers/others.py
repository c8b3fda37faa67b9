"""The other clients, each with its defaults if they allow the same load."""

import json
import os
import re
import shutil
from pathlib import Path

from .clients import (LOCUSTFILE_MORE_SECONDS, Client, GregariaLocustfile, Told, output_of, sum_of,
                      version_in)

HERE = Path(__file__).resolve().parent
UNITS_MS = {"us": 1e-3, "ms": 1.0, "s": 1e3, "m": 6e4}


class Wrk(Client):
    name = label = "wrk"
    source = "Debian's wrk"
    version_flag = "-v"

    def command(self, job):
        return [self.program, "-t1", f"-c{job.connections}", f"-d{job.seconds}s", "--latency",
                job.url]

    def read(self, output, _job):
        def percentile(name):
            number, unit = re.search(rf"^ +{name}% +([\d.]+)(\w+)$", output, re.MULTILINE).groups()
            return float(number) * UNITS_MS[unit]

        broken = re.search(r"Socket errors: (.*)", output)
        failures = sum_of(r"(\d+)", broken.group(1)) if broken else 0
        failures += sum_of(r"Non-2xx or 3xx responses: (\d+)", output)
        return Told(sum_of(r"(\d+) requests in", output), percentile(50), percentile(99), failures)


class Gcannon(Client):
    name = label = "gcannon"
    source = "its sources"
    seen_version = None
    # It cuts off one in a hundred large bodies, when all its buffers are in use.
    failures_share_max = 0.05

    def version(self):
        # Only a run prints it, and `read` keeps it.
        return self.seen_version

    def command(self, job):
        return [self.program, job.url, "-c", str(job.connections), "-t", "1",
                "-d", f"{job.seconds}s", "--json"]

    def read(self, output, _job):
        told = json.loads(output)
        self.seen_version = told["version"]
        latency = told["latency_us"]
        failures = sum(told["errors"].values()) + told["responses"] - told["status"]["2xx"]
        return Told(told["responses"], latency["p50"] / 1e3, latency["p99"] / 1e3, failures)


class H2load(Client):
    name = label = "h2load"
    source = "Debian's nghttp2-client"

    def command(self, job):
        return [self.program, "--h1", "-t1", f"-c{job.connections}", "-D", str(job.seconds),
                job.url]

    def read(self, output, _job):
        # It has only minimum, mean and maximum of the times.
        return Told(sum_of(r"(\d+) succeeded", output),
                    failures=sum_of(r"(\d+) (?:failed|errored|timeout)\b", output))


class Ab(Client):
    name = label = "ab"
    source = "Debian's apache2-utils"
    version_flag = "-V"

    def command(self, job):
        # -t alone ends after 50,000 requests. This is more than any run sends.
        requests_max = 1_000_000 * job.seconds
        # The table on the console has whole milliseconds, this file three digits more.
        return [self.program, "-q", "-k", "-t", str(job.seconds), "-n", str(requests_max),
                "-c", str(job.connections), "-e", str(job.folder / "ab.csv"), job.url]

    def read(self, output, job):
        rows = (line.split(",") for line in (job.folder / "ab.csv").read_text().splitlines())
        percentiles = {share: time for share, time in rows}
        return Told(sum_of(r"^Complete requests: +(\d+)", output), float(percentiles["50"]),
                    float(percentiles["99"]), sum_of(r"^Failed requests: +(\d+)", output))


class Oha(Client):
    name = label = "oha"
    source = "cargo install oha"

    def find(self):
        return shutil.which("oha") or shutil.which("oha", path=Path.home() / ".cargo" / "bin")

    def command(self, job):
        return [self.program, "--no-tui", "--output-format", "json", "-z", f"{job.seconds}s",
                "-c", str(job.connections), job.url]

    def read(self, output, _job):
        told = json.loads(output)
        statuses, errors = told["statusCodeDistribution"], told["errorDistribution"]
        # Requests in flight at the end are neither responses nor failures.
        errors.pop("aborted due to deadline", None)
        answers = statuses.pop("200", 0)
        latency = told["latencyPercentiles"]
        return Told(answers, 1e3 * latency["p50"], 1e3 * latency["p99"],
                    sum(errors.values()) + sum(statuses.values()))


class Bombardier(Client):
    name = label = "bombardier"
    source = "its sources"

    def find(self):
        # Debian has a game with this name.
        program = shutil.which("bombardier")
        known = program and "bombardier version" in output_of([program, "--version"])
        return program if known else None

    def command(self, job):
        return [self.program, "-c", str(job.connections), "-d", f"{job.seconds}s",
                "--latencies", "--print", "result", "--format", "json", job.url]

    def read(self, output, _job):
        told = json.loads(output)["result"]
        failures = sum(told[kind] for kind in ("req1xx", "req3xx", "req4xx", "req5xx", "others"))
        percentiles = told["latency"]["percentiles"]
        return Told(told["req2xx"], percentiles["50"] / 1e3, percentiles["99"] / 1e3, failures)


class Hey(Client):
    name = label = "hey"
    source = "Debian's hey"
    # It keeps this many results. It does not know the status of later ones.
    results_max = 1_000_000

    def version(self):
        # It has no flag for the version.
        return version_in(output_of(["dpkg-query", "-W", "-f", "${Version}", "hey"]))

    def command(self, job):
        return [self.program, "-z", f"{job.seconds}s", "-c", str(job.connections), job.url]

    def read(self, output, _job):
        def percentile(name):
            return 1e3 * float(re.search(rf"^ +{name}% in ([\d.]+) secs", output,
                                         re.MULTILINE).group(1))

        answers = sum_of(r"^ +\[200\]\t(\d+) responses", output)
        if answers >= self.results_max:
            raise ValueError("more requests than hey remembers; give it fewer --seconds")
        # In brackets: other statuses before their count, the counts of errors before their text.
        failures = sum_of(r"^ +\[(?!200)\d+\]\t(\d+) responses", output)
        failures += sum_of(r"^ +\[(\d+)\]\t(?!\d+ responses)", output)
        return Told(answers, percentile(50), percentile(99), failures)


class Goose(Client):
    name, label = "goose", "Goose"
    source = "--goose builds it"

    def find(self):
        # The program of this name in PATH is another one.
        return None

    def command(self, job):
        # Without the reset it counts from the first user on, as the others do.
        return [self.program, "--host", f"http://{job.address}", "--users", str(job.connections),
                "--increase-rate", "1000000", "--run-time", f"{job.seconds}s",
                "--no-reset-metrics", "--quiet", "--no-print-metrics"]

    def read(self, output, _job):
        return told_as_json(output)


class Locust(Client):
    tool, source = "Locust", "PyPI's locust"
    user_class: str

    def command(self, job):
        users = str(job.connections)
        seconds = job.seconds + LOCUSTFILE_MORE_SECONDS
        return [self.program, "--locustfile", str(HERE / "locustfile.py"), "--headless",
                "--users", users, "--spawn-rate", users, "--run-time", f"{seconds}s",
                "--host", f"http://{job.address}", "--only-summary", "--loglevel", "WARNING",
                self.user_class]

    def read(self, output, _job):
        return told_as_json(output)


class LocustFast(Locust):
    name, label, user_class = "locust-fast", "Locust FastHttpUser", "Fast"


class LocustHttp(Locust):
    name, label, user_class = "locust-http", "Locust HttpUser", "Plain"


class Stub(Client):
    """The tasks of a locustfile with a client that sends nothing: what they cost by themselves."""

    name, label, source = "stub", "the tasks alone", "Python of Locust's environment"
    user_class: str
    sends = False

    def version(self):
        return None

    def command(self, job):
        stub = Path(__file__).with_name("stub.py")
        return [self.program, str(stub), self.user_class, str(job.seconds)]

    def read(self, output, _job):
        return told_as_json(output)


def of_locustfile(gregaria, venv, load):
    """Who runs a load of locustfile.py: gregaria and Locust, each with both clients, and nobody. All with
    the same Python.
    """
    locust = locust_in(venv)
    python = locust and shutil.which("python3", path=os.path.dirname(locust))
    clients = [GregariaLocustfile(gregaria), GregariaLocustfile(gregaria),
               LocustFast(locust), LocustHttp(locust), Stub(python)]
    for client, kind in zip(clients, ["Fast", "Plain", "Fast", "Plain", "Fast"]):
        client.user_class = load + kind
        client.python = python
    clients[0].name, clients[0].label = "gregaria-fast", "gregaria FastHttpUser"
    clients[1].name, clients[1].label = "gregaria-http", "gregaria HttpUser"
    return clients


def told_as_json(output):
    """Reads the line that our load test for a library prints."""
    line = next(line for line in output.splitlines() if line.startswith('{"requests"'))
    told = json.loads(line)
    told["start_up_s"] = tuple(told.get("start_up_s", (0.0, 0.0)))
    return Told(**told)


def locust_in(venv):
    """The command in a virtual environment, or the one in PATH."""
    return shutil.which("locust", path=os.path.join(venv, "bin")) or shutil.which("locust")


def of_others(venv, goose):
    """The others, from the cheapest to the most expensive. One without a program is not installed."""
    locust = locust_in(venv)
    return [Wrk(), Gcannon(), H2load(), Ab(), Oha(), Bombardier(), Hey(), Goose(goose),
            LocustFast(locust), LocustHttp(locust)]
