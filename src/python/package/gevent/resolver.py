"""Not there; says so."""

raise ImportError(
    "gevent.resolver is not in gregaria: it has no gevent's resolvers. A load test makes requests;"
    " run what else it needs as a process of its own."
)
