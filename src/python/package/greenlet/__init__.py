"""The names of greenlet that files use with gevent. Greenlets themselves are gregaria's fibers."""

from _gregaria import GreenletExit

from gevent.greenlet import getcurrent

__all__ = ["GreenletExit", "getcurrent"]


def __getattr__(name):
    raise AttributeError(
        f"greenlet.{name} is not there: gregaria switches between fibers itself; gevent.spawn starts one"
    )
