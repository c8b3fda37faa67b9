"""A small engine for the tests of the package `locust`: it writes down what it is told."""

import atexit
import json
import shutil
import sys
import tempfile
import textwrap
import types
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "src/python/package"))


class GreenletExit(BaseException):
    """What ends a fiber."""


class Engine(types.ModuleType):
    """Stands for `_gregaria`. `calls` has everything that was asked of it, in order."""

    GreenletExit = Stop = GreenletExit

    def __init__(self):
        super().__init__("_gregaria")
        self.Client = self.Response = type("Client", (), {})
        self.reset()

    def reset(self):
        self.calls = []
        self.iterations_left = 100
        self.snapshot = {}
        self.number = None

    def sleep(self, seconds):
        self.calls.append(("sleep", seconds))

    def iteration(self, wait):
        self.calls.append(("iteration", wait))
        self.iterations_left -= 1
        if self.iterations_left <= 0:
            raise GreenletExit()

    def current(self):
        return 1

    def core(self):
        return self.number

    def cores(self):
        return 2

    def record(self, *sample):
        self.calls.append(("record", *sample))

    def exception(self, message, traceback):
        self.calls.append(("exception", message, traceback))

    def call(self, name, text):
        if name == "stats":
            return json.dumps(self.snapshot)
        self.calls.append((name, json.loads(text)))
        return "{}"

    def finish(self, token):
        self.calls.append(("finish", token))

    def throw(self, token, error):
        self.calls.append(("throw", token, type(error).__name__))

    def spawn(self, function):
        self.calls.append(("spawn",))
        function()
        return 2

    def register(self, **classes):
        pass

    def of(self, kind):
        """The calls of one kind."""
        return [call[1:] for call in self.calls if call[0] == kind]


engine = Engine()
sys.modules["_gregaria"] = engine


def file(text, name="locustfile.py"):
    """Writes a locustfile into a folder of its own; its path."""
    folder = tempfile.mkdtemp(prefix="locustfile-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    path = Path(folder) / name
    path.write_text(textwrap.dedent(text))
    return str(path)
