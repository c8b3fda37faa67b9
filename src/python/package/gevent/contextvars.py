"""contextvars of the standard library: each fiber has a context of its own."""

import contextvars as _original


def __getattr__(name):
    return getattr(_original, name)


def __dir__():
    return dir(_original)
