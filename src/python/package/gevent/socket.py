"""Sockets of the standard library, which let others run while they wait, and waits for descriptors."""

import socket as _original

from gevent._descriptor import wait_read, wait_write

__all__ = [*_original.__all__, "wait_read", "wait_write"]


def __getattr__(name):
    return getattr(_original, name)


def __dir__():
    return [*dir(_original), *__all__]
