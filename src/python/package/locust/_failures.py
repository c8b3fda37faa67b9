"""What happens to an exception that leaves a task, `on_start` or `on_stop`."""

import json
import logging

import _gregaria

from . import _traceback
from .event import events
from .exception import STEERING, MissingWaitTimeError

logger = logging.getLogger("locust.user.task")


def in_task(owner, error):
    """Counts an exception of a task, logs it and fires `user_error`, as Locust does.

    `owner` is the task set that ran the task; listeners get it as `user_instance`.
    """
    count(error)
    events.user_error.fire(user_instance=owner, exception=error, tb=error.__traceback__)
    log(error)


def in_on_stop(stop):
    """Calls an `on_stop`. What it raises is counted and logged, and stops nothing.

    Locust only logs it, so that the run ends with exit code 0.
    """
    try:
        stop()
    except STEERING:
        pass
    except Exception as error:
        count(error)
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
    _ask("stop", {})


def exits(error):
    """A task called sys.exit(): the run ends, with this exit code, as in Locust."""
    code = error.code if isinstance(error.code, int) else int(error.code is not None)
    count(SystemExit(f"a task called sys.exit({error.code!r})").with_traceback(error.__traceback__))
    logger.error("a task called sys.exit(%r): the run ends", error.code)
    _ask("quit", {"exit_code": code})


def _ask(name, details):
    """Asks the command to end the run, which may end the asking user while it waits."""
    try:
        _gregaria.call(name, json.dumps(details))
    except _gregaria.GreenletExit:
        pass


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
