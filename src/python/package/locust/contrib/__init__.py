"""Users of other protocols, which Locust brings along: FastHttpUser is the one that is here."""

from .. import _absent
from .._missing import answer


def __getattr__(name):
    answer(__name__, name, {name: _absent.sentence(f"{__name__}.{name}")})
