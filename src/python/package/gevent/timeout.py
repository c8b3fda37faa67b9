"""Timeout: an exception that is raised in the greenlet that started it, unless it is cancelled before."""

from gevent import _fiber

__all__ = ["Timeout", "with_timeout"]

_NOTHING = object()


class Timeout(BaseException):
    """Raised in the current greenlet after so many seconds from `start()`.

    With an exception, that is raised instead; with False, a `with` block that it ends is just left. A
    BaseException, so that `except Exception` does not take it.
    """

    def __init__(self, seconds=None, exception=None, ref=True, priority=-1):
        super().__init__()
        self.seconds = seconds
        self.exception = exception
        self._timer = None

    def start(self):
        """Begins to count."""
        if self.pending:
            raise AssertionError(f"{self!r} is already started; to restart it, cancel it first")
        if self.seconds is None:
            return
        who = _fiber.current()
        exception = self.exception
        # None, False and texts are not raised themselves.
        if exception is None or exception is False or isinstance(exception, str):
            raised = self
        else:
            raised = exception() if isinstance(exception, type) else exception

        def expire():
            self._timer = None
            _fiber.throw(who, raised)

        self._timer = _fiber.Timer(self.seconds, expire)

    @classmethod
    def start_new(cls, timeout=None, exception=None, ref=True):
        """Starts a timeout of so many seconds, or one that exists and is not pending yet."""
        if isinstance(timeout, Timeout):
            if not timeout.pending:
                timeout.start()
            return timeout
        timeout = cls(timeout, exception, ref=ref)
        timeout.start()
        return timeout

    @property
    def pending(self):
        """Whether it counts."""
        return self._timer is not None

    def cancel(self):
        """Ends it; it may be started again."""
        timer, self._timer = self._timer, None
        if timer is not None:
            timer.cancel()

    close = cancel

    def __enter__(self):
        if not self.pending:
            self.start()
        return self

    def __exit__(self, kind, value, traceback):
        self.close()
        return value is self and self.exception is False

    def __str__(self):
        if self.seconds is None:
            return ""
        plural = "" if self.seconds == 1 else "s"
        if self.exception is None:
            return f"{self.seconds} second{plural}"
        if self.exception is False:
            return f"{self.seconds} second{plural} (silent)"
        return f"{self.seconds} second{plural}: {self.exception}"

    def __repr__(self):
        pending = " pending" if self.pending else ""
        exception = "" if self.exception is None else f" exception={self.exception!r}"
        return f"<{type(self).__name__} at {id(self):#x} seconds={self.seconds}{exception}{pending}>"


def with_timeout(seconds, function, *args, timeout_value=_NOTHING, **keywords):
    """Calls the function. If that takes longer, raises `Timeout` there or returns `timeout_value`."""
    timeout = Timeout.start_new(seconds)
    try:
        return function(*args, **keywords)
    except Timeout as caught:
        if caught is timeout and timeout_value is not _NOTHING:
            return timeout_value
        raise
    finally:
        timeout.cancel()
