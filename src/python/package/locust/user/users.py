"""The classes that a locustfile derives its users from."""

import logging
import time

import _gregaria

from .._http.rest import RestMixin
from .._missing import answer, no_attribute
from ..exception import LocustError, StopTest
from .task import (
    LOCUST_STATE_STOPPING,
    LOCUST_STATE_WAITING,
    get_tasks_from_base_classes,
    seconds,
)
from .wait_time import by_attributes

logger = logging.getLogger(__name__)


class UserMeta(type):
    """Collects a class's tasks into `tasks`; `abstract` is never inherited."""

    def __new__(mcs, name, bases, class_dict, **kwargs):
        if "task_set" in class_dict:
            raise LocustError(f"{name}.task_set is of before Locust 1.0: write tasks = [YourTaskSet]")
        class_dict["tasks"] = get_tasks_from_base_classes(bases, class_dict)
        class_dict.setdefault("abstract", False)
        return super().__new__(mcs, name, bases, class_dict, **kwargs)


class User(metaclass=UserMeta):
    """A virtual user: what a derived class says a user of the system does."""

    abstract = True
    host = None
    tasks = []
    weight = 1
    fixed_count = 0
    min_wait = None
    max_wait = None
    wait_function = None

    def __init__(self, environment):
        self.environment = environment
        self._state = None
        self._fiber = _gregaria.current()
        self._cp_last_run = time.perf_counter()
        self._cp_last_wait_time = 0
        super().__init__()

    # Set where `on_start` raised: `on_stop` is then not called.
    _failed_start = False

    def on_start(self):
        """Called when the user begins."""

    def on_stop(self):
        """Called when the user ends."""

    def context(self):
        """What to add to the context of each of the user's samples."""
        return {}

    def wait_time(self):
        """The seconds to wait after a task: none, unless min_wait and max_wait say so."""
        own = by_attributes(self)
        return own(self) if own else 0

    def wait(self):
        """Waits as after a task."""
        state, self._state = self._state, LOCUST_STATE_WAITING
        _gregaria.sleep(seconds(self, self.wait_time))
        self._state = state

    def stop(self, force=False):
        """Ends this user: after its task, at once where it waits or with `force`.

        The call returns, as in Locust: the rest of the task still runs.
        """
        if force:
            if self._fiber == _gregaria.current():
                raise _gregaria.GreenletExit()
            _gregaria.throw(self._fiber, _gregaria.GreenletExit())
        else:
            self._state = LOCUST_STATE_STOPPING
            _gregaria.finish(self._fiber)
        return True

    def run(self):
        """Locust's loop of the user; the engine has its own."""
        raise no_attribute(type(self).__name__, "run", "the engine runs users: write tasks")

    start = run

    @property
    def greenlet(self):
        """Locust's greenlet of the user; there is none here."""
        raise no_attribute(
            type(self).__name__, "greenlet", "write `self.stop(force=True)` to end a user"
        )

    @property
    def group(self):
        """Locust's group of greenlets; there is none here."""
        raise no_attribute(type(self).__name__, "group", "spawn with `gevent.spawn(…)`")

    @classmethod
    def fullname(cls):
        """Module and name of the class."""
        return f"{cls.__module__}.{cls.__qualname__}"

    @classmethod
    def json(cls):
        """The settings of the class that the page shows."""
        return {
            "host": cls.host,
            "weight": cls.weight,
            "fixed_count": cls.fixed_count,
            "tasks": [getattr(entry, "__name__", str(entry)) for entry in cls.tasks],
        }


class HttpUser(User, RestMixin):
    """A user with `client`, a session of HTTP requests."""

    abstract = True
    pool_manager = None

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if self.host is None:
            raise StopTest(
                f"{type(self).__name__} has no host: give --host, or set the class's `host`"
            )
        from ..clients import HttpSession

        self.client = HttpSession(
            base_url=self.host,
            request_event=self.environment.events.request,
            user=self,
            pool_manager=self.pool_manager,
        )


def __getattr__(name):
    answer(__name__, name)
