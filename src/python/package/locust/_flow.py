"""Where an iteration ends: in the engine, or for a user that runs without it."""

import _gregaria


def next_iteration(wait):
    """Ends this iteration and returns when the next one begins, `wait` seconds later."""
    if _gregaria.current() is not None:
        _gregaria.iteration(-1.0 if wait is None else wait)
    elif wait:
        _gregaria.sleep(wait)
