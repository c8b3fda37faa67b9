"""Not there; says so."""

raise ImportError(
    "gevent.pywsgi is not in gregaria: it has no a WSGI server. A load test makes requests;"
    " run what else it needs as a process of its own."
)
