"""threading of the standard library; its locks let other fibers run while they wait."""

import threading as _original


def __getattr__(name):
    return getattr(_original, name)


def __dir__():
    return dir(_original)
