#!/usr/bin/env python3
"""CPU time per request of gregaria, of the bare-ring floor and of wrk, in interleaved rounds.

All three send the same GET with the same number of connections from one core to the same built-in
server, which has another core to itself. CPU time is user plus system time of the whole client
process. Only the ratios mean anything on a noisy machine: medians over the rounds, with the range.

    scripts/floor.py [--rounds 7] [--seconds 5] [--users 64] [--json FILE]

Builds what it needs with cargo. wrk is left out where it is not installed.
"""

import argparse
import csv
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CLIENT_CORE, SERVER_CORE = 0, 1


def main():
    args = parse_args()
    gregaria, floor = build()
    server = subprocess.Popen(
        [gregaria, "serve", "--port", "0", "--cores", str(SERVER_CORE)],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        url = re.search(r"http://\S+", server.stdout.readline()).group()
        rounds = {name: [] for name in clients(gregaria, floor, url, args)}
        for number in range(args.rounds):
            for name, client in clients(gregaria, floor, url, args).items():
                result = client()
                rounds[name].append(result)
                print(f"round {number + 1} {name}: {result['us_per_request']:.2f} us, "
                      f"{result['requests']} requests", file=sys.stderr)
    finally:
        server.terminate()
        server.wait()
    table = summarise(rounds)
    print_table(table)
    if args.json:
        Path(args.json).write_text(json.dumps({"rounds": rounds, "summary": table}, indent=2))


def parse_args():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--users", type=int, default=64)
    parser.add_argument("--json")
    return parser.parse_args()


def build():
    """The release binary and the floor program."""
    cargo(["build", "--release", "--locked"])
    lines = cargo(["bench", "--bench", "floor", "--no-run", "--locked",
                   "--message-format", "json"]).splitlines()
    built = [json.loads(line) for line in lines if line.startswith("{")]
    floor = next(one["executable"] for one in built
                 if one.get("executable") and one["target"]["name"] == "floor")
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    return str(target / "release" / "gregaria"), floor


def cargo(arguments):
    command = ["cargo", *arguments]
    return subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout


def clients(gregaria, floor, url, args):
    address = url.removeprefix("http://")
    every = {
        "floor": lambda: run_floor(floor, address, args),
        "floor multishot": lambda: run_floor(floor, address, args, "--multishot"),
        "gregaria": lambda: run_gregaria(gregaria, url, args),
    }
    if shutil.which("wrk"):
        every["wrk"] = lambda: run_wrk(url, args)
    return every


def run_floor(floor, address, args, *more):
    command = [floor, "--address", address, "--path", "/", "--connections", str(args.users),
               "--seconds", str(args.seconds), "--core", str(CLIENT_CORE), *more]
    out, cpu = measure(command)
    return per_request(json.loads(out.splitlines()[-1])["requests"], cpu)


def run_gregaria(gregaria, url, args):
    with tempfile.TemporaryDirectory() as folder:
        prefix = os.path.join(folder, "p")
        _, cpu = measure([
            gregaria, url + "/", "-u", str(args.users), "-r", str(args.users),
            "-t", f"{args.seconds}s", "--cores", str(CLIENT_CORE), "--csv", prefix,
            "--only-summary"])
        with open(prefix + "_stats.csv", newline="") as file:
            requests = int(list(csv.DictReader(file))[-1]["Request Count"])
    return per_request(requests, cpu)


def run_wrk(url, args):
    out, cpu = measure(["taskset", "-c", str(CLIENT_CORE), "wrk", "-t1", f"-c{args.users}",
                        f"-d{args.seconds}s", url + "/"])
    return per_request(int(re.search(r"(\d+) requests in", out).group(1)), cpu)


def measure(command):
    """Runs a command; its output and the CPU seconds, user and system, of it alone."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                               text=True)
    out = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"{command[0]} failed with exit code {process.returncode}")
    return out, {"user": usage.ru_utime, "system": usage.ru_stime}


def per_request(requests, cpu):
    total = cpu["user"] + cpu["system"]
    return {"requests": requests, **cpu, "us_per_request": 1e6 * total / requests,
            "user_us_per_request": 1e6 * cpu["user"] / requests,
            "requests_per_cpu_second": requests / total}


def summarise(rounds):
    """Medians, and the median over the rounds of each client's ratio to the floor beside it."""
    floors = [one["us_per_request"] for one in rounds["floor"]]
    table = []
    for name, results in rounds.items():
        each = [one["us_per_request"] for one in results]
        ratios = [mine / floor for mine, floor in zip(each, floors)]
        table.append({
            "client": name,
            "us_per_request": statistics.median(each), "min": min(each), "max": max(each),
            "user_us": statistics.median(one["user_us_per_request"] for one in results),
            "requests_per_cpu_second":
                statistics.median(one["requests_per_cpu_second"] for one in results),
            "cpu_to_floor": statistics.median(ratios),
            "ratio_min": min(ratios), "ratio_max": max(ratios),
        })
    return table


def print_table(table):
    print("| client | CPU us per request (range) | of it user | requests per CPU second "
          "| CPU to floor (range) |")
    print("|---|---|---|---|---|")
    for row in table:
        print(f"| {row['client']} | {row['us_per_request']:.2f} "
              f"({row['min']:.2f} - {row['max']:.2f}) | {row['user_us']:.2f} "
              f"| {row['requests_per_cpu_second']:,.0f} "
              f"| {row['cpu_to_floor']:.2f} ({row['ratio_min']:.2f} - {row['ratio_max']:.2f}) |")


if __name__ == "__main__":
    main()
