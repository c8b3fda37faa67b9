"""Locust's keys. The command listens to them itself."""

from ._missing import answer, refusing

input_listener = refusing(__name__, "input_listener", "the command listens to the keys itself")


def __getattr__(name):
    answer(__name__, name)
