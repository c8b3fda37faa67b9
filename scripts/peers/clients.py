"""Clients: how they are found, their versions, their arguments, and their results.

All do the same: `connections` users who GET one path without a pause, at once from the start. Each
reads its own output: how many requests were answered, how many failed, and the latencies as the
tool sees them. What a tool does not tell is None. Here are our own; the others are in others.py.
"""

import csv
import json
import re
import shutil
import subprocess
from dataclasses import dataclass, replace
from pathlib import Path


# How much longer the clients of a locustfile run. To make its users and its tables Locust takes 0.2 s of CPU
# time, and gregaria to start Python 0.3 s: a fifth of a run of 2 s.
LOCUSTFILE_MORE_SECONDS = 5


@dataclass(frozen=True)
class Job:
    """The job of a client in one run."""

    address: str
    path: str
    connections: int
    seconds: int
    # A number or a list, as taskset takes it.
    cores: str
    # The folder for files that the client writes.
    folder: Path
    # A scenario of gregaria in place of the path.
    scenario: Path | None = None
    # `https` has a certificate that must not be checked.
    scheme: str = "http"

    @property
    def url(self):
        return f"{self.scheme}://{self.address}{self.path}"


@dataclass(frozen=True)
class Told:
    """The results that a client reports after one run."""

    requests: int
    p50_ms: float | None = None
    p99_ms: float | None = None
    failures: int = 0
    # Unfinished requests, if the client reports them.
    unfinished: int | None = None
    # CPU time, user and system, from before the load: see locustfile.py.
    start_up_s: tuple[float, float] = (0.0, 0.0)


class Client:
    """A client. `name` is for the command line, `label` for reports."""

    name: str
    label: str
    # The program that has the version, if it is not the label.
    tool: str | None = None
    # How to install it.
    source: str
    version_flag = "--version"
    # The server neither closes nor refuses connections.
    failures_share_max = 0.0
    # Whether it asks the server for anything.
    sends = True

    def __init__(self, program=None, cores=None):
        self.program = program or self.find()
        # Replaces those of the job.
        self.cores = cores

    def find(self):
        return shutil.which(self.name)

    def version(self):
        return version_in(output_of([self.program, self.version_flag]))

    def command(self, job):
        raise NotImplementedError

    def read(self, output, job):
        raise NotImplementedError


def output_of(command):
    """Returns the output of a command, stdout and stderr, with any exit code; empty if it cannot be run."""
    try:
        return subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, timeout=30,
                              check=False).stdout
    except (OSError, subprocess.TimeoutExpired):
        return ""


def version_in(text):
    found = re.search(r"\d+\.\d+[\w.+~-]*", text)
    return found.group() if found else None


def sum_of(pattern, text):
    """Returns the sum of the numbers in the pattern's group."""
    return sum(int(number) for number in re.findall(pattern, text, re.MULTILINE))


class Floor(Client):
    name, label = "floor", "floor"
    source = "benches/floor.rs"
    mode = ()

    def version(self):
        return None

    def command(self, job):
        return [self.program, "--address", job.address, "--path", job.path, "--core", job.cores,
                "--connections", str(job.connections), "--seconds", str(job.seconds), *self.mode]

    def read(self, output, _job):
        # It counts only complete responses.
        return Told(json.loads(output.splitlines()[-1])["requests"])


class FloorMultishot(Floor):
    name, label = "floor-multishot", "floor, multishot"
    mode = ("--multishot",)


class Gregaria(Client):
    name, label = "gregaria", "gregaria"
    source = "cargo build --release"

    def command(self, job):
        what = [str(job.scenario), "-H", f"http://{job.address}"] if job.scenario else [job.url]
        insecure = ["--insecure"] if job.scheme == "https" else []
        return [self.program, *what, *insecure, "-u", str(job.connections), "-r", "1000000",
                "-t", f"{job.seconds}s", "--cores", job.cores,
                "--csv", str(job.folder / "gregaria"), "--only-summary"]

    def read(self, output, job):
        with open(job.folder / "gregaria_stats.csv", newline="") as file:
            total = list(csv.DictReader(file))[-1]
        unfinished = sum_of(r"^Requests (?:cancelled|sent again)[^:]*: (\d+)", output)
        return Told(int(total["Request Count"]), float(total["50%"]), float(total["99%"]),
                    int(total["Failure Count"]), unfinished)


class GregariaLocustfile(Gregaria):
    """gregaria with a class of locustfile.py. The start of Python is charged to it."""

    user_class: str
    python: str | None = None
    locustfile = Path(__file__).with_name("locustfile.py")

    def command(self, job):
        seconds = job.seconds + LOCUSTFILE_MORE_SECONDS
        _, *options = super().command(replace(job, scenario=None, seconds=seconds))[1:]
        host = f"{job.scheme}://{job.address}"
        python = ["--python", self.python] if self.python else []
        return [self.program, "-f", str(self.locustfile), self.user_class, "-H", host, "--headless",
                *python, *options]


class GregariaBefore(Gregaria):
    """Another build of gregaria, to measure what a change costs."""

    name, label = "gregaria-before", "gregaria before"
    source = "--before"
