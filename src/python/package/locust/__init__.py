"""gregaria's own `locust`: the names that a locustfile imports.

The rules are those of Locust 2.47, whose names these are; the engine below is
another one. What is not here raises with a sentence that says what to write.
"""

from . import _absent, _missing
from ._version import __version__
from .event import Events, events
from .shape import LoadTestShape
from .user import wait_time
from .user.markov_taskset import MarkovTaskSet, transition, transitions
from .user.sequential_taskset import SequentialTaskSet
from .user.task import TaskSet, tag, task
from .user.users import HttpUser, User
from .user.wait_time import between, constant, constant_pacing, constant_throughput, poisson

__all__ = (
    "Events",
    "FastHttpUser",
    "HttpUser",
    "LoadTestShape",
    "MarkovTaskSet",
    "SequentialTaskSet",
    "TaskSet",
    "User",
    "__version__",
    "between",
    "constant",
    "constant_pacing",
    "constant_throughput",
    "events",
    "poisson",
    "run_single_user",
    "tag",
    "task",
    "transition",
    "transitions",
    "wait_time",
)

_absent.install()

_BEFORE_1_0 = {
    "HttpLocust": "write HttpUser, and tasks as its methods (or `tasks = [YourTaskSet]`)",
    "FastHttpLocust": "write FastHttpUser",
    "Locust": "write User, or HttpUser for its `client`",
    "TaskSequence": "write SequentialTaskSet",
    "seq_task": "write SequentialTaskSet: its tasks run in the order of the file",
    "task_set": "write `tasks = [YourTaskSet]`",
    "WebLocust": "write HttpUser",
    "SubLocust": "write TaskSet",
    "require_once": "use on_start",
    "stats_printer": "the command prints the tables itself",
}


def __getattr__(name):
    if name == "FastHttpUser":
        from .contrib.fasthttp import FastHttpUser

        return FastHttpUser
    if name == "run_single_user":
        from .debug import run_single_user

        return run_single_user
    return _missing.answer(__name__, name, _BEFORE_1_0)
