"""A core of fibers for tests of Python code: `_gregaria` with fibers that are native threads, of which one
runs at a time. As on a real core, a fiber that blocks holds up all others.

    import fibers                # makes the module `_gregaria`
    fibers.run(function, ...)    # calls each in a fiber of its own

With GREGARIA_TEST_REAL_GEVENT=1, under a Python that has gevent, the functions run in gevent's greenlets instead:
so a test shows what gevent itself does.
"""

import _thread
import collections
import heapq
import itertools
import os
import select
import sys
import time
import types

REAL = bool(os.environ.get("GREGARIA_TEST_REAL_GEVENT"))

#: From here on a test hangs.
PATIENCE = 10.0

_allocate_lock = _thread.allocate_lock
_sleep = time.sleep
_poll = select.poll
_epoll = select.epoll


class GreenletExit(BaseException):
    pass


class Blocked(AssertionError):
    """A fiber blocks the thread, or nothing can wake the fibers that are left."""


class _Fiber:
    def __init__(self, core, function):
        self.core = core
        self.token = next(core.tokens)
        self.function = function
        self.go = _allocate_lock()
        self.go.acquire()
        self.thrown = collections.deque()
        self.permit = False
        self.wait = 0  # Counts waits, so that a late timer finds another one.
        self.waits = False
        self.ended = False
        self.error = None

    def begin(self):
        _thread.start_new_thread(self._run, ())

    def _run(self):
        self.go.acquire()
        self.core.local.fiber = self
        try:
            if self.thrown:
                raise self.thrown.popleft()
            self.function()
        except GreenletExit:
            pass
        except BaseException as error:
            self.error = error
        self.ended = True
        del self.core.fibers[self.token]
        self.core.back.release()

    def suspend(self):
        """Lets the others run until it is resumed. Returns why: False for the end of a time."""
        self.waits = True
        self.wait += 1
        self.core.back.release()
        self.go.acquire()
        if self.thrown:
            raise self.thrown.popleft()
        return self.why

    def resume(self, wait, why):
        if self.waits and self.wait == wait:
            self.waits = False
            self.why = why
            self.core.runnable.append(self)


class _Core:
    def __init__(self):
        self.tokens = itertools.count(1)
        self.order = itertools.count()
        self.fibers = {}
        self.runnable = collections.deque()
        self.timers = []
        self.descriptors = {}
        self.foreign = collections.deque()
        self.back = _allocate_lock()
        self.back.acquire()
        self.local = _thread._local()
        self.woken, self.waker = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)

    def fiber(self):
        return getattr(self.local, "fiber", None)

    def start(self, function):
        fiber = _Fiber(self, function)
        self.fibers[fiber.token] = fiber
        fiber.begin()
        self.runnable.append(fiber)
        return fiber

    def after(self, seconds, fiber):
        entry = (time.monotonic() + seconds, next(self.order), fiber, fiber.wait + 1)
        heapq.heappush(self.timers, entry)

    def run(self, fibers):
        end = time.monotonic() + PATIENCE
        while not all(fiber.ended for fiber in fibers):
            if time.monotonic() > end:
                raise Blocked("the fibers do not end")
            while self.foreign:
                self.foreign.popleft()()
            if self.runnable:
                fiber = self.runnable.popleft()
                fiber.go.release()
                if not self.back.acquire(timeout=PATIENCE):
                    raise Blocked("a fiber blocks the core")
            if not all(fiber.ended for fiber in fibers):
                self._look(end)
        for fiber in fibers:
            if fiber.error is not None:
                raise fiber.error

    def _look(self, end):
        """Takes what is due, and waits for it if nothing else is to do."""
        poll = _poll()
        poll.register(self.woken, select.POLLIN)
        masks = collections.Counter()
        for fd, mask in self.descriptors.values():
            masks[fd] |= mask
        for fd, mask in masks.items():
            poll.register(fd, mask)
        until = min([end, *(timer[0] for timer in self.timers[:1])])
        idle = not self.runnable and not self.foreign
        ready = dict(poll.poll(max(0, until - time.monotonic()) * 1000 if idle else 0))
        if self.woken in ready:
            os.read(self.woken, 4096)
        for (fiber, wait), (fd, mask) in list(self.descriptors.items()):
            if ready.get(fd, 0) & (mask | select.POLLHUP | select.POLLERR | select.POLLNVAL):
                fiber.resume(wait, True)
        while self.timers and self.timers[0][0] <= time.monotonic():
            _, _, fiber, wait = heapq.heappop(self.timers)
            fiber.resume(wait, False)

    def stop(self):
        """Ends the fibers that are left."""
        while self.fibers:
            for fiber in list(self.fibers.values()):
                throw(fiber.token, GreenletExit())
            self.run(list(self.fibers.values()))


_core = _Core()


def current():
    fiber = _core.fiber()
    return None if fiber is None else fiber.token


def spawn(function):
    return _core.start(function).token


def park(timeout):
    fiber = _core.fiber()
    if fiber.permit:
        fiber.permit = False
        return True
    if timeout is not None:
        _core.after(timeout, fiber)
    woken = fiber.suspend()
    if woken:
        fiber.permit = False
    return woken


def _on_core(function):
    """Calls a function on the core's thread of control, from wherever."""
    if _core.fiber() is not None:
        function()
        return
    _core.foreign.append(function)
    os.write(_core.waker, b"x")


def unpark(token):
    def wake():
        fiber = _core.fibers.get(token)
        if fiber is not None:
            fiber.permit = True
            if getattr(fiber, "parked", True):
                fiber.resume(fiber.wait, True)

    _on_core(wake)


def throw(token, exception):
    def raise_there():
        fiber = _core.fibers.get(token)
        if fiber is not None:
            fiber.thrown.append(exception)
            fiber.resume(fiber.wait, True)

    _on_core(raise_there)


def sleep(seconds):
    fiber = _core.fiber()
    if fiber is None:
        _sleep(seconds)
        return
    fiber.parked = False
    try:
        _core.after(seconds, fiber)
        fiber.suspend()
    finally:
        fiber.parked = True


def wait_fd(fd, events, timeout):
    mask = (select.POLLIN if events & 1 else 0) | (select.POLLOUT if events & 2 else 0)
    fiber = _core.fiber()
    if fiber is None:
        poll = _poll()
        poll.register(fd, mask)
        return bool(poll.poll(None if timeout is None else timeout * 1000))
    if timeout is not None:
        _core.after(timeout, fiber)
    key = (fiber, fiber.wait + 1)
    _core.descriptors[key] = (fd, mask)
    fiber.parked = False
    try:
        return fiber.suspend()
    finally:
        fiber.parked = True
        del _core.descriptors[key]


def run(*functions):
    """Calls each function in a fiber of its own, waits for all, and ends what they have left behind."""
    if REAL:
        import gevent

        gevent.joinall([gevent.spawn(function) for function in functions], raise_error=True)
        return
    try:
        _core.run([_core.start(function) for function in functions])
    finally:
        _core.stop()


def in_fiber(test):
    """Has a method of a test case run in a fiber."""

    def method(self):
        run(lambda: test(self))

    method.__name__ = test.__name__
    method.__doc__ = test.__doc__
    return method


def _install():
    module = types.ModuleType("_gregaria")
    module.GreenletExit = module.Stop = GreenletExit
    for function in (current, spawn, park, unpark, throw, sleep, wait_fd):
        setattr(module, function.__name__, function)
    sys.modules["_gregaria"] = module
    here = os.path.dirname(os.path.abspath(__file__))
    sys.path.insert(0, os.path.join(here, "..", "..", "src", "python", "package"))


if not REAL:
    _install()
