"""The runner: the state of the run, and what a file may tell it."""

import json
import logging

import _gregaria

from . import stats as statistics
from ._missing import answer, no_attribute

logger = logging.getLogger(__name__)

STATE_INIT, STATE_SPAWNING, STATE_RUNNING, STATE_CLEANUP, STATE_STOPPING, STATE_STOPPED, STATE_MISSING = (
    "ready",
    "spawning",
    "running",
    "cleanup",
    "stopping",
    "stopped",
    "missing",
)

_COMMAND = "the command starts and changes runs: use its options, its keys or a LoadTestShape"


class Message:
    """What a listener of `register_message` gets: type, data, and the sender's id."""

    def __init__(self, message_type, data, node_id):
        self.type = message_type
        self.data = data
        self.node_id = node_id


class Runner:
    """What Locust's runners have in common."""

    def __init__(self, environment):
        self.environment = environment
        self.custom_messages = {}
        self.exceptions_seen = {}

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        raise no_attribute("runner", name, "gregaria's runner has no such attribute")

    @property
    def stats(self):
        """The statistics of the run."""
        return self.environment.stats

    @property
    def errors(self):
        """The failures of the run, as `stats.errors`."""
        return self.stats.errors

    @property
    def exceptions(self):
        """The exceptions of the run by number: count, msg, traceback, nodes."""
        rows = statistics.snapshot().get("exceptions", ())
        return {
            number: {**row, "nodes": set(row.get("nodes") or {"local"})}
            for number, row in enumerate(rows)
        }

    @property
    def state(self):
        """ready, spawning, running, stopping or stopped."""
        return statistics.snapshot().get("state", STATE_INIT)

    @property
    def user_count(self):
        """How many users run now, on all cores."""
        return statistics.snapshot().get("user_count", 0)

    @property
    def target_user_count(self):
        """How many users there are to be."""
        return statistics.snapshot().get("target_user_count", 0)

    @property
    def user_classes_count(self):
        """How many users of each class run now."""
        return statistics.snapshot().get("user_classes_count", {})

    @property
    def user_classes(self):
        """The User classes of the run."""
        return self.environment.user_classes

    @property
    def user_classes_by_name(self):
        """The User classes by their names."""
        return self.environment.user_classes_by_name

    @property
    def worker_count(self):
        """How many core processes run users."""
        return _gregaria.cores() or statistics.snapshot().get("cores", 0)

    @property
    def client_id(self):
        """The name of this process among those of the run."""
        core = _gregaria.core()
        return "host" if core is None else f"core-{core}"

    @property
    def worker_index(self):
        """The number of this core process, -1 in the host."""
        core = _gregaria.core()
        return -1 if core is None else core

    def quit(self):
        """Ends the run and the command."""
        _gregaria.call("quit", "{}")
        _wait_for_the_end()

    def stop(self):
        """Ends the run."""
        _gregaria.call("stop", "{}")
        _wait_for_the_end()

    def start(self, *args, **kwargs):
        """Locust's way to start or change a run from the file."""
        raise no_attribute("runner", "start", _COMMAND)

    def spawn_users(self, *args, **kwargs):
        """Locust's way to start or change a run from the file."""
        raise no_attribute("runner", "spawn_users", _COMMAND)

    def stop_users(self, *args, **kwargs):
        """Locust's way to start or change a run from the file."""
        raise no_attribute("runner", "stop_users", _COMMAND)

    def start_shape(self, *args, **kwargs):
        """Locust's way to start or change a run from the file."""
        raise no_attribute("runner", "start_shape", _COMMAND)

    def log_exception(self, node_id, msg, formatted_tb):
        """Adds an exception to the table of exceptions."""
        _gregaria.exception(msg, formatted_tb)

    def register_message(self, msg_type, listener, concurrent=False):
        """Calls `listener(environment, msg)` for messages of this type.

        With `concurrent` each call runs in a fiber of its own.
        """
        if msg_type in self.custom_messages:
            raise Exception(f"the message type {msg_type!r} has a listener already")
        self.custom_messages[msg_type] = (listener, concurrent)

    def send_message(self, msg_type, data=None, client_id=None):
        """Sends a message: from the host to all core processes or one, from them to the host."""
        try:
            text = json.dumps({"type": msg_type, "data": data, "client_id": client_id})
        except TypeError as error:
            raise TypeError(f"send_message({msg_type!r}): the data must be JSON: {error}") from None
        _gregaria.call("message", text)

    def _deliver(self, message):
        """Hands a message that has come to its listener."""
        from . import event

        if message.type not in self.custom_messages:
            logger.warning("a message of type %r has no listener here", message.type)
            return
        listener, concurrent = self.custom_messages[message.type]

        def call():
            try:
                listener(environment=self.environment, msg=message)
            except Exception as error:
                event._fail(error)

        if concurrent:
            _gregaria.spawn(call)
        else:
            call()


class LocalRunner(Runner):
    """Locust's runner of a single process: messages come back to the process itself."""

    def send_message(self, msg_type, data=None, client_id=None):
        """Delivers the message here, at once."""
        self._deliver(Message(msg_type, data, self.client_id))


class DistributedRunner(Runner):
    """What host and core processes have in common."""


class MasterRunner(DistributedRunner):
    """The runner of the host process, which runs no users."""

    @property
    def clients(self):
        """The core processes by their ids, which `send_message` takes as `client_id`."""
        users, cores, state = self.user_count, self.worker_count, self.state
        # Users are divided evenly. Which cores have one more is not known here.
        shares = [len(range(core, users, cores)) for core in range(cores)]
        nodes = [WorkerNode(f"core-{core}", state, share) for core, share in enumerate(shares)]
        return WorkerNodes((node.id, node) for node in nodes)


class WorkerNode:
    """A core process, as the host knows it."""

    def __init__(self, id, state, user_count=0):  # noqa: A002, Locust's name
        self.id = id
        self.state = state
        self.user_count = user_count


class WorkerNodes(dict):
    """The core processes. All of them are in the same state, and none is ever missing."""

    def _in(self, *states):
        return [node for node in self.values() if node.state in states]

    all = property(lambda self: list(self.values()))
    ready = property(lambda self: self._in(STATE_INIT, STATE_STOPPED))
    spawning = property(lambda self: self._in(STATE_SPAWNING))
    running = property(lambda self: self._in(STATE_RUNNING))
    missing = property(lambda self: self._in(STATE_MISSING))


class WorkerRunner(DistributedRunner):
    """The runner of a core process, which runs users."""


def _wait_for_the_end():
    """Has the greenlet of a user that ends the run do nothing more, as in Locust, where it ends at once.

    Here the stop comes to the users a moment after the call.
    """
    if _gregaria.current() is not None:
        _gregaria.sleep(1.0)


def __getattr__(name):
    answer(__name__, name)
