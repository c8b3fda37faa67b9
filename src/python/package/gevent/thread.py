"""What Python 2 named `thread`. A thread that is started here is a greenlet, as with gevent."""

import _thread
from threading import Lock as LockType

from gevent import _fiber
from gevent.exceptions import GreenletExit
from gevent.greenlet import Greenlet
from gevent.local import local as _local

__all__ = ["LockType", "allocate_lock", "exit", "get_ident", "stack_size", "start_new_thread"]

error = RuntimeError
allocate_lock = LockType


def get_ident(greenlet=None):
    """A number of the greenlet that runs."""
    who = _fiber.current()
    return who if isinstance(who, int) else _thread.get_ident()


def start_new_thread(function, args=(), kwargs=None):
    return Greenlet.spawn(function, *args, **(kwargs or {})).minimal_ident


def exit():
    raise GreenletExit


def stack_size(size=None):
    return 0
