"""Runs of locustfiles, and the memory of their processes."""

import contextlib
import functools
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# The time for an orderly end, in seconds.
PATIENCE = 60


def gregaria():
    """Returns the command: $GREGARIA, or the release build of this folder."""
    command = os.environ.get("GREGARIA", str(ROOT / "target/release/gregaria"))
    return shutil.which(command) or sys.exit(f"no {command}: run `cargo build --release`, or set GREGARIA")


@contextlib.contextmanager
def server(command):
    """The built-in server on a port of its own; gives its URL."""
    process = subprocess.Popen([command, "serve", "--port", "0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        yield re.search(r"http://\S+", process.stdout.readline()).group()
    finally:
        process.kill()
        process.wait()


class Run:
    """A run of a command, which is ended with the block. What it prints goes to `output`."""

    def __init__(self, command, **environment):
        self.output = tempfile.NamedTemporaryFile("r", prefix="run-", suffix=".log")
        # A shell has what it starts in the background ignore Ctrl-C, and that is inherited.
        heed = functools.partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
        with open(self.output.name, "w") as out:
            self.process = subprocess.Popen(
                list(map(str, command)), stdout=out, stderr=out, env={**os.environ, **environment}, preexec_fn=heed)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        # The processes of a locustfile end with the command.
        self.process.kill()
        self.process.wait()
        self.output.close()

    def text(self):
        return Path(self.output.name).read_text()

    def await_text(self, pattern, seconds):
        end = time.monotonic() + seconds
        while not (found := re.search(pattern, self.text())):
            if self.process.poll() is not None or time.monotonic() > end:
                sys.exit(f"'{pattern}' did not come:\n{self.text()[-5000:]}")
            time.sleep(0.1)
        return found

    def is_over(self):
        return self.process.poll() is not None

    def interrupt(self):
        """Presses Ctrl-C. Returns the exit code."""
        if not self.is_over():
            self.process.send_signal(signal.SIGINT)
        return self.process.wait(PATIENCE)

    def processes(self):
        """Returns the ids of its processes by name: the command, the host, its fork server, and each core."""
        names, pids = ["command", "host", "fork server"], [self.process.pid]
        while len(pids) < len(names) and (found := children(pids[-1])):
            pids.append(found[0])
        cores = children(pids[-1]) if len(pids) == len(names) else []
        names += [f"core {number}" for number in range(len(cores))]
        return dict(zip(names, pids + cores))


def children(pid):
    # Each thread has children of its own.
    lists = [path.read_text() for path in Path(f"/proc/{pid}/task").glob("*/children")]
    return sorted(int(child) for child in " ".join(lists).split())


def memory(pid):
    """Returns the memory of a process in bytes: resident, and with its share only of what others have as well."""
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    sizes = {name: int(size) * 1024 for name, size in re.findall(r"^(\w+): +(\d+) kB", rollup, re.M)}
    return {"rss": sizes["Rss"], "pss": sizes["Pss"]}
