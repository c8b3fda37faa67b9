"""selectors of the standard library."""

import selectors as _original


def __getattr__(name):
    return getattr(_original, name)


def __dir__():
    return dir(_original)
