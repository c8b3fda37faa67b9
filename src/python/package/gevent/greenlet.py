"""Greenlets: functions that run beside each other, and let each other run while they wait."""

import itertools
import sys
import threading
import time
import traceback

from _gregaria import GreenletExit

from gevent import _fiber
from gevent._linked import Linked
from gevent.timeout import Timeout

__all__ = ["Greenlet", "joinall", "killall"]

_numbers = itertools.count()
_here = threading.local()


def getcurrent():
    """The greenlet that runs. A user's own, and a thread outside of users, have one, too."""
    try:
        return _here.greenlet
    except AttributeError:
        _here.greenlet = Greenlet._of_whoever_runs()
        return _here.greenlet


class Greenlet(Linked):
    """A call that runs beside others. It begins when the greenlet that started it waits."""

    value = None
    _exception = None
    _exc_info = ()

    def __init__(self, run=None, *args, **kwargs):
        super().__init__()
        if run is not None:
            self._run = run
        if not callable(self._run):
            raise TypeError("The run argument or self._run must be callable")
        self.args = args
        self.kwargs = kwargs
        self.minimal_ident = next(_numbers)
        self._name = None
        self._who = None
        self._delay = 0
        self._has_begun = False
        self._is_done = False
        self._thrown_at_begin = None
        self.spawning_greenlet = None

    _run = None

    @classmethod
    def _of_whoever_runs(cls):
        greenlet = cls(lambda: None)
        greenlet._who = _fiber.current()
        greenlet._has_begun = True
        greenlet._name = "main"
        return greenlet

    @classmethod
    def spawn(cls, *args, **kwargs):
        """Makes a greenlet and starts it."""
        greenlet = cls(*args, **kwargs)
        greenlet.start()
        return greenlet

    @classmethod
    def spawn_later(cls, seconds, *args, **kwargs):
        """Makes a greenlet that begins after so many seconds."""
        if args and not callable(args[0]) and cls is Greenlet:
            raise TypeError("function must be callable")
        greenlet = cls(*args, **kwargs)
        greenlet.start_later(seconds)
        return greenlet

    def start(self):
        """Starts it, once."""
        self.start_later(0)

    def start_later(self, seconds):
        """Starts it, once: it begins after so many seconds."""
        if self._who is None and not self._is_done:
            self._delay = seconds
            self.spawning_greenlet = getattr(_here, "greenlet", None)
            self._who = _fiber.spawn(self._main)

    def _main(self):
        _here.greenlet = self
        try:
            if self._delay > 0:
                self._wait_to_begin()
            if self._thrown_at_begin is not None:
                raise self._thrown_at_begin
            if self._is_done:
                return
            self._has_begun = True
            value = self._run(*self.args, **self.kwargs)
        except GreenletExit as exit:
            self._end(exit)
        except BaseException as exception:
            self._fail(exception)
        else:
            self._end(value)

    def _wait_to_begin(self):
        deadline = _fiber.Deadline(self._delay)
        while not self._is_done and not deadline.has_passed():
            _fiber.park(deadline.left())

    def _end(self, value):
        if not self._is_done:
            self.value = value
            self._is_done = True
            self._tell_links()

    def _fail(self, exception):
        """Ends with an exception, which is printed as gevent does: its traceback, when, and who failed."""
        if self._is_done:
            return
        self._exception = exception
        self._exc_info = (type(exception), exception, exception.__traceback__)
        if exception.__traceback__ is not None:
            # The first frame is this file's.
            shown = exception.__traceback__.tb_next or exception.__traceback__
            traceback.print_exception(type(exception), exception, shown, file=sys.stderr)
        else:
            traceback.print_exception(exception, file=sys.stderr)
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        print(f"{now} {self!r} failed with {type(exception).__name__}\n", file=sys.stderr)
        self._is_done = True
        self._tell_links()

    # What has become of it.

    def ready(self):
        """Whether it has ended."""
        return self._is_done

    @property
    def dead(self):
        return self._is_done

    @property
    def started(self):
        """Whether it was started and has not ended."""
        return self._who is not None and not self._is_done

    def __bool__(self):
        return self.started

    def successful(self):
        """Whether it has ended without an exception; `GreenletExit` is none."""
        return self._is_done and self._exception is None

    @property
    def exception(self):
        """What it has raised."""
        return self._exception

    @property
    def exc_info(self):
        return self._exc_info or None

    def join(self, timeout=None):
        """Waits until it has ended."""
        self._wait_until_ready(timeout)

    def get(self, block=True, timeout=None):
        """What it has returned, or raises what it has raised. `Timeout` where that takes longer."""
        if not self._is_done:
            if not block:
                raise Timeout()
            if not self._wait_until_ready(timeout):
                raise Timeout(timeout)
        if self._exception is not None:
            raise self._exception
        return self.value

    # Ending it.

    def kill(self, exception=GreenletExit, block=True, timeout=None):
        """Raises an exception in it where it waits; with `block` waits until it has ended."""
        if self._is_done:
            return
        raised = exception() if isinstance(exception, type) else exception
        if not self._has_begun:
            self._end_before_begin(raised)
            return
        if _fiber.current() == self._who:
            raise raised
        _fiber.throw(self._who, raised)
        if block:
            self.join(timeout)

    def throw(self, *args):
        """Raises an exception in it where it waits: a class, a class with its argument, or an instance."""
        kind = args[0] if args else GreenletExit
        value = args[1] if len(args) > 1 else None
        if isinstance(kind, type):
            kind = value if isinstance(value, kind) else kind() if value is None else kind(value)
        self.kill(kind, block=False)

    def _end_before_begin(self, exception):
        if isinstance(exception, GreenletExit):
            self._end(exception)
        else:
            self._fail(exception)
        if self._who is not None:
            _fiber.unpark(self._who)

    # Who is told.

    def link(self, callback, SpawnedLink=None):
        """Starts a greenlet that calls back with this one when it has ended."""
        self.rawlink(_Link(callback, lambda _: True))

    def link_value(self, callback, SpawnedLink=None):
        """Does so if it has ended well."""
        self.rawlink(_Link(callback, Greenlet.successful))

    def link_exception(self, callback, SpawnedLink=None):
        """Does so if it has ended with an exception."""
        self.rawlink(_Link(callback, lambda greenlet: not greenlet.successful()))

    def unlink_all(self):
        self._links.clear()

    def has_links(self):
        return len(self._links) > 0

    # Names.

    @property
    def name(self):
        return self._name or f"Greenlet-{self.minimal_ident}"

    @name.setter
    def name(self, name):
        self._name = name

    @staticmethod
    def getcurrent():
        return getcurrent()

    def __repr__(self):
        kind = type(self).__name__
        name = "" if self._name is None else f' "{self._name}"'
        function = getattr(self._run, "__name__", None) or repr(self._run)
        given = [repr(value) for value in self.args]
        given += [f"{key}={value!r}" for key, value in self.kwargs.items()]
        arguments = f"({', '.join(given)})" if given and not self._is_done else ""
        return f"<{kind}{name} at {id(self):#x}: {function}{arguments}>"

    def __getattr__(self, name):
        if name in ("switch", "parent", "gr_frame", "gr_context", "loop", "spawn_tree_locals"):
            raise AttributeError(
                f"Greenlet.{name} is not there: gregaria runs greenlets on its own engine, without a hub"
                " of gevent's; spawn, join, get, kill, events and queues work"
            )
        raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")


class _Link:
    """Calls a function in a greenlet of its own. Equal to its function, for `unlink`."""

    def __init__(self, callback, applies):
        if not callable(callback):
            raise TypeError(f"Expected callable: {callback!r}")
        self._callback = callback
        self._applies = applies

    def __call__(self, source):
        if self._applies(source):
            Greenlet.spawn(self._callback, source)

    def __eq__(self, other):
        return other is self or other == self._callback

    __hash__ = None


def joinall(greenlets, timeout=None, raise_error=False, count=None):
    """Waits for all, or `count`, of the greenlets. Returns those that have ended."""
    from gevent.hub import iwait

    done = []
    for greenlet in iwait(list(greenlets), timeout, count):
        if raise_error and getattr(greenlet, "exception", None) is not None:
            raise greenlet.exception
        done.append(greenlet)
    return done


def killall(greenlets, exception=GreenletExit, block=True, timeout=None):
    """Raises an exception in all of them; with `block` waits until they have ended."""
    greenlets = [greenlet for greenlet in greenlets if not greenlet.ready()]
    for greenlet in greenlets:
        greenlet.kill(exception, block=False)
    if block:
        joined = joinall(greenlets, timeout)
        if len(joined) < len(greenlets):
            raise Timeout(timeout)
