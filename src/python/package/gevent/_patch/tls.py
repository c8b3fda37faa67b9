"""ssl.SSLSocket: handshakes, reads and writes."""

try:
    import ssl
except ImportError:  # A Python that was built without it.
    ssl = None

import functools

from gevent import _fiber
from gevent._descriptor import READ, WRITE, wait
from gevent._patch import replace
from gevent._patch.sockets import at_once, suspends


def _attempt(sock, timeout, what, call, args, kwargs):
    """Calls as often as it takes, and waits for what TLS wants in between."""
    deadline = _fiber.Deadline(timeout)
    while True:
        try:
            return at_once(sock, timeout, call, *args, **kwargs)
        except ssl.SSLWantReadError:
            events = READ
        except ssl.SSLWantWriteError:
            events = WRITE
        if not wait(sock.fileno(), events, deadline):
            raise TimeoutError(f"The {what} operation timed out")


def _suspending(name, what):
    call = getattr(ssl.SSLSocket, name)

    @functools.wraps(call)
    def method(self, *args, **kwargs):
        timeout = self.gettimeout()
        # Without TLS (before the handshake, or after its end) it is the socket's operation, or an error.
        if self._sslobj is None or not suspends(self, timeout):
            return call(self, *args, **kwargs)
        return _attempt(self, timeout, what, call, args, kwargs)

    return method


def _handshaking():
    handshake = ssl.SSLSocket.do_handshake

    @functools.wraps(handshake)
    def do_handshake(self, block=False):
        timeout = self.gettimeout()
        if timeout == 0 and block:
            timeout = None
        if self._sslobj is None or not suspends(self, timeout):
            return handshake(self, block)
        return _attempt(self, timeout, "handshake", handshake, (), {})

    return do_handshake


def apply():
    if ssl is None:
        return
    for name, what in (("read", "read"), ("write", "write"), ("send", "write"), ("unwrap", "shutdown")):
        replace(ssl.SSLSocket, name, _suspending(name, what))
    replace(ssl.SSLSocket, "do_handshake", _handshaking())
