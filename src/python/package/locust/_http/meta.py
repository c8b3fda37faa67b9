"""What is counted of a request, as a dict."""

from collections.abc import MutableMapping

from ..exception import CatchResponseError
from . import errors


class RequestMeta(MutableMapping):
    """`response.request_meta`: it shows what the engine counts, and changes it until it is counted."""

    _READ = {
        "request_type": "_method",
        "response_time": "_ms",
        "name": "_name",
        "start_time": "_start",
        "response_length": "_length",
    }
    _FIXED = ("start_time", "url", "response")

    def __init__(self, response):
        self._of = response
        # The URL that was asked for first, as in Locust.
        redirects = response._redirects
        self._own = {"response": response, "url": redirects[0][1] if redirects else response._request[1]}

    def __getitem__(self, key):
        if key in self._own:
            return self._own[key]
        if key == "exception":
            return failure_of(self._of)
        if key == "context":
            # Kept, so that what the block adds to it reaches the listeners.
            return self._own.setdefault(key, self._context())
        return getattr(self._of, self._READ[key])

    def __setitem__(self, key, value):
        if key == "exception":
            self._of.failure(value) if value is not None else self._of.success()
        elif key in self._READ and key not in self._FIXED:
            setattr(self._of, self._READ[key], value)
        else:
            self._own[key] = value

    def _context(self):
        """Joins the context of the user with that of the request."""
        user = self._of._client.user
        return {**(user.context() if user is not None else {}), **(self._of._context or {})}

    def __delitem__(self, key):
        del self._own[key]

    def __iter__(self):
        return iter(dict.fromkeys((*self._READ, "context", "exception", *self._own)))

    def __len__(self):
        return len(list(iter(self)))

    def __repr__(self):
        return repr(dict(self))


def failure_of(response, url=None):
    """Returns the failure as the exception that listeners of `events.request` get, or None.

    For a status that failed it is that of `raise_for_status`, with the row's
    name in place of the URL, as in Locust.
    """
    failure = response._failure
    if not isinstance(failure, str):
        return failure
    if response._judged:
        return CatchResponseError(failure)
    if response.status_code == 0:
        return response.error if url else errors.innermost(response.error)
    return response._status_error(url or response._name)
