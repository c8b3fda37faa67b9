"""time of the standard library; its sleep lets others run."""

import time as _original


def __getattr__(name):
    return getattr(_original, name)


def __dir__():
    return dir(_original)
