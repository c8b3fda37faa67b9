"""Users and their tasks."""

from .._missing import answer
from . import wait_time
from .task import TaskSet, tag, task
from .users import HttpUser, User


def __getattr__(name):
    answer(__name__, name)
