"""What is counted of a request, as a dict."""

from collections.abc import MutableMapping

from ..exception import CatchResponseError


class RequestMeta(MutableMapping):
    """`response.request_meta`: it shows what the engine counts, and changes it until it is counted."""

    _READ = {
        "request_type": "_method",
        "response_time": "_ms",
        "name": "_name",
        "context": "_context",
        "start_time": "_start",
        "response_length": "_length",
    }
    _FIXED = ("start_time", "url", "response")

    def __init__(self, response):
        self._of = response
        self._own = {"response": response, "url": response._request[1]}

    def __getitem__(self, key):
        if key in self._own:
            return self._own[key]
        if key == "exception":
            return failure_of(self._of)
        value = getattr(self._of, self._READ[key])
        return {} if value is None and key == "context" else value

    def __setitem__(self, key, value):
        if key == "exception":
            self._of.failure(value) if value is not None else self._of.success()
        elif key in self._READ and key not in self._FIXED:
            setattr(self._of, self._READ[key], value)
        else:
            self._own[key] = value

    def __delitem__(self, key):
        del self._own[key]

    def __iter__(self):
        return iter(dict.fromkeys((*self._READ, "exception", *self._own)))

    def __len__(self):
        return len(list(iter(self)))

    def __repr__(self):
        return repr(dict(self))


def failure_of(response):
    """Returns the failure as the exception that listeners of `events.request` get, or None.

    For a status that failed it is that of `raise_for_status`, with the row's
    name in place of the URL, as in Locust.
    """
    failure = response._failure
    if not isinstance(failure, str):
        return failure
    if response.status_code == 0 and response.error is not None:
        return response.error
    if failure.startswith(f"{response.status_code} "):
        return response._status_error(response._name)
    return CatchResponseError(failure)
