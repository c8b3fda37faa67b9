"""What the loaded files define, as the JSON that the engine plans from."""

import dis
import inspect
import math
import numbers
import platform
import sys

from . import _chosen, _traceback
from .argument_parser import plain
from .user.task import DefaultTaskSet, TaskSet, is_set
from .user.users import HttpUser, User
from .user.wait_time import by_attributes

_SETTINGS = (
    "connection_timeout",
    "network_timeout",
    "max_redirects",
    "max_retries",
    "insecure",
    "concurrency",
    "proxy_host",
    "proxy_port",
    "default_headers",
)


_MESSAGES = "send what you need by runner.send_message"
UNFIRED = {
    "worker_connect": "the core processes are there when test_start is fired",
    "worker_report": _MESSAGES,
    "report_to_master": _MESSAGES,
    "heartbeat_sent": _MESSAGES,
    "heartbeat_received": _MESSAGES,
    "cpu_warning": "the command says itself where the host is too slow",
    "usage_monitor": "the command says itself where the host is too slow",
}


class Describer:
    """Describes classes; collects what is wrong with those of these names, or with all."""

    def __init__(self, chosen=()):
        self.errors = []
        self.warnings = []
        self._chosen = chosen
        self._is_chosen = True

    def _refuse(self, text):
        error = {"text": text, "exit": 2}
        if self._is_chosen and error not in self.errors:
            self.errors.append(error)

    def listeners(self, events):
        """Warns of listeners of events that the engine never fires."""
        for name in UNFIRED:
            for listener in getattr(events, name)._handlers:
                place = _traceback.function_place(listener)
                self.warnings.append(
                    f"{place}: events.{name} is never fired here: {UNFIRED[name]}"
                )

    def described(self, cls):
        """A class, and its tasks in the order in which the engine counts them."""
        self._is_chosen = not self._chosen or cls.__name__ in self._chosen
        file, line = _traceback.class_place(cls)
        where = f"{file}:{line}: {cls.__name__}"
        tasks = entries(cls)
        if not tasks:
            self._refuse(
                f"{where} has no task: mark its methods with @task, set `tasks`, "
                "or set abstract = True if it is only a base"
            )
        if cls.run is not User.run:
            self._refuse(f"{where} has its own run(), which gregaria never calls: write tasks")
        self._methods(cls)
        dynamic = _assigns(cls, "tasks")
        described = [self._task(entry, weight, where) for entry, weight in tasks]
        return {
            "name": cls.__name__,
            "host": self._host(cls, where),
            "weight": self._number(cls, "weight", where, numbers.Real),
            "fixed_count": self._number(cls, "fixed_count", where, numbers.Integral),
            "wait": self._wait(cls, where),
            "flat": not dynamic and all(task["kind"] == "function" for task in described),
            "tasks": [_whole(described)] if dynamic else described,
            "on_start": cls.on_start is not User.on_start,
            "on_stop": cls.on_stop is not User.on_stop or not all(
                task["kind"] == "function" for task in described
            ),
            "client": client(cls),
            "document": inspect.getdoc(cls) if cls.__doc__ else None,
            "settings": {
                name: getattr(cls, name) for name in _SETTINGS if _is_plain(getattr(cls, name, None))
            },
            "custom": _custom(cls),
            "file": file,
            "line": line,
        }

    def _host(self, cls, where):
        if cls.host is None or isinstance(cls.host, str):
            return cls.host
        self._refuse(f"{where}.host is {cls.host!r}: write a URL as text, such as 'http://example.com'")
        return None

    def _number(self, cls, name, where, kind):
        value = getattr(cls, name)
        if isinstance(value, kind) and math.isfinite(value) and value >= 0:
            return int(value) if kind is numbers.Integral else float(value)
        what = "a whole number" if kind is numbers.Integral else "a number"
        self._refuse(f"{where}.{name} is {value!r}: it must be {what} of 0 or more")
        return 0

    def _task(self, entry, weight, where, path=()):
        if is_set(entry):
            return self._set(entry, weight, where, path)
        name = getattr(entry, "__name__", type(entry).__name__)
        place = _traceback.function_place(entry)
        said = f"{place}: {name}" if place else f"{where}: the task {entry!r}"
        if isinstance(entry, type) or not callable(entry):
            self._refuse(f"{said} is no function and no TaskSet")
        else:
            self._plain(entry, said, "a task")
        tags = sorted(getattr(entry, "locust_tag_set", ()))
        return {"name": name, "weight": weight, "tags": tags, "kind": "function", "tasks": []}

    def _plain(self, function, said, what):
        """Refuses functions whose body a call does not run. Locust calls them and is content."""
        wrong = None
        if inspect.iscoroutinefunction(function):
            wrong = "is `async def`"
        elif inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
            wrong = "has a `yield`"
        if wrong:
            self._refuse(
                f"{said} {wrong}: {what} is a plain `def`. Locust would never run its body "
                "and report no failure"
            )

    def _methods(self, cls):
        for name in ("on_start", "on_stop", "wait_time"):
            method = getattr(cls, name)
            place = _traceback.function_place(method) if callable(method) else ""
            self._plain(method, f"{place}: {cls.__name__}.{name}", name)

    def _set(self, cls, weight, where, path):
        inner = []
        # A set may be nested in itself.
        if cls not in path:
            pairs = [(entry, 1) for entry in _chain(cls)] or entries(cls)
            inner = [self._task(entry, share, where, (*path, cls)) for entry, share in pairs]
        if not inner and cls not in path and cls.get_next_task is TaskSet.get_next_task:
            place = "{}:{}".format(*_traceback.class_place(cls))
            self._refuse(
                f"{place}: {cls.__name__} has no task: mark its methods with @task or set `tasks`"
            )
        self._wait_of_set(cls)
        self._methods(cls)
        tags = sorted({tag for task in inner for tag in task["tags"]})
        return {
            "name": cls.__name__,
            "weight": weight,
            "tags": tags,
            "kind": "set",
            "tasks": inner,
        }

    def _wait_of_set(self, cls):
        if not callable(cls.wait_time):
            self._no_function(cls, "{}:{}: ".format(*_traceback.class_place(cls)) + cls.__name__)
        elif cls.wait_time is TaskSet.wait_time:
            self._by_attributes(cls, "{}:{}: ".format(*_traceback.class_place(cls)) + cls.__name__)

    def _wait(self, cls, where):
        wait = cls.wait_time
        if not callable(wait):
            self._no_function(cls, where)
            return _wait("constant", 0.0)
        if cls.wait is not User.wait or _assigns(cls, "wait_time"):
            return _wait("function")
        if wait is User.wait_time:
            wait = self._by_attributes(cls, where)
            if wait is None:
                return _wait("constant", 0.0)
        native = getattr(wait, "native", None)
        return _wait(*native) if native else _wait("function")

    def _no_function(self, cls, where):
        self._refuse(
            f"{where}.wait_time is {cls.wait_time!r}: write wait_time = constant(…), "
            "between(…, …) or a method that returns seconds"
        )

    def _by_attributes(self, cls, where):
        """The wait of min_wait and max_wait, which Locust of today ignores."""
        try:
            wait = by_attributes(cls)
        except (TypeError, ValueError) as error:
            self._refuse(f"{where}: {error}")
            return None
        if wait is not None and self._is_chosen:
            self.warnings.append(
                f"{where} waits by min_wait and max_wait (milliseconds), which Locust 2.47 ignores: "
                "write wait_time = between(…, …) in seconds"
            )
        return wait


def entries(cls):
    """The tasks that the file gives a class, with their weights, each once, in their first places."""
    counted = {}
    for entry in _chosen.file_tasks(cls):
        counted.setdefault(id(entry), [entry, 0])[1] += 1
    return [tuple(pair) for pair in counted.values()]


def callables(cls):
    """What the engine runs for each task that the description has."""
    return [DefaultTaskSet] if _assigns(cls, "tasks") else [entry for entry, _ in entries(cls)]


def _chain(cls):
    """The tasks of a MarkovTaskSet."""
    return [m for m in vars(cls).values() if callable(m) and hasattr(m, "transitions")]


def client(cls):
    """Which client the users of a class have."""
    fast = sys.modules.get("locust.contrib.fasthttp")
    if fast is not None and issubclass(cls, fast.FastHttpUser):
        return "fast"
    return "http" if issubclass(cls, HttpUser) else "none"


def _assigns(cls, name):
    """Whether a method of the class assigns to this attribute, as to `self.tasks`: then Python asks for it."""
    for base in cls.__mro__:
        if base.__module__.split(".")[0] == "locust":
            continue
        for member in vars(base).values():
            code = getattr(member, "__code__", None)
            if code is not None and name in code.co_names:
                if any(i.opname == "STORE_ATTR" and i.argval == name for i in dis.get_instructions(code)):
                    return True
    return False


def _whole(tasks):
    return {"name": "tasks", "weight": 1, "tags": [], "kind": "set", "tasks": tasks}


def _wait(kind, a=0.0, b=0.0):
    return {"kind": kind, "a": a, "b": b}


def _custom(cls):
    """What the class's own `json()` adds for the page."""
    if getattr(cls.json, "__func__", None) is User.json.__func__:
        return {}
    shown = cls.json()
    return {name: plain(value) for name, value in shown.items() if name not in _SHOWN}


_SHOWN = ("host", "weight", "fixed_count", "tasks")


def _is_plain(value):
    return isinstance(value, (bool, int, float, str)) or (
        isinstance(value, dict) and all(isinstance(v, str) for v in value.values())
    )


def version():
    """The interpreter's version."""
    return platform.python_version()
