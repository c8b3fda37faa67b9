"""What a run of a locustfile came to: requests as the server saw them, rows, failures, exceptions, notes, exit code.

Two outcomes can be compared whatever made them, because all that differs from run to run is left out here: ports, the
boundaries of multipart bodies, times, and what each client sends of its own accord.
"""

import collections
import csv
import functools
import json
import re
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
# Headers that a client sends of its own accord, with the values that say so (None: any value).
OWN_HEADERS = {
    "host": None,
    "content-length": None,
    "accept-encoding": None,
    "connection": "keep-alive",
    "accept": r"\*/\*",
    "user-agent": r"(python-requests|python/gevent-http-client|gregaria|Python-urllib).*",
}


def run(case, command, options, environment, keep=None):
    """Runs a case against a server of its own and returns the outcome."""
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder, "requests.jsonl")
        server = subprocess.Popen([sys.executable, HERE / "server.py", "--log", log], stdout=subprocess.PIPE, text=True)
        try:
            host = f"http://127.0.0.1:{int(server.stdout.readline())}"
            arguments = [*command, "-f", case.path, "-H", host, "--headless", *case.arguments, *options]
            arguments += ["--csv", "out", "--json-file", "out", "--only-summary"]
            # An example of Locust's wants to know a second host by this name.
            ended = until_the_end(arguments, folder, {**environment, "API_HOST": host}, getattr(case, "interrupt_after", None))
        finally:
            server.kill()
            server.wait()
        if keep is not None:
            print(ended.stdout, ended.stderr, sep="\n--\n", file=keep)
        return outcome(Path(folder), ended, host, log)


def until_the_end(arguments, folder, environment, interrupt_after):
    """Runs a command; after so many seconds, if it is told, Ctrl-C is pressed."""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    # A shell has what it starts in the background ignore Ctrl-C, and that is inherited.
    heed = functools.partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    with subprocess.Popen(arguments, cwd=folder, env=environment, text=True, preexec_fn=heed, **pipes) as process:
        try:
            stdout, stderr = process.communicate(timeout=interrupt_after or 180)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGINT)
            try:
                stdout, stderr = process.communicate(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                stdout, stderr = process.communicate()
    return subprocess.CompletedProcess(arguments, process.returncode, stdout, stderr)


def outcome(folder, ended, host, log):
    def neutral(text):
        return functools.reduce(lambda text, what: re.sub(*what, text), differing, text)

    place = host.removeprefix("http://")
    differing = [
        (re.escape(place), "HOST"),
        (f"port={place.partition(':')[2]}", "port=PORT"),
        (r"([?&]_=)\d{13}", r"\1MILLISECONDS"),
        (r"[^\s(]*/site-packages/locust/\S+ in \w+, ", ""),
        (re.escape(f"{HERE}/files/"), ""),
    ]

    lines = log.read_text().splitlines() if log.exists() else []
    requests = collections.Counter(neutral(request(json.loads(line))) for line in lines)
    failures = {(row["Method"], neutral(row["Name"]), neutral(row["Error"])): int(row["Occurrences"]) for row in table(folder, "failures")}
    exceptions = collections.Counter()
    for row in table(folder, "exceptions"):
        exceptions[neutral(row["Message"]), frames(row["Traceback"])] += int(row["Count"])
    return {
        "exit": ended.returncode,
        "requests": [[text, count] for text, count in sorted(requests.items())],
        "rows": [[method, neutral(name), *counts] for method, name, *counts in rows(folder)],
        "failures": [[*key, count] for key, count in sorted(failures.items())],
        "exceptions": [[*key, count] for key, count in sorted(exceptions.items())],
        "notes": sorted(neutral(line).removeprefix("note: ") for line in ended.stdout.splitlines() if line.startswith("note: ")),
        "log": sorted(neutral(line) for line in logged(ended.stderr)),
    }


def table(folder, name):
    path = folder / f"out_{name}.csv"
    return csv.DictReader(path.open(newline="")) if path.exists() else []


def rows(folder):
    """Type, name, requests and failures of each row; Locust's CSV files lack the last second, its JSON does not."""
    path = folder / "out.json"
    entries = json.loads(path.read_text()) if path.exists() else []
    if isinstance(entries, list):
        found = [[entry["method"] or "", entry["name"], entry["num_requests"], entry["num_failures"]] for entry in entries]
    else:
        of_csv = [row for row in table(folder, "stats") if row["Name"] != "Aggregated"]
        found = [[row["Type"], row["Name"], int(row["Request Count"]), int(row["Failure Count"])] for row in of_csv]
    return sorted(found)


def logged(text):
    """The lines that a locustfile logs as `note: …`, with their level and logger."""
    return [f"{level}/{logger} {said}" for level, logger, said in re.findall(r"/([A-Z]+)/([\w.]+): note: (.*)", text)]


def frames(traceback):
    """The frames of a traceback that are in files of the corpus, as `file:function`."""
    found = re.findall(r'File "([^"]*)", line (\d+), in (\w+)', traceback)
    return " ".join(f"{Path(path).name}:{line}:{function}" for path, line, function in found if "/files/" in path)


def request(record):
    """A request as one line of text, without what differs from client to client or from run to run."""
    headers, body = [], record["body"]
    for name, value in record["headers"]:
        name = name.lower()
        own = OWN_HEADERS.get(name, "")
        if own is None or (own and re.fullmatch(own, value)):
            continue
        if name == "cookie":
            value = "; ".join(sorted(value.split("; ")))
        if name == "content-type" and "boundary=" in value:
            boundary = value.partition("boundary=")[2]
            body, value = body.replace(boundary, "BOUNDARY"), value.replace(boundary, "BOUNDARY")
        headers.append(f"{name}: {value}")
    return " | ".join([f"{record['method']} {record['path']}", *sorted(headers), *([repr(body)] if body else [])])
