"""select, poll and epoll of the standard library."""

import select as _original


def __getattr__(name):
    return getattr(_original, name)


def __dir__():
    return dir(_original)
