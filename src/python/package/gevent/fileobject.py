"""Not there; says so."""

raise ImportError(
    "gevent.fileobject is not in gregaria: it has no files that wait in an event loop. A load test makes requests;"
    " run what else it needs as a process of its own."
)
