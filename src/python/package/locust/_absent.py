"""Modules of Locust that are not here, answered with a sentence."""

import sys

_OWN_CLIENT = (
    "write a User with a client of your own, made of the library for this protocol, "
    "that fires events.request"
)

_SENTENCES = {
    "locust.contrib.csv_request_logger": "write a listener of events.request that writes the file",
    "locust.contrib.dns": _OWN_CLIENT,
    "locust.contrib.milvus": _OWN_CLIENT,
    "locust.contrib.mongodb": _OWN_CLIENT,
    "locust.contrib.mqtt": _OWN_CLIENT,
    "locust.contrib.oai": _OWN_CLIENT,
    "locust.contrib.postgres": _OWN_CLIENT,
    "locust.contrib.qdrant": _OWN_CLIENT,
    "locust.contrib.socketio": _OWN_CLIENT,
    "locust.core": "write `from locust import HttpUser, TaskSet, task`",
    "locust.wait_time": "write `from locust import between, constant`",
    "locust.asyncevents": "write `from locust import events`",
    "locust.opentelemetry": "there is no OpenTelemetry in Python here",
    "locust.rpc.zmqrpc": "the processes of a run do not talk by ZeroMQ: write runner.send_message",
}


def sentence(fullname):
    """What to write instead of a module."""
    return _SENTENCES.get(fullname, "gregaria's own package `locust` has no such module")


class Finder:
    """Comes last on `sys.meta_path`: nobody else has found the module."""

    def find_spec(self, fullname, path=None, target=None):
        """Raises for a module below `locust`."""
        if not fullname.startswith("locust."):
            return None
        raise ModuleNotFoundError(
            f"No module named {fullname!r}: {sentence(fullname)}", name=fullname
        )


def install():
    """Takes part in imports from now on."""
    sys.meta_path.append(Finder())
