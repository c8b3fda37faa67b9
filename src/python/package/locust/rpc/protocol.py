"""The message of `register_message`'s listeners, under Locust's path."""

from .._missing import answer
from ..runners import Message


def __getattr__(name):
    answer(__name__, name)
