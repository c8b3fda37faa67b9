"""Not there; says so."""

raise ImportError(
    "gevent.backdoor is not in gregaria: it has no a console in the process. A load test makes requests;"
    " run what else it needs as a process of its own."
)
