"""Rounding as people do it."""

import math

from .._missing import answer


def proper_round(val, digits=0):
    """Rounds half away from zero, where Python's own rounds half to even."""
    factor = 10**digits
    return math.copysign(math.floor(abs(val) * factor + 0.5) / factor, val)


def __getattr__(name):
    answer(__name__, name)
