"""select, poll and epoll, and the selectors that stand on them.

What is ready already is told at once. Else the descriptors are put into a set of the kernel's (epoll), which
is a descriptor itself, and the fiber waits for that one.
"""

import select as _module
import selectors

from gevent import _fiber
from gevent._descriptor import READ, wait
from gevent._patch import replace

_select = _module.select
_poll = _module.poll
_epoll = _module.epoll


def _wait_for(events, timeout):
    """Waits until one of the descriptors has one of its events, both as numbers."""
    with _epoll() as ready:
        for fd, mask in events.items():
            ready.register(fd, mask)
        wait(ready.fileno(), READ, _fiber.Deadline(timeout))


def select(rlist, wlist, xlist, timeout=None, /):
    if not _fiber.in_fiber():
        return _select(rlist, wlist, xlist, timeout)
    if timeout is not None and timeout < 0:
        raise ValueError("timeout must be non-negative")
    # They may be iterators.
    lists = [list(rlist), list(wlist), list(xlist)]
    ready = _select(*lists, 0)
    if any(ready) or timeout == 0:
        return ready
    events = {}
    for files, mask in zip(lists, (_module.EPOLLIN, _module.EPOLLOUT, _module.EPOLLPRI), strict=True):
        for file in files:
            fd = file if isinstance(file, int) else file.fileno()
            events[fd] = events.get(fd, 0) | mask
    _wait_for(events, timeout)
    return _select(*lists, 0)


class poll:
    """A poll object."""

    def __init__(self):
        self._poll = _poll()
        self._events = {}

    def register(self, fd, eventmask=_module.POLLIN | _module.POLLPRI | _module.POLLOUT, /):
        self._poll.register(fd, eventmask)
        self._events[_number(fd)] = eventmask

    def modify(self, fd, eventmask, /):
        self._poll.modify(fd, eventmask)
        self._events[_number(fd)] = eventmask

    def unregister(self, fd, /):
        self._poll.unregister(fd)
        del self._events[_number(fd)]

    def poll(self, timeout=None, /):
        """Waits for so many milliseconds, less than none for ever."""
        if not _fiber.in_fiber():
            return self._poll.poll(timeout)
        ready = self._poll.poll(0)
        if ready or timeout == 0:
            return ready
        is_endless = timeout is None or timeout < 0
        _wait_for(self._events, None if is_endless else timeout / 1000)
        return self._poll.poll(0)


def _number(fd):
    return fd if isinstance(fd, int) else fd.fileno()


class epoll:
    """An epoll object."""

    def __init__(self, sizehint=-1, flags=0):
        self._epoll = _epoll(sizehint, flags)

    @classmethod
    def fromfd(cls, fd, /):
        made = cls.__new__(cls)
        made._epoll = _epoll.fromfd(fd)
        return made

    def poll(self, timeout=None, maxevents=-1):
        """Waits for so many seconds, less than none for ever."""
        if not _fiber.in_fiber():
            return self._epoll.poll(timeout, maxevents)
        ready = self._epoll.poll(0, maxevents)
        if ready or timeout == 0:
            return ready
        is_endless = timeout is None or timeout < 0
        wait(self._epoll.fileno(), READ, _fiber.Deadline(None if is_endless else timeout))
        return self._epoll.poll(0, maxevents)

    def __enter__(self):
        self._epoll.__enter__()
        return self

    def __exit__(self, *exc_info):
        self._epoll.close()

    def __getattr__(self, name):
        # close, closed, fileno, register, modify, unregister
        if name == "_epoll":
            raise AttributeError(name)
        return getattr(self._epoll, name)


def apply():
    replace(_module, "select", select)
    replace(_module, "poll", poll)
    replace(_module, "epoll", epoll)
    replace(selectors.SelectSelector, "_select", staticmethod(select))
    replace(selectors.PollSelector, "_selector_cls", poll)
    replace(selectors.EpollSelector, "_selector_cls", epoll)
