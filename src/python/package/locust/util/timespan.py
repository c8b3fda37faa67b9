"""Times as the command line writes them."""

import re

from .._missing import answer

_SPAN = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?")


def parse_timespan(time_str):
    """The seconds that `20`, `20s`, `3m`, `2h`, `1h20m` or `3h30m10s` mean."""
    if re.fullmatch(r"\d+", time_str):
        return int(time_str)
    parts = _SPAN.fullmatch(time_str)
    if not time_str or parts is None:
        raise ValueError(f"{time_str!r} is no time: write 20, 20s, 3m, 2h, 1h20m or 3h30m10s")
    hours, minutes, seconds = (int(part or 0) for part in parts.groups())
    return hours * 3600 + minutes * 60 + seconds


def __getattr__(name):
    answer(__name__, name)
