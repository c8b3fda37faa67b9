"""Things that tell others when they are ready."""

import collections
import sys
import traceback

from gevent._fiber import Waiter


class Linked:
    """Calls each of its links once, when it is ready. A subclass has `ready()`."""

    def __init__(self):
        self._links = collections.deque()

    def ready(self):
        raise NotImplementedError

    def rawlink(self, callback):
        """Calls back with this object once it is ready. The callback must not wait."""
        if not callable(callback):
            raise TypeError(f"Expected callable: {callback!r}")
        self._links.append(callback)
        if self.ready():
            self._tell_links()

    def unlink(self, callback):
        """Forgets a callback."""
        try:
            self._links.remove(callback)
        except ValueError:
            pass

    def linkcount(self):
        return len(self._links)

    def _tell_links(self):
        while True:
            try:
                link = self._links.popleft()
            except IndexError:
                return
            try:
                link(self)
            except BaseException:
                # gevent prints what a link raises, and calls the others.
                traceback.print_exc(file=sys.stderr)

    def _wait_until_ready(self, timeout):
        """Waits until it is ready, even for a moment only. Returns whether it was in time."""
        if self.ready():
            return True
        waiter = Waiter()
        self.rawlink(waiter)
        try:
            return waiter.wait(timeout)
        finally:
            self.unlink(waiter)
