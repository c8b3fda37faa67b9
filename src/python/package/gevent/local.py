"""Values of a greenlet's own: each fiber has a thread state of its own, so `threading.local` is that."""

from threading import local

__all__ = ["local"]
