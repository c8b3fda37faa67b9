"""Locust's command. gregaria's command is its own."""

from ._missing import answer, refusing

_COMMAND = "run `gregaria -f FILE`"
main = refusing(__name__, "main", _COMMAND)
create_environment = refusing(__name__, "create_environment", _COMMAND)


def __getattr__(name):
    answer(__name__, name)
