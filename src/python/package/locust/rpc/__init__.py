"""Messages between the processes of a run."""

from .._missing import answer
from ..runners import Message


def __getattr__(name):
    answer(
        __name__,
        name,
        {"zmqrpc": "the processes of a run do not talk by ZeroMQ: write runner.send_message"},
    )
