"""Runs with wrong numbers, each of which must have the right warning."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

from . import servers
from .healthy import ROOT_TASK, TENTHS, users

# Busy for a part of each period, in seconds; 1 1 is always busy.
HOG = """
import sys, time
busy, period = map(float, sys.argv[1:])
while True:
    end = time.monotonic() + busy
    while time.monotonic() < end:
        pass
    time.sleep(period - busy)
"""
CHECKS = ('[[user.task]]\nget = "/users"\nchecks = [{ status = 200 }, '
          '{ json_equals = { "/users/1" = "Bob" } }]\n')


@dataclass(frozen=True)
class Sickness:
    """A run, what is wrong with it, and its warning."""

    name: str
    what: str
    # A regular expression for one of the lines.
    expected: str
    flags: tuple
    scenario: str | None = None
    # Entered with the binary, gives the URL.
    server: Callable = servers.serve
    # Entered when the run has begun, with its process.
    during: Callable | None = None
    # In front of the command.
    launcher: tuple = ()
    codes: tuple = (0,)
    core: str = "0"


@contextlib.contextmanager
def hog(*before, busy="1", period="1", count=1):
    """Other processes on the run's core."""
    command = [*before, "taskset", "-c", "0", sys.executable, "-c", HOG, busy, period]
    hogs = [subprocess.Popen(command) for _ in range(count)]
    try:
        yield
    finally:
        for one in hogs:
            one.kill()
            one.wait()


def hogs(*before, **how):
    return lambda _process: hog(*before, **how)


def stopped(after, lasting):
    """The process is stopped and continued."""
    @contextlib.contextmanager
    def during(process):
        time.sleep(after)
        process.send_signal(signal.SIGSTOP)
        time.sleep(lasting)
        process.send_signal(signal.SIGCONT)
        yield
    return during


@contextlib.contextmanager
def group(controller):
    """A control group of version 1."""
    folder = Path(f"/sys/fs/cgroup/{controller}/gregaria-{os.getpid()}")
    folder.mkdir()
    try:
        yield folder
    finally:
        folder.rmdir()


@contextlib.contextmanager
def throttled(process):
    """A tenth of a core, as a container may have."""
    with group("cpu") as folder:
        (folder / "cpu.cfs_period_us").write_text("100000")
        (folder / "cpu.cfs_quota_us").write_text("10000")
        (folder / "cgroup.procs").write_text(str(process.pid))
        yield
        process.wait()


@contextlib.contextmanager
def frozen(process):
    """The whole container is frozen, as for a snapshot."""
    with group("freezer") as folder:
        (folder / "cgroup.procs").write_text(str(process.pid))
        time.sleep(2)
        (folder / "freezer.state").write_text("FROZEN")
        time.sleep(1)
        (folder / "freezer.state").write_text("THAWED")
        yield
        process.wait()


def own(server, *flags, **more):
    return lambda binary: server(binary, *flags, **more)


def alone(server):
    return lambda _binary: server()


NETWORK = ("unshare", "-rn", "sh", "-c",
           "ip link set lo up && echo '40000 40015' > /proc/sys/net/ipv4/ip_local_port_range && "
           '"$0" serve --port 5000 --delay 200ms >/dev/null & server=$!\n'
           'sleep 1; "$0" "$@"; code=$?; kill $server; exit $code')
KEPT_WHILE_BUSY = users('"50ms"', more='keep_alive = "task"\ntimeout = "5s"')

SICKNESSES = [
    Sickness("saturated by users", "400 users without waits, checks, one core",
             r"core 0 was more than 90% busy|core 0 had no time left",
             ("-u", "400", "-r", "1000", "-t", "5s"), users(None, CHECKS)),
    Sickness("saturated by a rate", "500,000 iterations per second asked of one core",
             r"iterations had to wait for a user",
             ("--rate", "500000", "--max-users", "2000", "-t", "5s"), users(None)),
    Sickness("real-time neighbour", "a SCHED_FIFO process that never lets go of the core",
             r"core 0 had no time left|core 0 stood still",
             ("-u", "5", "-r", "5", "-t", "6s"), users(TENTHS),
             during=hogs("chrt", "-f", "50")),
    Sickness("preferred neighbour", "a process of nice -20 that never lets go of the core",
             r"timers? w.* late by.*other processes had core 0|core 0 had no time left",
             ("-u", "40", "-r", "40", "-t", "6s"), users('"20ms"'),
             during=hogs("nice", "-n", "-20")),
    Sickness("four neighbours", "four processes like ours on its core",
             r"timers? w.* late by.*other processes had core 0|core 0 had no time left",
             ("-u", "16", "-r", "16", "-t", "6s"), users(None), during=hogs(count=4)),
    Sickness("nice run", "our run at nice 19, one neighbour",
             r"timers? w.* late by.*other processes had core 0|core 0 had no time left",
             ("-u", "40", "-r", "40", "-t", "6s"), users('"20ms"'),
             launcher=("nice", "-n", "19"), during=hogs()),
    Sickness("late arrivals", "200 per second, the core taken for 20 ms of every 50",
             r"one timer in twenty was late by.*other processes had core 0",
             ("--rate", "200", "--arrivals", "uniform", "-t", "8s"), users(None),
             during=hogs("chrt", "-f", "50", busy="0.02", period="0.05")),
    Sickness("stopped", "SIGSTOP for 2 s", r"core 0 stood still for [12]\.\d s from \d\.\d s on",
             ("-u", "5", "-r", "5", "-t", "6s"), users(TENTHS), during=stopped(2, 2)),
    Sickness("stopped for a moment", "SIGSTOP for 0.3 s",
             r"core 0 stood still for 0\.(2\d|3\d) s from \d\.\d s on",
             ("-u", "5", "-r", "5", "-t", "5s"), users(TENTHS), during=stopped(2, 0.3)),
    Sickness("stopped under full load", "SIGSTOP for 1 s, users without waits on both cores",
             r"all cores stood still for [01]\.\d+ s",
             ("-u", "32", "-r", "32", "-t", "5s"), during=stopped(2, 1), core="0,1"),
    Sickness("frozen", "the control group is frozen for 1 s",
             r"all cores stood still for [01]\.\d+ s",
             ("-u", "5", "-r", "5", "-t", "6s"), users(TENTHS), during=frozen, core="0,1"),
    Sickness("throttled", "a tenth of a core by its control group",
             r"core 0 had no time left|core 0 stood still|late by",
             ("-u", "16", "-r", "16", "-t", "6s"), during=throttled),
    Sickness("no ports", "sixteen local ports, 60 users", r"failed for want of a local port",
             ("-u", "60", "-r", "1000", "-t", "3s"), KEPT_WHILE_BUSY,
             server=alone(lambda: contextlib.nullcontext("http://127.0.0.1:5000")),
             launcher=NETWORK, codes=(1,)),
    Sickness("no descriptors", "60 of them, 200 users", r"no file could be opened any more",
             ("-u", "200", "-r", "1000", "-t", "3s"), KEPT_WHILE_BUSY,
             server=own(servers.serve, "--delay", "200ms"),
             launcher=("prlimit", "--nofile=60:60"), codes=(1,)),
    Sickness("full accept queue", "a server that accepts no connection",
             r"connections? took a second or more", ("-u", "5", "-r", "5", "-t", "3s"),
             users(None, more='timeout = { connect = "1500ms" }'), server=alone(servers.full),
             codes=(1,)),
    Sickness("nothing answers", "a server that accepts and never answers",
             r"no request came to its end", ("-u", "20", "-r", "20", "-t", "2s"), users(None),
             server=alone(servers.deaf), codes=(1,)),
    Sickness("too few users", "100 per second of 100 ms each, two users",
             r"iterations had to wait for a user",
             ("--rate", "100", "--max-users", "2", "-t", "5s"), users(None, ROOT_TASK),
             server=own(servers.serve, "--delay", "100ms")),
]
