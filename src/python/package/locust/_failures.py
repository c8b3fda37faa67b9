"""What happens to an exception that leaves a task, `on_start` or `on_stop`."""

import logging

import _gregaria

from . import _traceback
from .event import events
from .exception import MissingWaitTimeError

logger = logging.getLogger("locust.user.task")


def in_task(user, error):
    """Counts an exception of a task, logs it and fires `user_error`, as Locust does."""
    count(error)
    events.user_error.fire(user_instance=user, exception=error, tb=error.__traceback__)
    log(error)


def count(error):
    """Adds an exception to the table of exceptions."""
    _gregaria.exception(str(error), _traceback.frames(error.__traceback__))


def log(error):
    """Logs an exception with its traceback."""
    logger.error("%s\n%s", error, _traceback.text(error))


def stops_test(error):
    """Says that a user ends the run, and ends it; a run that ends so has not succeeded."""
    count(error)
    logger.error("%s\nThe test ends: a user raised StopTest", error)
    _gregaria.call("stop", "{}")


def interrupted_user(user, error):
    """An interrupt outside any TaskSet ends the user; Locust then reports no failure."""
    place = _traceback.last_place(error)
    raised = RuntimeError(
        f"{place}: {type(user).__name__} raised InterruptTaskSet outside a TaskSet: "
        "write `raise StopUser()` to end the user, or `return` to end the task"
    )
    _gregaria.exception(str(raised), _traceback.frames(error.__traceback__))
    logger.error("%s", raised)


def ends_user(error):
    """Whether an exception leaves nothing to go on with."""
    return isinstance(error, MissingWaitTimeError)
