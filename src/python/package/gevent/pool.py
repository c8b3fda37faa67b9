"""Groups of greenlets, and pools, which are groups of a limited size."""

from gevent.exceptions import GreenletExit
from gevent.event import Event
from gevent.greenlet import Greenlet, joinall, killall
from gevent.lock import DummySemaphore, Semaphore
from gevent.queue import Full, Queue

__all__ = ["Group", "Pool", "PoolFull"]


class PoolFull(Full):
    """Raised by `start` and `add` of a pool that is full and was told not to wait."""


class _Mapping:
    """What can be done with a `spawn`: calls, and mapping a function over iterables."""

    def spawn(self, function, *args, **kwargs):
        raise NotImplementedError

    def _is_full(self):
        return False

    def apply(self, func, args=None, kwds=None):
        """Calls the function in a greenlet, and returns what that returns."""
        return self.spawn(func, *(args or ()), **(kwds or {})).get()

    def apply_async(self, func, args=None, kwds=None, callback=None):
        """Calls the function in a greenlet, and returns that."""
        args, kwds = args or (), kwds or {}
        if self._is_full():
            # It waits for its place in a greenlet of its own.
            return Greenlet.spawn(self.apply_cb, func, args, kwds, callback)
        greenlet = self.spawn(func, *args, **kwds)
        if callback is not None:
            greenlet.rawlink(lambda ended: Greenlet.spawn(_pass_value, ended, callback))
        return greenlet

    def apply_cb(self, func, args=None, kwds=None, callback=None):
        """Calls the function in a greenlet, then the callback with what it returned."""
        result = self.apply(func, args, kwds)
        if callback is not None:
            Greenlet.spawn(callback, result)
        return result

    def map(self, func, iterable):
        """What the function returns for each item, in their order."""
        return list(self.imap(func, iterable))

    def map_cb(self, func, iterable, callback=None):
        result = self.map(func, iterable)
        if callback is not None:
            callback(result)
        return result

    def map_async(self, func, iterable, callback=None):
        """Does the same as `map` in a greenlet, and returns that."""
        return Greenlet.spawn(self.map_cb, func, iterable, callback)

    def imap(self, func, *iterables, maxsize=None):
        """An iterator over what the function returns, in the order of the items."""
        return _Mapped(self.spawn, func, zip(*iterables), maxsize, in_order=True)

    def imap_unordered(self, func, *iterables, maxsize=None):
        """An iterator over what the function returns, as it comes."""
        return _Mapped(self.spawn, func, zip(*iterables), maxsize, in_order=False)


def _pass_value(greenlet, callback):
    """Calls back with what a greenlet returned, if it did."""
    if greenlet.successful():
        callback(greenlet.get())


class _Mapped:
    """The results of a function for many items. A greenlet begins the calls."""

    def __init__(self, spawn, function, items, maxsize, in_order):
        self._results = Queue()
        self._places = Semaphore(maxsize) if maxsize else DummySemaphore()
        # Results that came before their turn.
        self._early = {} if in_order else None
        self._taken = 0
        self._total = None
        self._greenlet = Greenlet.spawn(self._begin_all, spawn, function, items)

    def _begin_all(self, spawn, function, items):
        number = 0
        try:
            for item in items:
                self._places.acquire()
                spawn(function, *item).rawlink(self._keep(number))
                number += 1
        except BaseException as exception:
            self._results.put((number, _Failed(exception)))
            number += 1
        self._results.put((number, StopIteration))

    def _keep(self, number):
        return lambda greenlet: self._results.put((number, greenlet))

    def __iter__(self):
        return self

    def __next__(self):
        result = self._take()
        self._taken += 1
        self._places.release()
        return result.get()

    next = __next__

    def _take(self):
        while self._taken != self._total:
            if self._early and self._taken in self._early:
                return self._early.pop(self._taken)
            number, result = self._results.get()
            if result is StopIteration:
                self._total = number
            elif self._early is None:
                return result
            else:
                self._early[number] = result
        raise StopIteration


class _Failed:
    """Stands where the next item would, because the iterable has raised."""

    def __init__(self, exception):
        self._exception = exception

    def get(self):
        raise self._exception


class Group(_Mapping):
    """Greenlets that are waited for or killed together. One that has ended leaves it."""

    greenlet_class = Greenlet

    def __init__(self, *args):
        self.greenlets = set()
        self.dying = set()
        self._empty = Event()
        self._empty.set()
        for greenlet in args[0] if args else ():
            self.add(greenlet)

    def __len__(self):
        return len(self.greenlets)

    def __contains__(self, greenlet):
        return greenlet in self.greenlets

    def __iter__(self):
        return iter(set(self.greenlets))

    def add(self, greenlet):
        """Takes a greenlet into the group."""
        self.greenlets.add(greenlet)
        self._empty.clear()
        greenlet.rawlink(self._discard)

    def _discard(self, greenlet):
        if greenlet in self.greenlets:
            self.greenlets.discard(greenlet)
            self._left()
        self.dying.discard(greenlet)
        if not self.greenlets:
            self._empty.set()

    def _left(self):
        """A greenlet has left."""

    def discard(self, greenlet):
        """Lets a greenlet leave."""
        greenlet.unlink(self._discard)
        self._discard(greenlet)

    def start(self, greenlet):
        """Takes a greenlet into the group and starts it."""
        self.add(greenlet)
        greenlet.start()

    def spawn(self, *args, **kwargs):
        """Makes a greenlet, takes it into the group and starts it."""
        greenlet = self.greenlet_class(*args, **kwargs)
        self.start(greenlet)
        return greenlet

    def join(self, timeout=None, raise_error=False):
        """Waits until the group is empty. Returns whether it was in time."""
        greenlets = list(self.greenlets) if raise_error else ()
        result = self._empty.wait(timeout)
        for greenlet in greenlets:
            if greenlet.exception is not None:
                raise greenlet.exception
        return result

    def kill(self, exception=GreenletExit, block=True, timeout=None):
        """Kills all of them; with `block` waits until they have ended."""
        greenlets = list(self.greenlets)
        self.dying.update(greenlets)
        killall(greenlets, exception, block=False)
        if block:
            joinall(greenlets, timeout)
            for greenlet in greenlets:
                if greenlet.ready():
                    self._discard(greenlet)

    def killone(self, greenlet, exception=GreenletExit, block=True, timeout=None):
        """Kills one that is in the group."""
        if greenlet not in self.dying and greenlet in self.greenlets:
            greenlet.kill(exception, block=False)
            self.dying.add(greenlet)
        if block:
            greenlet.join(timeout)

    def full(self):
        return False

    def wait_available(self, timeout=None):
        """A group has always room."""

    def __repr__(self):
        return f"<{type(self).__name__} at {id(self):#x} {self.greenlets}>"


class Pool(Group):
    """A group of at most `size` greenlets: `spawn` waits for a place."""

    def __init__(self, size=None, greenlet_class=None):
        if size is not None and size < 0:
            raise ValueError("size must not be negative")
        super().__init__()
        self.size = size
        if greenlet_class is not None:
            self.greenlet_class = greenlet_class
        self._semaphore = DummySemaphore() if size is None else Semaphore(size)

    def wait_available(self, timeout=None):
        """Waits until there is a place. Returns how many there are."""
        return self._semaphore.wait(timeout)

    def full(self):
        return self.free_count() <= 0

    _is_full = full

    def free_count(self):
        """How many places there are."""
        return 1 if self.size is None else max(0, self.size - len(self))

    def add(self, greenlet, blocking=True, timeout=None):
        if not self._semaphore.acquire(blocking, timeout):
            raise PoolFull
        try:
            super().add(greenlet)
        except BaseException:
            self._semaphore.release()
            raise

    def start(self, greenlet, blocking=True, timeout=None):
        self.add(greenlet, blocking, timeout)
        greenlet.start()

    def _left(self):
        self._semaphore.release()
