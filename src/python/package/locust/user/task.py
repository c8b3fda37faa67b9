"""Task sets, and the marks that make a function a task."""

import collections
import logging
import random
import time

import _gregaria

from .. import _failures, _flow
from ..exception import (
    InterruptTaskSet,
    MissingWaitTimeError,
    RescheduleTask,
    RescheduleTaskImmediately,
    StopTest,
    StopUser,
)
from .wait_time import by_attributes
from .._missing import answer

logger = logging.getLogger(__name__)

LOCUST_STATE_RUNNING, LOCUST_STATE_WAITING, LOCUST_STATE_STOPPING = "running", "waiting", "stopping"


def task(weight=1):
    """Marks a method, a function or a nested TaskSet as a task: `@task` or `@task(3)`.

    A task of weight 0 is never picked. Other than in Locust a weight below 0 is refused,
    where Locust drops the task silently.
    """
    if callable(weight):
        return task(1)(weight)
    if not isinstance(weight, int):
        raise TypeError(f"@task({weight!r}): the weight of a task is a whole number")
    if weight < 0:
        raise ValueError(f"@task({weight}): the weight of a task is 0 or more")

    def mark(function):
        if getattr(function, "__name__", "") in ("on_start", "on_stop"):
            logger.warning(
                "%s is marked as a task: it runs at the user's start or stop and as a task, too",
                function.__qualname__,
            )
        function.locust_task_weight = weight
        return function

    return mark


def tag(*tags):
    """Gives tags to a task, or to all tasks of a TaskSet.

    `--tags` and `--exclude-tags` choose by them.
    """
    if not tags or not all(isinstance(name, str) for name in tags):
        raise ValueError('@tag takes the names: @tag("read", "slow")')

    def mark(function):
        if hasattr(function, "tasks"):
            function.tasks = [mark(inner) for inner in function.tasks]
            return function
        function.locust_tag_set = getattr(function, "locust_tag_set", set()) | set(tags)
        return function

    return mark


def get_tasks_from_base_classes(bases, class_dict):
    """The tasks of a new class: those of its bases, its `tasks`, then its marked members.

    Each stands there as often as its weight says. As in Locust a mixin gives
    its tasks only if it is a User or TaskSet, and a method that is overridden stays a task beside the new one.
    """
    tasks = [inner for base in bases for inner in getattr(base, "tasks", None) or ()]
    tasks.extend(expand(class_dict.get("tasks")))
    for member in class_dict.values():
        if "locust_task_weight" in dir(member):
            tasks.extend([member] * member.locust_task_weight)
    return tasks


def expand(tasks):
    """A `tasks` attribute (list, list with pairs, dict) as a list by weight."""
    pairs = tasks.items() if isinstance(tasks, dict) else tasks or ()
    expanded = []
    for entry in pairs:
        if isinstance(entry, tuple) and len(entry) == 2:
            entry, weight = entry
            expanded.extend([entry] * weight)
        else:
            expanded.append(entry)
    return expanded


def is_set(entry):
    """Whether a task is a TaskSet class."""
    return isinstance(entry, TaskSetMeta)


class TaskSetMeta(type):
    """Collects a class's tasks into `tasks`."""

    def __new__(mcs, name, bases, class_dict):
        class_dict["tasks"] = get_tasks_from_base_classes(bases, class_dict)
        return super().__new__(mcs, name, bases, class_dict)


class TaskSet(metaclass=TaskSetMeta):
    """Tasks that a user runs one after another until `interrupt()`."""

    tasks = []
    min_wait = None
    max_wait = None
    wait_function = None

    def __init__(self, parent):
        self._parent = parent
        self._user = parent._user if isinstance(parent, TaskSet) else parent
        self._task_queue = collections.deque()
        self._time_start = time.time()
        self._cp_last_run = time.perf_counter()
        self._cp_last_wait_time = 0

    @property
    def user(self):
        """The user that runs this set."""
        return self._user

    @property
    def parent(self):
        """The set or user that this set is nested in."""
        return self._parent

    @property
    def client(self):
        """The user's client."""
        return self._user.client

    def on_start(self):
        """Called when a user enters the set."""

    def on_stop(self):
        """Called when a user leaves the set."""

    def run(self):
        """Runs tasks until an exception ends the set.

        That is RescheduleTask or RescheduleTaskImmediately after `interrupt`,
        StopUser or GreenletExit at the user's end.
        """
        try:
            self.on_start()
        except InterruptTaskSet as interrupt:
            self._leave(interrupt)
        next_iteration = _flow.next_iteration()
        direct = type(self).execute_next_task is TaskSet.execute_next_task
        begun = pauses = False
        try:
            while True:
                if begun:
                    next_iteration(self._wait_seconds() if pauses else -1.0)
                begun = pauses = True
                if self._user._state == LOCUST_STATE_STOPPING:
                    raise StopUser()
                try:
                    if self._task_queue or not direct:
                        self._through_queue()
                    else:
                        self.execute_task(self.get_next_task())
                except RescheduleTaskImmediately:
                    pauses = False
                except RescheduleTask:
                    pass
                except (InterruptTaskSet, StopUser, StopTest):
                    raise
                except Exception as error:
                    _failures.in_task(self, error)
        except InterruptTaskSet as interrupt:
            _failures.in_on_stop(self.on_stop)
            self._leave(interrupt)
        except (StopUser, _gregaria.GreenletExit):
            _failures.in_on_stop(self.on_stop)
            raise

    def _through_queue(self):
        if not self._task_queue:
            self.schedule_task(self.get_next_task())
        self.execute_next_task()

    def _leave(self, interrupt):
        if interrupt.reschedule:
            raise RescheduleTaskImmediately() from interrupt
        raise RescheduleTask() from interrupt

    def execute_next_task(self):
        """Runs the first task of the queue."""
        self.execute_task(self._task_queue.popleft())

    def execute_task(self, task):
        """Runs a task: a function with this set, a nested TaskSet's whole loop.

        A method of this set, as `schedule_task(self.first)` gives it, is called as it is.
        """
        if isinstance(task, TaskSetMeta):
            task(self).run()
        elif getattr(task, "__self__", None) is self:
            task()
        else:
            task(self)

    def schedule_task(self, task_callable, first=False):
        """Puts a task into the queue; `first` before the others."""
        if first:
            self._task_queue.appendleft(task_callable)
        else:
            self._task_queue.append(task_callable)

    def get_next_task(self):
        """The task to run when the queue is empty: any, evenly (the list repeats by weight)."""
        tasks = self.tasks
        if not tasks:
            raise LookupError(
                f"{type(self).__name__} has no tasks: mark methods with @task or set `tasks`"
            )
        return tasks[int(random.random() * len(tasks))]

    def wait_time(self):
        """The seconds to wait after a task: own min_wait and max_wait, else the user's.

        A set nested in a set waits as the user does, not as its parent.
        """
        if self.min_wait is None and self.max_wait is None and self.wait_function is None:
            return self._user.wait_time()
        return by_attributes(self)(self)

    def wait(self):
        """Waits as after a task."""
        state, self._user._state = self._user._state, LOCUST_STATE_WAITING
        _gregaria.sleep(self._wait_seconds())
        self._user._state = state

    def _wait_seconds(self):
        return seconds(self, self.wait_time)

    def interrupt(self, reschedule=True):
        """Leaves this set; the parent goes on at once, or after a wait."""
        raise InterruptTaskSet(reschedule)


def seconds(owner, wait_time):
    """What a wait_time method returns, checked."""
    value = wait_time()
    if type(value) is float:
        return value
    if isinstance(value, (int, float)):
        return float(value)
    raise MissingWaitTimeError(
        f"wait_time of {type(owner).__name__} returned {value!r}: it returns seconds as a number"
    )


class DefaultTaskSet(TaskSet):
    """The tasks of a user that chooses them itself, by an assignment to `self.tasks`."""

    def get_next_task(self):
        """Any task of the user."""
        tasks = expand(self._user.tasks)
        if not tasks:
            raise LookupError(f"{type(self._user).__name__} has no tasks left in self.tasks")
        return random.choice(tasks)

    def execute_task(self, task):
        """Runs a task: a function with the user, a nested TaskSet's whole loop."""
        if is_set(task):
            task(self._user).run()
        elif getattr(task, "__self__", None) is self._user:
            task()
        else:
            task(self._user)


class ChangedTaskSet(DefaultTaskSet):
    """The tasks of a class that a listener of `test_start` has changed, with its waits."""

    def _wait_seconds(self):
        """Waits itself: the engine waits as the class said before."""
        _gregaria.sleep(super()._wait_seconds())
        return -1.0


def __getattr__(name):
    answer(__name__, name)
