"""Waiting for descriptors: until they can be read or written."""

import errno

import _gregaria

from gevent import _fiber

READ = 1
WRITE = 2

#: The fibers that wait for a descriptor, by its number: whoever closes it ends their waits.
_waiting = {}


def wait(fd, events, deadline):
    """Waits until reading or writing would not block. Returns whether that was in time."""
    if fd < 0:
        raise OSError(errno.EBADF, "Bad file descriptor")
    me = _fiber.current()
    others = _waiting.setdefault(fd, [])
    others.append(me)
    try:
        return _gregaria.wait_fd(fd, events, deadline.left())
    finally:
        others.remove(me)
        if not others and _waiting.get(fd) is others:
            del _waiting[fd]


def cancel_waits(fd):
    """Ends the waits for a descriptor that is about to be closed, as gevent does: with `EBADF`."""
    for who in _waiting.pop(fd, ()):
        error = OSError(errno.EBADF, "File descriptor was closed in another greenlet")
        _fiber.throw(who, error)


def _wait_or_raise(fileno, events, timeout, timeout_exc):
    fd = fileno if isinstance(fileno, int) else fileno.fileno()
    if not wait(fd, events, _fiber.Deadline(timeout)):
        raise TimeoutError("timed out") if timeout_exc is None else timeout_exc


def wait_read(fileno, timeout=None, timeout_exc=None):
    """Waits until a descriptor can be read."""
    _wait_or_raise(fileno, READ, timeout, timeout_exc)


def wait_write(fileno, timeout=None, timeout_exc=None):
    """Waits until a descriptor can be written."""
    _wait_or_raise(fileno, WRITE, timeout, timeout_exc)
