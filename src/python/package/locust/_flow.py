"""Where an iteration ends: in the engine, or for a user that runs without it."""

import _gregaria


def next_iteration():
    """What ends an iteration and returns when the next one begins, so many seconds later.

    A wait below 0 is none.
    """
    return _gregaria.iteration if _gregaria.current() is not None else _sleep


def _sleep(seconds):
    if seconds > 0:
        _gregaria.sleep(seconds)
