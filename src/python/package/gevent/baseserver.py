"""Not there; says so."""

raise ImportError(
    "gevent.baseserver is not in gregaria: it has no servers. A load test makes requests;"
    " run what else it needs as a process of its own."
)
