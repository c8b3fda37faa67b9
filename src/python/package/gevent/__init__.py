"""gevent on the engine of gregaria: the same names, without a hub or an event loop of its own.

Greenlets are fibers of a user: they run on the user's core and may use its client. What blocks in the
standard library lets other fibers run, without `monkey.patch_all()`. What is not there raises an error that
says so.
"""

from gevent.exceptions import GreenletExit
from gevent.greenlet import Greenlet, getcurrent, joinall, killall
from gevent.hub import get_hub, idle, iwait, kill, signal as signal_handler, sleep, spawn_raw, wait
from gevent.timeout import Timeout, with_timeout

__all__ = [
    "Greenlet",
    "GreenletExit",
    "Timeout",
    "get_hub",
    "getcurrent",
    "idle",
    "iwait",
    "joinall",
    "kill",
    "killall",
    "reinit",
    "signal_handler",
    "sleep",
    "spawn",
    "spawn_later",
    "spawn_raw",
    "wait",
    "with_timeout",
]

#: The release whose behaviour this package has.
__version__ = "25.9.1"
version_info = (25, 9, 1, "final", 0)

spawn = Greenlet.spawn
spawn_later = Greenlet.spawn_later


def reinit(hub=None):
    """gevent's way to go on after a fork: nothing to do."""


def __getattr__(name):
    raise AttributeError(
        f"gevent.{name} is not there: gregaria has its own gevent, with greenlets, events, locks, queues,"
        " pools and timeouts, on its own engine"
    )
