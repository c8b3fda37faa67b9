"""Runs one program and measures its cost; runs the server; ends all processes.

The process of this script adopts every orphan below it (`PR_SET_CHILD_SUBREAPER`). Two things
stand on that: `measure` can wait for a grandchild, and `end_all` finds everybody by asking who our
children are until there are none.
"""

import ctypes
import os
import re
import resource
import signal
import socket
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

PR_SET_CHILD_SUBREAPER = 36
# The client in the background of a shell that then ends: see `measure`.
LAUNCHER = ["sh", "-c", '"$@" &', "sh"]
SERVER_STOP_SECONDS = 10


class Failed(Exception):
    """A program failed. The text has its output."""


@dataclass(frozen=True)
class Cost:
    """The resources that a process and its children have used."""

    output: str
    user_s: float
    system_s: float
    wall_s: float
    peak_memory_bytes: int


def adopt_orphans():
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "cannot become the reaper of orphans")


def exit_on_signals():
    """The first signal ends this script through its `finally` blocks. Further ones are ignored."""
    deadly = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

    def leave(number, _frame):
        for each in deadly:
            signal.signal(each, signal.SIG_IGN)
        raise SystemExit(128 + number)

    for each in deadly:
        signal.signal(each, leave)


def end_all():
    """Kills until no process is left. A process whose parent ends becomes our child, and is killed next."""
    while pids := children():
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        for pid in pids:
            os.waitpid(pid, 0)


def children():
    ours = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            # After the name, which may itself have parentheses: the state, then the parent.
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
        except (FileNotFoundError, ProcessLookupError):
            continue
        if parent == os.getpid():
            ours.append(int(stat.parent.name))
    return ours


def measure(command, cores, seconds_max, environment):
    """Runs a command on these cores. Fails if it fails or exceeds its time.

    The kernel's peak of a process goes on through exec and starts with the peak of whoever forked
    it. Forked from here it would never be below this interpreter's 20 MB and more, so a shell
    forks the client, and ends: its 2 MB are the smallest peak that can be seen.
    """
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as errors:
        begin = time.monotonic()
        shell = subprocess.Popen([*LAUNCHER, "taskset", "-c", cores, *command], stdout=out,
                                 stderr=errors, env=environment, start_new_session=True)
        shell.wait()
        usage, code = wait_for_group(shell.pid, seconds_max)
        wall_s = time.monotonic() - begin
        texts = []
        for file in (out, errors):
            file.seek(0)
            texts.append(file.read())
    if code != 0:
        end = f"took more than {seconds_max} s" if code is None else f"exit code {code}"
        raise Failed(f"{' '.join(command)}: {end}\n{texts[0]}{texts[1]}".rstrip())
    return Cost(texts[0], usage.ru_utime, usage.ru_stime, wall_s, usage.ru_maxrss * 1024)


def wait_for_group(group, seconds_max):
    """Returns the usage and the exit code of the last process in a group; None after the time limit."""
    def too_late(_number, _frame):
        raise TimeoutError

    signal.signal(signal.SIGALRM, too_late)
    signal.alarm(seconds_max)
    try:
        _, status, usage = os.wait4(-group, 0)
        return usage, os.waitstatus_to_exitcode(status)
    except TimeoutError:
        os.killpg(group, signal.SIGKILL)
        _, _, usage = os.wait4(-group, 0)
        return usage, None
    finally:
        signal.alarm(0)


def children_s():
    """Returns the CPU time of all children that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


class Server:
    """`gregaria serve` on a port that the system chooses, for the time of a `with`."""

    def __init__(self, gregaria, cores, more):
        self.command = [gregaria, "serve", "--port", "0", "--cores", cores, *more]
        self.address = None
        # Both are known when it has ended.
        self.requests = None
        self.cpu_s = None

    def __enter__(self):
        # In its own session, because Ctrl-C at the terminal is for this script, which ends the server.
        self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE, text=True,
                                        stderr=subprocess.STDOUT, start_new_session=True)
        line = self.process.stdout.readline()
        found = re.search(r"http://([^\s/]+)", line)
        if not found:
            raise Failed(f"{' '.join(self.command)}: {line}{self.process.stdout.read()}")
        self.address = found.group(1)
        return self

    def __exit__(self, *_):
        before = children_s()
        self.process.terminate()
        try:
            text, _ = self.process.communicate(timeout=SERVER_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            text, _ = self.process.communicate()
        self.cpu_s = children_s() - before
        found = re.search(r"^Requests: (\d+)", text, re.MULTILINE)
        if found:
            self.requests = int(found.group(1))
