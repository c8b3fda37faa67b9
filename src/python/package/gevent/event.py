"""Event and AsyncResult: waiting for something that another greenlet does."""

from gevent._linked import Linked
from gevent.timeout import Timeout

__all__ = ["AsyncResult", "Event"]


class Event(Linked):
    """A flag that greenlets wait for."""

    def __init__(self):
        super().__init__()
        self._is_set = False

    def is_set(self):
        return self._is_set

    isSet = ready = is_set

    def set(self):
        """Sets the flag, and wakes whoever waits for it."""
        self._is_set = True
        self._tell_links()

    def clear(self):
        self._is_set = False

    def wait(self, timeout=None):
        """Waits for the flag. Returns whether it was set in time, even if it is cleared since."""
        return self._wait_until_ready(timeout)

    def __repr__(self):
        state = "set" if self._is_set else "clear"
        return f"<{type(self).__name__} at {id(self):#x} {state} _links[{self.linkcount()}]>"


class AsyncResult(Linked):
    """A value or an exception that is set once, and that greenlets wait for."""

    def __init__(self):
        super().__init__()
        self._is_ready = False
        self._value = None
        self._exc_info = ()

    def ready(self):
        return self._is_ready

    done = ready

    def successful(self):
        """Whether it has a value."""
        return self._is_ready and not self._exc_info

    @property
    def value(self):
        return self._value

    @property
    def exception(self):
        return self._exc_info[1] if self._exc_info else None

    @property
    def exc_info(self):
        """Class, exception and traceback, or an empty tuple."""
        return self._exc_info

    def set(self, value=None):
        self._settle(value, ())

    def set_exception(self, exception, exc_info=None):
        kind = type(exception)
        self._settle(None, exc_info or (kind, exception, exception.__traceback__))

    def _settle(self, value, exc_info):
        self._value, self._exc_info = value, exc_info
        self._is_ready = True
        self._tell_links()

    set_result = set

    def get(self, block=True, timeout=None):
        """The value, once there is one; raises the exception. `Timeout` where that takes longer."""
        if not self._is_ready:
            if not block:
                raise Timeout()
            if not self._wait_until_ready(timeout):
                raise Timeout(timeout)
        if self._exc_info:
            raise self._exc_info[1].with_traceback(self._exc_info[2])
        return self._value

    result = get

    def get_nowait(self):
        return self.get(block=False)

    def wait(self, timeout=None):
        """Waits until it is ready. Returns the value, and None where there is none."""
        self._wait_until_ready(timeout)
        return self._value

    def __call__(self, source):
        """Takes over what has become of a greenlet: `greenlet.link(result)`."""
        if source.successful():
            self.set(source.value)
        else:
            self.set_exception(source.exception, getattr(source, "exc_info", None))

    def cancel(self):
        return False

    def cancelled(self):
        return False

    def __repr__(self):
        state = f"value={self._value!r}" if self._is_ready else "unset"
        error = f" exception={self.exception!r}" if self._exc_info else ""
        return f"<{type(self).__name__} {state}{error} _links[{self.linkcount()}]>"
