"""Changes the standard library before a locustfile is loaded, so that what blocks lets other users run."""

from gevent import _patch


def apply():
    """Changes it, once in a process; the processes that are forked from it inherit that."""
    _patch.apply()
