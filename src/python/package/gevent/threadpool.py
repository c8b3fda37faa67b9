"""Pools of native threads, for what blocks."""

from concurrent.futures import ThreadPoolExecutor

from gevent._native import MOST, Workers
from gevent.event import AsyncResult, Event
from gevent.pool import _Mapping

__all__ = ["ThreadPool", "ThreadPoolExecutor", "ThreadResult"]

ThreadResult = AsyncResult


class ThreadPool(_Mapping):
    """Calls functions in native threads. Only such calls may block; they may not use a user's client."""

    def __init__(self, maxsize=MOST, hub=None, idle_task_timeout=-1):
        if maxsize < 1:
            raise ValueError("maxsize must be positive")
        self.maxsize = maxsize
        self._workers = Workers(maxsize)
        self._unfinished = 0
        self._all_done = Event()
        self._all_done.set()

    @property
    def size(self):
        """How many threads there are."""
        return len(self._workers)

    def __len__(self):
        return self._unfinished

    def spawn(self, func, *args, **kwargs):
        """Has a thread call the function. Returns an `AsyncResult`."""
        result = AsyncResult()
        self._unfinished += 1
        self._all_done.clear()
        result.rawlink(self._done)

        def run():
            try:
                value = func(*args, **kwargs)
            except BaseException as exception:
                result.set_exception(exception)
            else:
                result.set(value)

        self._workers.begin(run)
        return result

    def _done(self, _result):
        self._unfinished -= 1
        if self._unfinished == 0:
            self._all_done.set()

    def join(self, timeout=None):
        """Waits until all calls have ended."""
        self._all_done.wait(timeout)

    def kill(self):
        """Waits for the calls: a native thread cannot be ended from outside."""
        self.join()

    def __repr__(self):
        return f"<{type(self).__name__} at {id(self):#x} tasks={self._unfinished} size={self.size}>"
