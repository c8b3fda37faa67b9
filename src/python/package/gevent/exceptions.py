"""Exceptions of gevent."""

from _gregaria import GreenletExit

__all__ = [
    "BlockingSwitchOutError",
    "ConcurrentObjectUseError",
    "GreenletExit",
    "HubDestroyed",
    "InvalidSwitchError",
    "InvalidThreadUseError",
    "LoopExit",
]


class LoopExit(Exception):
    """Raised by gevent when a wait cannot end. Never raised here: something outside may end it."""


class BlockingSwitchOutError(AssertionError):
    """Raised by gevent when a callback of its hub waits."""


class InvalidSwitchError(AssertionError):
    """Raised by gevent when a greenlet is resumed by somebody who was not to."""


class ConcurrentObjectUseError(AssertionError):
    """Raised when an object is used by several greenlets that must not be."""


class InvalidThreadUseError(RuntimeError):
    """Raised when an object is used in another thread than its own."""


class HubDestroyed(GreenletExit):
    """Raised by gevent in the greenlets of a hub that ends."""
