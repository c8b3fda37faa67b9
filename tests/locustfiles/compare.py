#!/usr/bin/env python3
"""Runs the locustfiles of files/ and compares what they did.

    compare.py [NAME]...            under gregaria, against the outcomes of Locust in golden/
    compare.py --locust [NAME]...   under Locust, against golden/: does Locust still behave so?
    compare.py --live [NAME]...     under both, against each other
    compare.py --record [NAME]...   under Locust; writes golden/

$LOCUST and $GREGARIA are the commands (`locust`, `target/debug/gregaria`); $GREGARIA_TEST_PYTHON is the interpreter for
gregaria. Exits with 1 if anything differs that is not explained in `differences.py`. A file that differs runs once more
with five times the run time: on a busy machine the first one may have ended too early.

A locustfile begins with comments that say how it is run and compared:

    # run: -u 2 -r 2 -t 3s          flags for both
    # run locust: --processes 1     flags for Locust alone: gregaria has a process for each core, as workers are
    # counts: exact                 each count must be the same
    # counts: shares of N           each share must be within chance, where N requests come together
"""

import argparse
import json
import os
import re
import shlex
import sys
from pathlib import Path

import differences
from outcome import HERE, run


class Case:
    """A locustfile, and how it is to be run."""

    def __init__(self, path):
        self.path, self.name = path, path.stem
        self.golden = HERE / "golden" / f"{path.stem}.json"
        comments = [line[2:].partition(":") for line in path.read_text().splitlines()[:4] if line.startswith("# ")]
        told = {name: text.strip() for name, _, text in comments}
        self.told_arguments = shlex.split(told["run"])
        self.of_locust = shlex.split(told.get("run locust", ""))
        self.exact = told["counts"] == "exact"
        self.patience = 1
        self.together = 1 if self.exact else int(told["counts"].removeprefix("shares of "))


    @property
    def arguments(self):
        """The flags, with the run time prolonged by the patience that is needed."""
        prolonged = re.compile(r"^(\d+)s$")
        return [prolonged.sub(lambda found: f"{int(found[1]) * self.patience}s", text) for text in self.told_arguments]


def cases(names):
    # Files without the comment are modules that others import.
    found = [Case(path) for path in sorted((HERE / "files").glob("*.py")) if path.read_text().startswith("# run:")]
    unknown = set(names) - {case.name for case in found}
    if unknown:
        sys.exit(f"no such file: {', '.join(sorted(unknown))}")
    return [case for case in found if not names or case.name in names]


def environment():
    """Without what the caller has set for either tool, and with a home that has no files of flags."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("LOCUST_", "GREGARIA_"))}
    return {**kept, "HOME": "/nonexistent", "PYTHONDONTWRITEBYTECODE": "1", "CORPUS_REGION": "north"}


def run_locust(case, keep):
    return run(case, [os.environ.get("LOCUST", "locust")], case.of_locust, environment(), keep)


def run_gregaria(case, keep):
    command = os.environ.get("GREGARIA", str(HERE.parents[1] / "target/debug/gregaria"))
    python = os.environ.get("GREGARIA_TEST_PYTHON")
    return run(case, [command], ["--cores", "0", *(["--python", python] if python else [])], environment(), keep)


def compact(outcome):
    """JSON with one line per entry, so that a changed outcome can be read in a diff."""
    def value(key):
        entries = outcome[key]
        if not isinstance(entries, list) or not entries:
            return json.dumps(entries)
        return "[\n" + ",\n".join("  " + json.dumps(entry, ensure_ascii=False) for entry in entries) + "\n ]"

    return "{\n" + ",\n".join(f' "{key}": {value(key)}' for key in outcome) + "\n}\n"


def compared(case, options, keep):
    expected = run_locust(case, keep) if options.live else json.loads(case.golden.read_text())
    seen = run_locust(case, keep) if options.locust else run_gregaria(case, keep)
    return *differences.of(case, expected, seen, ours=not options.locust), seen


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    modes = parser.add_mutually_exclusive_group()
    for mode in ("locust", "live", "record"):
        modes.add_argument(f"--{mode}", action="store_true")
    parser.add_argument("--patience", type=int, default=1, help="multiplies run times, for a busy machine")
    parser.add_argument("--once", action="store_true", help="do not run again what differs")
    parser.add_argument("-v", "--verbose", action="store_true", help="print what the runs wrote")
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    keep, different = sys.stdout if options.verbose else None, 0
    for case in cases(options.names):
        case.patience = options.patience
        if options.record:
            case.golden.write_text(compact(run_locust(case, keep)))
            print(f"{case.name:24} recorded", flush=True)
            continue
        found, explained, seen = compared(case, options, keep)
        if found and not options.once:
            case.patience *= 5
            found, explained, seen = compared(case, options, keep)
        different += bool(found)
        requests = sum(count for _, count in seen["requests"])
        print(f"{case.name:24} {'DIFFERENT' if found else 'same':10} {requests:6} requests {len(seen['rows']):3} rows", flush=True)
        for line in [*found, *(f"explained: {line}" for line in explained)]:
            print(f"    {line}")
    print(f"{different} different" if different else "all the same" if not options.record else "done")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
