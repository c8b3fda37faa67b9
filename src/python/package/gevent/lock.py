"""Locks of greenlets."""

import _thread

from gevent._fiber import Waiters, current
from gevent._linked import Linked

__all__ = ["BoundedSemaphore", "DummySemaphore", "RLock", "Semaphore"]


class Semaphore(Linked):
    """A number of permits, for which greenlets wait in their order."""

    def __init__(self, value=1, hub=None):
        super().__init__()
        if value < 0:
            raise ValueError("semaphore initial value must be >= 0")
        self.counter = value
        self._waiters = Waiters()
        # Held for some instructions only: other threads may release, too.
        self._guard = _thread.RLock()

    def ready(self):
        return self.counter > 0

    def locked(self):
        """Whether there is no permit left."""
        return self.counter <= 0

    def acquire(self, blocking=True, timeout=None):
        """Takes a permit. Returns whether there was one in time."""
        if not blocking:
            timeout = 0
        return self._waiters.wait_for(self._take, timeout)

    def _take(self):
        with self._guard:
            if self.counter <= 0:
                return False
            self.counter -= 1
            return True

    def release(self):
        """Gives a permit back. Returns how many there are."""
        with self._guard:
            self.counter += 1
            counter = self.counter
        self._waiters.wake()
        self._tell_links()
        return counter

    def wait(self, timeout=None):
        """Waits until there is a permit, and takes none. Returns how many there are."""
        self._waiters.wait_for(self.ready, timeout)
        return self.counter

    def __enter__(self):
        self.acquire()

    def __exit__(self, kind, value, traceback):
        self.release()

    def __repr__(self):
        return f"<{type(self).__name__} at {id(self):#x} counter={self.counter}>"


class BoundedSemaphore(Semaphore):
    """A semaphore whose permits cannot be more than at first."""

    _OVER_RELEASE_ERROR = ValueError

    def __init__(self, value=1, hub=None):
        super().__init__(value, hub)
        self._initial_value = value

    def release(self):
        if self.counter >= self._initial_value:
            raise self._OVER_RELEASE_ERROR("Semaphore released too many times")
        return super().release()


class DummySemaphore:
    """A semaphore without a limit."""

    def __init__(self, value=None):
        if value is not None and value < 0:
            raise ValueError("semaphore initial value must be >= 0")

    def locked(self):
        return False

    def ready(self):
        return True

    def acquire(self, blocking=True, timeout=None):
        return True

    def release(self):
        pass

    def rawlink(self, callback):
        pass

    def unlink(self, callback):
        pass

    def wait(self, timeout=None):
        return 1

    def __enter__(self):
        pass

    def __exit__(self, kind, value, traceback):
        pass


class RLock:
    """A lock that its owner may take again."""

    def __init__(self, hub=None):
        self._block = Semaphore(1, hub)
        self._owner = None
        self._count = 0

    def acquire(self, blocking=True, timeout=None):
        """Takes the lock. Returns whether that went in time."""
        me = current()
        if self._owner == me:
            self._count += 1
            return True
        if not self._block.acquire(blocking, timeout):
            return False
        self._owner = me
        self._count = 1
        return True

    def release(self):
        """Gives the lock back, once for each time that it was taken."""
        me = current()
        if self._owner != me:
            raise RuntimeError(f"cannot release un-acquired lock. Owner: {self._owner} Current: {me}")
        self._count -= 1
        if self._count == 0:
            self._owner = None
            self._block.release()

    def locked(self):
        return self._count > 0

    def __enter__(self):
        return self.acquire()

    def __exit__(self, kind, value, traceback):
        self.release()

    # For threading.Condition.

    def _is_owned(self):
        return self._owner == current()

    def _release_save(self):
        saved = (self._count, self._owner)
        self._count, self._owner = 0, None
        self._block.release()
        return saved

    def _acquire_restore(self, saved):
        self._block.acquire()
        self._count, self._owner = saved

    def __repr__(self):
        return f"<{type(self).__name__} at {id(self):#x} _count={self._count} _owner={self._owner}>"
