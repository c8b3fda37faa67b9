"""Small functions that files import from Locust."""

from .._missing import answer


def __getattr__(name):
    answer(__name__, name)
