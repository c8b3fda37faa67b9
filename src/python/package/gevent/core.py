"""Not there; says so."""

raise ImportError(
    "gevent.core is not in gregaria: it has no gevent's event loop. A load test makes requests;"
    " run what else it needs as a process of its own."
)
