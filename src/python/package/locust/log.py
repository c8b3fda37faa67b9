"""Logging, set up as Locust does it."""

import logging
import logging.config
import socket

from ._missing import answer

HOSTNAME = socket.gethostname().split(".", 1)[0]
_FORMAT = f"[%(asctime)s] {HOSTNAME}/%(levelname)s/%(name)s: %(message)s"


def setup_logging(loglevel, logfile=None):
    """Sends all loggers to stderr, or to a file instead, from this level on."""
    handler = logging.FileHandler(logfile) if logfile else logging.StreamHandler()
    handler.setFormatter(logging.Formatter(_FORMAT))
    root = logging.getLogger()
    for present in root.handlers[:]:
        root.removeHandler(present)
        present.close()
    root.addHandler(handler)
    root.setLevel(loglevel.upper())


def __getattr__(name):
    answer(__name__, name)
