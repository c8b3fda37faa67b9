"""Not there; says so."""

raise ImportError(
    "gevent.server is not in gregaria: it has no servers (StreamServer, DatagramServer). A load test makes requests;"
    " run what else it needs as a process of its own."
)
