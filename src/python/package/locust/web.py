"""Locust's page. gregaria's page is its own and takes no routes of a file."""

from ._missing import answer, refusing

WebUI = refusing(
    __name__, "WebUI", "the page is gregaria's own; a locustfile gives it no routes or templates"
)


def __getattr__(name):
    answer(__name__, name)
