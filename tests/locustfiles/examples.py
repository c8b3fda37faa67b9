#!/usr/bin/env python3
"""Runs Locust's own examples, from a checkout of its repository, under Locust and gregaria, and compares as compare.py does.

    examples.py FOLDER [NAME]...    FOLDER is examples/ of https://github.com/locustio/locust

Examples wait for seconds, so runs are short of requests: rows and requests that one side has often must be there for both.
Some of them ask hosts on the internet: all run in a network of their own (`unshare`), where none can be reached.
"""

import contextlib
import os
import subprocess
import sys
import time
from pathlib import Path

import differences
from compare import run_gregaria, run_locust

FLAGS = {
    "basic": "-u 10 -r 10",
    "locustfile": "-u 10 -r 10",
    "browse_docs_test": "-u 2 -r 2",
    "browse_docs_sequence_test": "-u 2 -r 2",
    "csrf_form_authentication": "-u 10 -r 10",
    "custom_messages": "-u 4 -r 4",
    "debugging": "",
    "debugging_advanced": "-u 2 -r 2",
    "dynamic_user_credentials": "-u 4 -r 4",
    "events": "-u 10 -r 10",
    "extend_web_ui": "-u 10 -r 10",
    "fast_http_locust": "",
    "manual_stats_reporting": "-u 5 -r 5",
    "markov_taskset": "-u 2 -r 2",
    "multiple_hosts": "-u 10 -r 10",
    "nested_inline_tasksets": "-u 10 -r 10",
    "open_closed_workload": "-u 2 -r 2",
    "response_validations": "",
    "rest": "",
    "semaphore_wait": "-u 3 -r 3",
    "stop_on_threshold": "-u 2 -r 2",
    "test_pytest": "",
    "testdata_from_csv": "",
    "web_ui_cache_stats": "-u 10 -r 10",
    # One of its classes has no tasks, which gregaria refuses.
    "x-forwarded-for": "WebsiteUser",
    "add_command_line_argument": "--my-argument given --env prod",
    "custom_wait_function": "-u 6 -r 6",
    "custom_shape/double_wave": "",
    "custom_shape/stages": "",
    "custom_shape/staging_user_classes": "",
    "custom_shape/step_load": "",
    "custom_shape/wait_user_count": "",
    "custom_xmlrpc_client/xmlrpc_locustfile": "-u 5 -r 5",
    "dispatch_test_scripts/locustfile": "",
    "terraform/aws/plan/basic": "-u 5 -r 5",
    "web_ui_auth/basic": "",
    "web_ui_auth/custom_form": "",
}
SERVERS = {"custom_xmlrpc_client/xmlrpc_locustfile": "custom_xmlrpc_client/server.py"}
SECONDS = 8  # Locust's shapes do not heed --run-time: they are interrupted then.


class Example:
    exact, together, of_locust = False, 10, []

    def __init__(self, folder, name):
        self.path, self.name = Path(folder, f"{name}.py").resolve(), name
        shape = name.startswith("custom_shape") or name.startswith("dispatch")
        self.arguments = [*FLAGS[name].split(), *([] if shape else ["-t", f"{SECONDS}s"])]
        self.interrupt_after = SECONDS + 2 if shape else None


def enter_own_network():
    """Runs this script once more, in a network that has nothing but loopback."""
    if os.environ.get("EXAMPLES_NETWORK") != "own":
        os.environ["EXAMPLES_NETWORK"] = "own"
        os.execvp("unshare", ["unshare", "--map-root-user", "--net", sys.executable, *sys.argv])
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)


@contextlib.contextmanager
def server_of(folder, name):
    """The server of an example that brings one."""
    if name not in SERVERS:
        yield
        return
    with subprocess.Popen([sys.executable, Path(folder, SERVERS[name])], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        time.sleep(1)
        try:
            yield
        finally:
            server.kill()


def main():
    enter_own_network()
    folder, *names = sys.argv[1:]
    different = 0
    for name in names or FLAGS:
        case = Example(folder, name)
        with server_of(folder, name):
            expected = run_locust(case, None)
            seen = run_gregaria(case, None)
        found, explained = differences.of(case, expected, seen, ours=True)
        different += bool(found)
        counts = [sum(count for _, count in outcome["requests"]) for outcome in (expected, seen)]
        print(f"{name:36} {'DIFFERENT' if found else 'same':10} {counts[0]:6} and {counts[1]:6} requests", flush=True)
        for line in [*found, *(f"explained: {line}" for line in explained)]:
            print(f"    {line}")
    print(f"{different} different" if different else "all the same")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
