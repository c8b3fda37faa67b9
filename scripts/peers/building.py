"""Builds gregaria, the floor, and the load test on Goose's library."""

import json
import os
import subprocess
from pathlib import Path

from .clients import output_of, version_in
from .running import Failed

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
TARGET = ROOT / os.environ.get("CARGO_TARGET_DIR", "target")
GOOSE_TARGET = TARGET / "goose"
# A folder of its own: both builds write an extension module of the same name, and each would have the
# other built anew.
FLOOR_TARGET = TARGET / "floor"
GOOSE = GOOSE_TARGET / "release" / "goose-get"


def cargo(*arguments):
    """Runs cargo. Its progress goes to stderr. Returns its stdout."""
    try:
        done = subprocess.run(["cargo", *arguments], cwd=ROOT, check=True, stdout=subprocess.PIPE,
                              stdin=subprocess.DEVNULL, text=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise Failed(f"cargo {' '.join(arguments)}: {error}") from error
    return done.stdout


def build_gregaria():
    cargo("build", "--release", "--locked")
    return str(TARGET / "release" / "gregaria")


def build_floor():
    lines = cargo("bench", "--bench", "floor", "--no-run", "--locked", "--target-dir",
                  str(FLOOR_TARGET), "--message-format", "json").splitlines()
    built = [json.loads(line) for line in lines if line.startswith("{")]
    return next(one["executable"] for one in built
                if one.get("executable") and one["target"]["name"] == "floor")


def build_goose():
    cargo("build", "--release", "--manifest-path", str(HERE / "goose" / "Cargo.toml"),
          "--target-dir", str(GOOSE_TARGET))
    return str(GOOSE)


def built_goose():
    return str(GOOSE) if GOOSE.exists() else None


def version_of_gregaria(program):
    """Returns the version and the commit, with `-dirty` for uncommitted changes."""
    release = version_in(output_of([program, "--version"]))
    commit = output_of(["git", "-C", str(ROOT), "describe", "--always", "--dirty", "--exclude=*"])
    return f"{release} ({commit.strip()})"


def version_of_rust():
    return version_in(output_of(["rustc", "--version"]))
