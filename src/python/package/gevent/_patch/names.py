"""Looking names up: by native threads, because the C library blocks."""

import functools
import socket

from gevent import _native
from gevent._fiber import in_fiber
from gevent._patch import replace

_getaddrinfo = socket.getaddrinfo


def getaddrinfo(host, port, family=0, type=0, proto=0, flags=0):
    """Looks a name up. An address is none, and takes no thread."""
    if not in_fiber():
        return _getaddrinfo(host, port, family, type, proto, flags)
    try:
        return _getaddrinfo(host, port, family, type, proto, flags | socket.AI_NUMERICHOST)
    except socket.gaierror:
        return _native.call(_getaddrinfo, host, port, family, type, proto, flags)


def _natively(function):
    @functools.wraps(function)
    def call(*args):
        return _native.call(function, *args)

    return call


def apply():
    replace(socket, "getaddrinfo", getaddrinfo)
    for name in ("gethostbyname", "gethostbyname_ex", "gethostbyaddr", "getnameinfo"):
        replace(socket, name, _natively(getattr(socket, name)))
