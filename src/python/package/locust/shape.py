"""Shapes: how many users there are, from second to second, in Python."""

import time
from abc import ABCMeta, abstractmethod
from ._missing import answer


class LoadTestShapeMeta(ABCMeta):
    """`abstract` is never inherited."""

    def __new__(mcs, name, bases, class_dict):
        class_dict.setdefault("abstract", False)
        return super().__new__(mcs, name, bases, class_dict)


class LoadTestShape(metaclass=LoadTestShapeMeta):
    """Derive and write `tick`; a locustfile's shape steers the run."""

    runner = None
    abstract = True
    use_common_options = False

    def __init__(self):
        self._start_time = time.perf_counter()

    def reset_time(self):
        """Sets the run time back to zero."""
        self._start_time = time.perf_counter()

    def get_run_time(self):
        """The seconds since the start or the last `reset_time`."""
        return time.perf_counter() - self._start_time

    def get_current_user_count(self):
        """How many users run now."""
        return self.runner.user_count

    @abstractmethod
    def tick(self):
        """(users, users per second), with a list of User classes if only some spawn; None ends the run."""


def __getattr__(name):
    answer(__name__, name)
