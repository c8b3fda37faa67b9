"""Calls in native threads, for what would block all fibers of a core."""

import _queue
import _thread
import os

from gevent._fiber import Waiter, in_fiber

#: As many as gevent's own pool has.
MOST = 10
#: How long a thread without work stays.
IDLE_SECONDS = 10.0


class Workers:
    """At most so many native threads, which are started when there is work for them."""

    def __init__(self, most=MOST):
        self.most = most
        self.forget()

    def forget(self):
        """Begins anew: a process that was forked has none of the threads."""
        self._work = _queue.SimpleQueue()
        self._guard = _thread.allocate_lock()
        self._threads = 0
        self._idle = 0

    def __len__(self):
        return self._threads

    def begin(self, function):
        """Has a thread call the function, which must not raise."""
        self._work.put(function)
        with self._guard:
            if self._idle < self._work.qsize() and self._threads < self.most:
                self._threads += 1
                _thread.start_new_thread(self._run, ())

    def _run(self):
        while True:
            with self._guard:
                self._idle += 1
            try:
                function = self._work.get(timeout=IDLE_SECONDS)
            except _queue.Empty:
                with self._guard:
                    self._idle -= 1
                    if self._work.qsize() == 0:
                        self._threads -= 1
                        return
                continue
            with self._guard:
                self._idle -= 1
            function()
            del function


_workers = Workers()
os.register_at_fork(after_in_child=_workers.forget)


class _Call:
    """A call whose result a fiber waits for."""

    def __init__(self, function, args, kwargs):
        self._call = (function, args, kwargs)
        self._waiter = Waiter()
        self._result = None
        self._exception = None

    def run(self):
        function, args, kwargs = self._call
        try:
            self._result = function(*args, **kwargs)
        except BaseException as exception:
            self._exception = exception
        self._waiter()

    def result(self):
        self._waiter.wait()
        if self._exception is not None:
            raise self._exception
        return self._result


def call(function, *args, **kwargs):
    """Calls a function that blocks. In a fiber, a native thread calls it, and the fiber waits for that."""
    if not in_fiber():
        return function(*args, **kwargs)
    call = _Call(function, args, kwargs)
    _workers.begin(call.run)
    return call.result()
