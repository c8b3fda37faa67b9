"""The exceptions by which a locustfile steers its users, under Locust's names."""

from ._missing import answer


class LocustError(Exception):
    """The base of errors in the use of this package."""


class ResponseError(Exception):
    """A response that the file judges to be a failure."""


class CatchResponseError(Exception):
    """The failure that `response.failure("text")` records."""


class MissingWaitTimeError(LocustError):
    """A wait was due and there is no usable `wait_time`."""


class InterruptTaskSet(Exception):
    """Leaves a TaskSet; `TaskSet.interrupt()` raises it.

    With `reschedule` true the parent picks its next task at once, else it
    waits first.
    """

    def __init__(self, reschedule=True):
        super().__init__(reschedule)
        self.reschedule = reschedule


class StopUser(Exception):
    """Ends the user that raises it; its `on_stop` runs."""


class StopTest(Exception):
    """Ends the whole run."""


class RescheduleTask(Exception):
    """Ends the task; the next one begins after the wait."""


class RescheduleTaskImmediately(Exception):
    """Ends the task; the next one begins without a wait."""


# Those that end a task, a user or the run, and say nothing about a response.
STEERING = (InterruptTaskSet, StopUser, StopTest, RescheduleTask, RescheduleTaskImmediately)


class RunnerAlreadyExistsError(Exception):
    """An environment got a second runner."""


class RPCError(Exception):
    """A message between processes went wrong."""


class RPCSendError(RPCError):
    """A message could not be sent."""


class RPCReceiveError(RPCError):
    """A message could not be received."""

    def __init__(self, *args, addr=None):
        super().__init__(*args)
        self.addr = addr


def __getattr__(name):
    answer(__name__, name)
