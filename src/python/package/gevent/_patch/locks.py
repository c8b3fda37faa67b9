"""Locks of `threading`, on which its conditions, events and semaphores and `queue.Queue` are built.

A fiber that waits for one lets others run, such as the one that holds it. All fibers of a core run on one
thread, so the owner of a reentrant lock is the fiber and not the thread.
"""

import threading
from _thread import allocate_lock, get_ident

import _gregaria

from gevent._fiber import Waiters, in_fiber
from gevent._patch import replace


class Lock:
    """A lock. Threads wait for it in the kernel, fibers in a list."""

    __slots__ = ("_lock", "_waiters", "__weakref__")

    def __init__(self):
        self._lock = allocate_lock()
        self._waiters = Waiters()

    def acquire(self, blocking=True, timeout=-1):
        if self._lock.acquire(False):
            return True
        if not blocking or not in_fiber():
            return self._lock.acquire(blocking, timeout)
        if timeout < 0 and timeout != -1:
            raise ValueError("timeout value must be a non-negative number")
        return self._waiters.wait_for(self._take, None if timeout == -1 else timeout)

    def _take(self):
        return self._lock.acquire(False)

    def release(self):
        self._lock.release()
        if self._waiters:
            self._waiters.wake()

    def locked(self):
        return self._lock.locked()

    def __enter__(self):
        return self._lock.acquire(False) or self.acquire()

    def __exit__(self, kind, value, traceback):
        self.release()

    def _at_fork_reinit(self):
        self._lock = allocate_lock()
        self._waiters = Waiters()

    def __repr__(self):
        state = "locked" if self.locked() else "unlocked"
        return f"<{state} {type(self).__module__}.{type(self).__qualname__} object at {id(self):#x}>"


def _me():
    """Who runs: fibers have positive numbers, threads negative ones."""
    token = _gregaria.current()
    return -get_ident() if token is None else token


class RLock:
    """A lock that its owner may take again."""

    __slots__ = ("_block", "_owner", "_count", "__weakref__")

    def __init__(self):
        self._block = Lock()
        self._owner = None
        self._count = 0

    def acquire(self, blocking=True, timeout=-1):
        me = _me()
        if self._owner == me:
            self._count += 1
            return True
        if not self._block.acquire(blocking, timeout):
            return False
        self._owner = me
        self._count = 1
        return True

    def release(self):
        if self._owner != _me():
            raise RuntimeError("cannot release un-acquired lock")
        self._count -= 1
        if self._count == 0:
            self._owner = None
            self._block.release()

    def locked(self):
        return self._block.locked()

    def __enter__(self):
        return self.acquire()

    def __exit__(self, kind, value, traceback):
        self.release()

    # What threading.Condition and forks ask for.

    def _is_owned(self):
        return self._owner == _me()

    def _recursion_count(self):
        return self._count if self._owner == _me() else 0

    def _release_save(self):
        if self._count == 0:
            raise RuntimeError("cannot release un-acquired lock")
        saved = (self._count, self._owner)
        self._count, self._owner = 0, None
        self._block.release()
        return saved

    def _acquire_restore(self, saved):
        self._block.acquire()
        self._count, self._owner = saved

    def _at_fork_reinit(self):
        self._block._at_fork_reinit()
        self._owner, self._count = None, 0

    def __repr__(self):
        state = "locked" if self.locked() else "unlocked"
        return f"<{state} {type(self).__qualname__} owner={self._owner} count={self._count} at {id(self):#x}>"


def apply():
    replace(threading, "Lock", Lock)
    replace(threading, "_allocate_lock", Lock)
    replace(threading, "RLock", RLock)
