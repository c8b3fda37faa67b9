"""The headers that the engine sends by itself."""

import _gregaria

from .headers import CaseInsensitiveDict

# A client tells the engine only what differs from these.
DEFAULTS = {
    "User-Agent": getattr(_gregaria, "USER_AGENT", "gregaria"),
    "Accept-Encoding": "gzip, deflate, br, zstd",
    "Accept": "*/*",
}
# What clients begin with.
FIELDS = CaseInsensitiveDict(DEFAULTS)
_BY_LOWER = {name.lower(): value for name, value in DEFAULTS.items()}


def beside_defaults(fields):
    """Returns the fields that differ from what the engine sends by itself, and the names of those that are gone."""
    given = {name.lower(): value for name, value in fields.items() if value is not None}
    pairs = [
        (name, value)
        for name, value in fields.items()
        if value is not None and _BY_LOWER.get(name.lower()) != value
    ]
    return pairs, [name for name in DEFAULTS if name.lower() not in given]
