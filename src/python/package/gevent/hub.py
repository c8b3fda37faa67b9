"""What gevent's hub is asked for: the current greenlet, sleeping, waiting for several things.

There is no hub: the engine's own loop runs the greenlets of a core.
"""

import collections

from _gregaria import GreenletExit

from gevent import _fiber
from gevent.exceptions import LoopExit
from gevent.greenlet import Greenlet, getcurrent

__all__ = [
    "GreenletExit",
    "LoopExit",
    "get_hub",
    "getcurrent",
    "idle",
    "iwait",
    "kill",
    "signal",
    "sleep",
    "spawn_raw",
    "wait",
]


def sleep(seconds=0, ref=True):
    """Waits for so long, and lets others run."""
    _fiber.sleep(seconds)


def idle(priority=0):
    """Lets everybody else run once."""
    _fiber.sleep(0)


def spawn_raw(function, *args, **kwargs):
    """Starts a greenlet, as `spawn` does."""
    return Greenlet.spawn(function, *args, **kwargs)


def kill(greenlet, exception=GreenletExit):
    """Raises an exception in a greenlet, and does not wait for its end."""
    greenlet.kill(exception, block=False)


def signal(*args, **kwargs):
    raise NotImplementedError(
        "gevent.signal_handler: gregaria has the signals of a run; what to do at its end belongs to"
        " events.test_stop or events.quitting"
    )


def iwait(objects=None, timeout=None, count=None):
    """Yields objects (greenlets, events, results) in the order in which they are ready."""
    if objects is None:
        raise NotImplementedError("gevent.wait() and iwait() need the objects to wait for")
    objects = list(objects)
    count = len(objects) if count is None else min(count, len(objects))
    return _iwait(objects, _fiber.Deadline(timeout), count)


def _iwait(objects, deadline, count):
    ready = collections.deque()
    me = _fiber.current()

    def on_ready(source):
        ready.append(source)
        _fiber.unpark(me)

    for each in objects:
        each.rawlink(on_ready)
    try:
        while count > 0:
            if ready:
                count -= 1
                yield ready.popleft()
            elif deadline.has_passed():
                return
            else:
                _fiber.park(deadline.left())
    finally:
        for each in objects:
            each.unlink(on_ready)


def wait(objects=None, timeout=None, count=None):
    """Waits for all of the objects, or for so many. Returns those that are ready."""
    return list(iwait(objects, timeout, count))


class Hub:
    """Only what files ask it for: its pool of native threads, and the file that errors are printed to."""

    NOT_ERROR = (GreenletExit, SystemExit)
    SYSTEM_ERROR = (KeyboardInterrupt, SystemExit, SystemError)

    def __init__(self):
        self._threadpool = None
        self.exception_stream = None

    @property
    def threadpool(self):
        from gevent.threadpool import ThreadPool

        if self._threadpool is None:
            self._threadpool = ThreadPool(10)
        return self._threadpool

    def __getattr__(self, name):
        raise AttributeError(
            f"gevent's hub has no {name!r} here: gregaria runs greenlets on its own engine, without a hub"
        )


_hub = Hub()


def get_hub(*args, **kwargs):
    """The hub, of which there is one in a process."""
    return _hub
