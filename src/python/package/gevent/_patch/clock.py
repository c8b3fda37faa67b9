"""time.sleep."""

import time

import _gregaria

from gevent._fiber import in_fiber
from gevent._patch import replace

_sleep = time.sleep


def sleep(seconds):
    """Suspends for so long. Others run meanwhile, for no time at all, too."""
    if not in_fiber():
        _sleep(seconds)
        return
    if seconds < 0:
        raise ValueError("sleep length must be non-negative")
    _gregaria.sleep(seconds)


def apply():
    replace(time, "sleep", sleep)
