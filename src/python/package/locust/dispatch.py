"""Locust's choice of how many users of each class run. The engine has its own, by the same rules."""

from ._missing import answer, refusing

UsersDispatcher = refusing(
    __name__, "UsersDispatcher", "write a LoadTestShape, weights or fixed_count"
)


def __getattr__(name):
    answer(__name__, name)
