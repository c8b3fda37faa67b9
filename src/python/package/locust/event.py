"""Events that a locustfile listens to."""

import contextlib
import logging
import time

from . import _traceback
from .exception import STEERING
from ._missing import answer

logger = logging.getLogger(__name__)

# Whether a listener has raised: the run then ends with exit code 2, as in Locust.
listener_failed = False


class EventHook:
    """One event: `fire` calls its listeners in the order in which they were added."""

    def __init__(self):
        self._handlers = []

    def add_listener(self, handler):
        """Adds a listener; also as a decorator: `@events.test_start.add_listener`."""
        self._handlers.append(handler)
        return handler

    def remove_listener(self, handler):
        """Removes a listener."""
        self._handlers.remove(handler)

    def fire(self, *, reverse=False, **kwargs):
        """Calls all listeners.

        An exception in one is logged and leaves the others alone; those that steer a user pass.
        """
        self.notify(reverse=reverse, **kwargs)

    def notify(self, *, reverse=False, **kwargs):
        """Calls all listeners, and does nothing else."""
        for handler in self._handlers[:: -1 if reverse else 1]:
            try:
                handler(**kwargs)
            except STEERING:
                raise
            except Exception as error:
                _fail(error)

    @contextlib.contextmanager
    def measure(self, request_type, name, response_length=0, context=None):
        """Times a block and fires this event for it; yields the event's arguments to edit."""
        sample = {
            "request_type": request_type,
            "name": name,
            "response_length": response_length,
            "context": context or {},
            "exception": None,
            "start_time": time.time(),
            "response": None,
        }
        began = time.perf_counter()
        try:
            yield sample
        except Exception as error:
            sample["exception"] = error
        finally:
            sample["response_time"] = (time.perf_counter() - began) * 1000
            self.fire(**sample)

    def __iadd__(self, handler):
        raise AttributeError(
            "events are no longer added to with +=: write `events.NAME.add_listener(function)`"
        )


def _fail(error):
    global listener_failed
    listener_failed = True
    logger.error("An event's listener raised: %s\n%s", error, _traceback.text(error))


class RequestHook(EventHook):
    """The `request` event: what the file fires itself becomes a row of the statistics."""

    def __init__(self, record):
        super().__init__()
        self._record = record

    def fire(self, *, reverse=False, **kwargs):
        """Counts the sample, then calls the listeners; `notify` is for one that is counted."""
        self._record(kwargs)
        self.notify(reverse=reverse, **kwargs)


def _record(sample):
    import _gregaria

    missing = [key for key in ("request_type", "name", "response_time") if key not in sample]
    if missing:
        raise TypeError(f"events.request.fire: {', '.join(missing)} missing")
    error = sample.get("exception")
    _gregaria.record(
        str(sample["request_type"]),
        str(sample["name"]),
        sample["response_time"],
        sample.get("response_length") or 0,
        None if error is None else _error_text(error),
        sample.get("start_time"),
    )


def _error_text(error):
    """An error as Locust's tables show it."""
    return repr(error) if isinstance(error, BaseException) else str(error)


_REMOVED = {
    "request_success": "write `events.request`: its `exception` is None for a success",
    "request_failure": "write `events.request`: its `exception` is set for a failure",
    "locust_error": "write `events.user_error`",
    "hatch_complete": "write `events.spawning_complete`",
    "locust_start_hatching": "write `events.test_start`",
    "locust_stop_hatching": "write `events.test_stop`",
    "master_start_hatching": "write `events.test_start`",
    "master_stop_hatching": "write `events.test_stop`",
    "slave_report": "write `events.worker_report`",
    "slave_connect": "write `events.worker_connect`",
    "report_to_slave": "write `events.report_to_master`",
}

_NAMES = (
    "user_error",
    "report_to_master",
    "worker_report",
    "worker_connect",
    "spawning_complete",
    "quitting",
    "quit",
    "init",
    "init_command_line_parser",
    "test_start",
    "test_stopping",
    "test_stop",
    "reset_stats",
    "cpu_warning",
    "heartbeat_sent",
    "heartbeat_received",
    "usage_monitor",
)


class Events:
    """All events of Locust. The names are its own."""

    def __init__(self):
        self.request = RequestHook(_record)
        for name in _NAMES:
            setattr(self, name, EventHook())

    def __getattr__(self, name):
        sentence = _REMOVED.get(name) or f"the events are request, {', '.join(_NAMES)}"
        raise AttributeError(f"events has no {name}: {sentence}", name=name)


events = Events()


def __getattr__(name):
    answer(__name__, name)
