"""threading.Thread.join and queue.SimpleQueue. Threads themselves stay native ones."""

import collections
import queue
import threading
import types

from gevent._fiber import Deadline, Waiters, in_fiber
from gevent._patch import replace
from gevent.event import Event

_join = threading.Thread.join
_bootstrap_inner = threading.Thread._bootstrap_inner


def _run_thread(self):
    """Runs a thread, and tells the fibers that join it."""
    try:
        _bootstrap_inner(self)
    finally:
        self._has_run = True
        joined = self.__dict__.get("_joined")
        if joined is not None:
            joined.set()


def join(self, timeout=None):
    """Waits for the end of the thread."""
    if in_fiber() and self.is_alive():
        deadline = Deadline(timeout)
        joined = self.__dict__.setdefault("_joined", Event())
        if not self.__dict__.get("_has_run") and not joined.wait(timeout):
            return
        timeout = deadline.left()
    _join(self, timeout)


class SimpleQueue:
    """First in, first out, without a limit. May be used from finalizers: nothing is locked."""

    def __init__(self):
        self._items = collections.deque()
        self._getters = Waiters()

    def put(self, item, block=True, timeout=None):
        self._items.append(item)
        self._getters.wake()

    def put_nowait(self, item):
        self.put(item)

    def get(self, block=True, timeout=None):
        if timeout is not None and timeout < 0:
            raise ValueError("'timeout' must be a non-negative number")
        taken = []

        def attempt():
            try:
                taken.append(self._items.popleft())
            except IndexError:
                return False
            return True

        if not self._getters.wait_for(attempt, timeout if block else 0):
            raise queue.Empty
        return taken[0]

    def get_nowait(self):
        return self.get(block=False)

    def empty(self):
        return not self._items

    def qsize(self):
        return len(self._items)

    __class_getitem__ = classmethod(types.GenericAlias)


def apply():
    replace(threading.Thread, "join", join)
    replace(threading.Thread, "_bootstrap_inner", _run_thread)
    replace(queue, "SimpleQueue", SimpleQueue)
