"""Who runs, and how it waits: a fiber of the engine or, outside of fibers, a native thread.

A fiber runs on a core and lets others run there while it waits. Outside of the core's fibers (in the host
process, and in threads that a file starts) a greenlet is a native thread. Everything else of this package is
written on the functions here, and so works in both.
"""

import _thread
import collections
import time

import _gregaria

_thread_local = _thread._local()


class _Thread:
    """A native thread as somebody who waits. It has at most one remembered wake-up, as a fiber has."""

    __slots__ = ("_awake", "_thrown")

    def __init__(self):
        self._awake = _thread.allocate_lock()
        self._awake.acquire()
        self._thrown = collections.deque()

    def park(self, timeout):
        limit = -1 if timeout is None else min(max(timeout, 0), _thread.TIMEOUT_MAX)
        woken = self._awake.acquire(True, limit)
        if self._thrown:
            raise self._thrown.popleft()
        return woken

    def unpark(self):
        try:
            self._awake.release()
        except RuntimeError:
            pass  # It has a wake-up already.

    def throw(self, exception):
        self._thrown.append(exception)
        self.unpark()


def in_fiber():
    """Whether a fiber runs: then nothing may block the thread."""
    return _gregaria.current() is not None


def current():
    """Whoever runs: the number of a fiber, or an object for a native thread."""
    token = _gregaria.current()
    if token is not None:
        return token
    try:
        return _thread_local.thread
    except AttributeError:
        _thread_local.thread = _Thread()
        return _thread_local.thread


def spawn(function):
    """Starts whatever calls the function, and returns it. The function must not raise."""
    if in_fiber():
        return _gregaria.spawn(function)
    thread = _Thread()

    def run():
        _thread_local.thread = thread
        function()

    _thread.start_new_thread(run, ())
    return thread


def park(timeout=None):
    """Waits until somebody calls `unpark`, and returns True; False after so many seconds.

    May return without a reason: an earlier `unpark` is remembered.
    """
    if in_fiber():
        return _gregaria.park(None if timeout is None else max(timeout, 0))
    return current().park(timeout)


def unpark(who):
    """Ends a `park`, the present or the next one."""
    if type(who) is int:
        _gregaria.unpark(who)
    else:
        who.unpark()


def throw(who, exception):
    """Raises an exception where somebody waits."""
    if type(who) is int:
        _gregaria.throw(who, exception)
    else:
        who.throw(exception)


def sleep(seconds):
    """Waits for so long; others run meanwhile, for no time at all, too."""
    if in_fiber():
        _gregaria.sleep(max(seconds, 0))
        return
    deadline = Deadline(seconds)
    while park(deadline.left()):
        pass


class Deadline:
    """The end of a wait, which may have none."""

    __slots__ = ("_at",)

    def __init__(self, timeout):
        self._at = None if timeout is None else time.monotonic() + timeout

    def left(self):
        """Seconds until then, None without an end."""
        return None if self._at is None else max(self._at - time.monotonic(), 0)

    def has_passed(self):
        return self._at is not None and time.monotonic() >= self._at


class Waiter:
    """Waits to be called once, from anywhere."""

    __slots__ = ("_who", "_called")

    def __init__(self):
        self._who = current()
        self._called = False

    def __call__(self, _source=None):
        self._called = True
        unpark(self._who)

    def wait(self, timeout=None):
        """Waits for the call. Returns whether it came in time."""
        deadline = Deadline(timeout)
        while not self._called:
            if deadline.has_passed():
                return False
            park(deadline.left())
        return True


class Waiters:
    """Those who wait until something can be done, in their order.

    Any of them is woken when it may be possible and tries for itself, so a wake-up too many harms nobody.
    """

    __slots__ = ("_waiting",)

    def __init__(self):
        self._waiting = collections.deque()

    def __len__(self):
        return len(self._waiting)

    def wait_for(self, attempt, timeout=None):
        """Waits until `attempt` returns something true. Returns whether it did in time."""
        if attempt():
            return True
        deadline = Deadline(timeout)
        place = [current()]
        self._waiting.append(place)
        try:
            # Once more, because whoever made it possible meanwhile saw nobody waiting.
            while not attempt():
                if deadline.has_passed():
                    return False
                park(deadline.left())
            return True
        finally:
            # By identity: two places of one fiber are equal, and either will do.
            self._waiting.remove(place)
            # The wake-up that ended this wait may have been meant for the next one.
            self.wake()

    def wake(self):
        """Lets the first one try."""
        try:
            who = self._waiting[0][0]
        except IndexError:
            return
        unpark(who)


class Timer:
    """Calls a function after so many seconds, unless it is cancelled before."""

    __slots__ = ("_who", "_ended", "_function", "_seconds")

    def __init__(self, seconds, function):
        self._seconds = seconds
        self._function = function
        self._ended = False
        self._who = spawn(self._run)

    def _run(self):
        deadline = Deadline(self._seconds)
        try:
            while not self._ended and not deadline.has_passed():
                park(deadline.left())
        except BaseException:
            return  # The user is stopped, and its timers with it.
        if not self._ended:
            self._ended = True
            self._function()

    def cancel(self):
        if not self._ended:
            self._ended = True
            unpark(self._who)
