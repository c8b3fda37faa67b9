"""socket.socket: operations of blocking sockets, with or without a timeout.

Each is tried without waiting; where it would block, the fiber waits for the descriptor and tries again. The
timeout of the socket is what its user has set: it is taken away for the duration of a call only.
"""

import _socket
import errno
import functools
import os
import socket

from gevent import _fiber
from gevent._descriptor import READ, WRITE, cancel_waits, wait
from gevent._patch import replace

_get_timeout = _socket.socket.gettimeout
_set_timeout = _socket.socket.settimeout
_fileno = _socket.socket.fileno
_connect = _socket.socket.connect
_connect_ex = _socket.socket.connect_ex
_send = _socket.socket.send
_sendall = _socket.socket.sendall
_sendfile = socket.socket.sendfile
_real_close = socket.socket._real_close
_detach = socket.socket.detach

_READING = ("recv", "recv_into", "recvfrom", "recvfrom_into", "recvmsg", "recvmsg_into", "_accept")
_WRITING = ("send", "sendto", "sendmsg")

#: How long a connect waits that is refused for now, because the queue of a Unix socket is full.
_CONNECT_AGAIN = 0.001


def at_once(sock, timeout, call, *args, **kwargs):
    """Calls without waiting, whatever the timeout of the socket."""
    _set_timeout(sock, 0)
    try:
        return call(sock, *args, **kwargs)
    finally:
        if _fileno(sock) >= 0:
            _set_timeout(sock, timeout)


def suspends(sock, timeout):
    """Whether an operation of the socket is to suspend a fiber."""
    return timeout != 0 and _fiber.in_fiber()


def _attempt(sock, timeout, deadline, events, call, args, kwargs):
    """Calls as often as it takes, and waits in between."""
    while True:
        try:
            return at_once(sock, timeout, call, *args, **kwargs)
        except BlockingIOError:
            pass
        if not wait(_fileno(sock), events, deadline):
            raise TimeoutError("timed out")


def _suspending(name, events):
    call = getattr(_socket.socket, name)

    @functools.wraps(call)
    def method(self, *args, **kwargs):
        timeout = _get_timeout(self)
        if not suspends(self, timeout):
            return call(self, *args, **kwargs)
        deadline = _fiber.Deadline(timeout)
        return _attempt(self, timeout, deadline, events, call, args, kwargs)

    return method


def sendall(self, data, flags=0):
    """Sends all of it; the timeout is for the whole."""
    timeout = _get_timeout(self)
    if not suspends(self, timeout):
        return _sendall(self, data, flags)
    deadline = _fiber.Deadline(timeout)
    with memoryview(data) as view, view.cast("B") as left:
        sent = 0
        while sent < len(left):
            sent += _attempt(self, timeout, deadline, WRITE, _send, (left[sent:], flags), {})
    return None


def sendfile(self, file, offset=0, count=None):
    """Sends a file, in a fiber by reading it: `os.sendfile` would block."""
    if suspends(self, _get_timeout(self)):
        return self._sendfile_use_send(file, offset, count)
    return _sendfile(self, file, offset, count)


def connect(self, address):
    """Connects; a name is looked up by a native thread."""
    timeout = _get_timeout(self)
    if not suspends(self, timeout):
        return _connect(self, address)
    error = _connect_in_time(self, address, timeout)
    if error is None:
        raise TimeoutError("timed out")
    if error:
        raise OSError(error, os.strerror(error))
    return None


def connect_ex(self, address):
    """Connects, and returns the errno."""
    timeout = _get_timeout(self)
    if not suspends(self, timeout):
        return _connect_ex(self, address)
    error = _connect_in_time(self, address, timeout)
    return errno.EAGAIN if error is None else error


def _connect_in_time(sock, address, timeout):
    """Connects. Returns the errno, 0 for none, and None where the time was over."""
    deadline = _fiber.Deadline(timeout)
    address = _resolved(sock, address)
    error = at_once(sock, timeout, _connect_ex, address)
    while error == errno.EAGAIN and sock.family == socket.AF_UNIX:
        if deadline.has_passed():
            return None
        _fiber.sleep(_CONNECT_AGAIN)
        error = at_once(sock, timeout, _connect_ex, address)
    if error not in (errno.EINPROGRESS, errno.EALREADY):
        return error
    if not wait(_fileno(sock), WRITE, deadline):
        return None
    return sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)


def _resolved(sock, address):
    """The address with a number for a name."""
    if sock.family not in (socket.AF_INET, socket.AF_INET6) or not isinstance(address, tuple):
        return address
    host = address[0] if address else ""
    if not isinstance(host, str) or host in ("", "<broadcast>"):
        return address
    try:
        socket.inet_pton(sock.family, host)
    except OSError:
        found = socket.getaddrinfo(host, address[1], sock.family, sock.type, sock.proto)
        return (*found[0][4][:2], *address[2:])
    return address


def _close(self, *args):
    """Closes, and ends the waits of other fibers."""
    cancel_waits(_fileno(self))
    _real_close(self, *args)


def detach(self):
    cancel_waits(_fileno(self))
    return _detach(self)


def apply():
    for name in _READING:
        replace(socket.socket, name, _suspending(name, READ))
    for name in _WRITING:
        replace(socket.socket, name, _suspending(name, WRITE))
    for function in (sendall, sendfile, connect, connect_ex, detach):
        replace(socket.socket, function.__name__, function)
    replace(socket.socket, "_real_close", _close)
