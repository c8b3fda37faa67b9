"""Locust's report as a page. The command writes it: --html."""

from ._missing import answer, refusing

get_html_report = refusing(__name__, "get_html_report", "write --html FILE on the command line")


def __getattr__(name):
    answer(__name__, name)
