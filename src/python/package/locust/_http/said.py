"""Warnings that are said once for each line of the user's file."""

import logging
import os
import sys

_PACKAGE = os.path.dirname(os.path.dirname(sys._getframe().f_code.co_filename))
_said = set()

logger = logging.getLogger("locust.clients")


def say_once(text):
    """Logs a warning with the place in the user's file that called, the first time for each place."""
    frame = sys._getframe(1)
    while frame is not None and frame.f_code.co_filename.startswith(_PACKAGE):
        frame = frame.f_back
    place = (frame.f_code.co_filename, frame.f_lineno) if frame else ("?", 0)
    if place not in _said:
        _said.add(place)
        logger.warning("%s:%d: %s", *place, text)
