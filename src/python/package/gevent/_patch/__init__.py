"""The standard library, changed so that what blocks lets other fibers run.

Outside of fibers everything does what it did before. Classes stay the same ones and are changed in place,
so it does not matter who has imported them before.
"""

#: What was there before, by module and name.
originals = {}


def replace(owner, name, new):
    """Puts something else into a module or class, and keeps what was there."""
    where = getattr(owner, "__qualname__", None)
    key = owner.__name__ if where is None else f"{owner.__module__}.{where}"
    originals.setdefault((key, name), getattr(owner, name))
    setattr(owner, name, new)


def apply():
    """Changes the standard library, once."""
    if originals:
        return
    from gevent._patch import clock, locks, names, polling, processes, sockets, threads, tls

    for part in (clock, locks, threads, polling, names, sockets, tls, processes):
        part.apply()
