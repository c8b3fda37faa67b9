"""Events that a locustfile listens to."""

import contextlib
import inspect
import logging
import re
import time

from . import _traceback
from ._missing import answer
from .exception import STEERING, CatchResponseError, ResponseError

logger = logging.getLogger(__name__)

# Whether a listener has raised: the run then ends with exit code 2, as in Locust.
listener_failed = False


class EventHook:
    """One event: `fire` calls its listeners in the order in which they were added."""

    def __init__(self):
        self._handlers = []

    def add_listener(self, handler):
        """Adds a listener; also as a decorator: `@events.test_start.add_listener`."""
        if inspect.iscoroutinefunction(handler) or inspect.isgeneratorfunction(handler):
            raise TypeError(
                f"{_traceback.function_place(handler)}: {handler.__name__} is `async def` or has a "
                "`yield`: a listener is a plain `def`, since a call would not run its body"
            )
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
        """Times a block and fires this event for it; yields the event's arguments to edit.

        Any exception ends the block and becomes the sample's failure, as in Locust. A block that
        the end of the user breaks off is no sample; Locust counts it as a success.
        """
        sample = {
            "request_type": request_type,
            "name": name,
            "response_length": response_length,
            "context": context or {},
            "exception": None,
            "start_time": time.time(),
        }
        began = time.perf_counter()
        try:
            yield sample
        except Exception as error:
            sample["exception"] = error
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
        try:
            self._record(kwargs)
        except TypeError as error:
            _fail(error)
        self.notify(reverse=reverse, **kwargs)


def _record(sample):
    """Counts a sample. One that lacks a part is an error of the listener's kind, as in Locust."""
    import _gregaria

    missing = [key for key in _PARTS if key not in sample]
    if missing:
        raise TypeError(f"events.request.fire(…) lacks {', '.join(missing)}")
    milliseconds = sample["response_time"]
    if milliseconds is not None and not isinstance(milliseconds, (int, float)):
        raise TypeError(f"response_time is milliseconds as a number, not {milliseconds!r}")
    error = sample.get("exception")
    _gregaria.record(
        "" if sample["request_type"] is None else str(sample["request_type"]),
        str(sample["name"]),
        None if milliseconds is None else float(milliseconds),
        int(sample["response_length"] or 0),
        error_text(error) if error else None,
        sample.get("start_time"),
    )


_PARTS = ("request_type", "name", "response_time", "response_length")
_ADDRESS = re.compile(r"object at 0x[0-9a-fA-F]+")


def error_text(error):
    """An error as the tables group it: a text as it is, an exception's repr without addresses.

    Those that only carry a text are that text, and so is the `error` of a
    response, whose text is what its row says where the file does not judge it.
    """
    if type(error) in _TEXTS or hasattr(error, "is_text_of_row"):
        return str(error)
    return error if isinstance(error, str) else _ADDRESS.sub("object at 0x....", repr(error))


_TEXTS = (CatchResponseError, ResponseError)


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
