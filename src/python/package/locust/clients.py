"""The client of an HttpUser, `HttpSession`, and its responses, under Locust's names."""

from . import _missing
from ._http import errors as _errors
from ._http.auth import HTTPBasicAuth
from ._http.defaults import FIELDS
from ._http.response import Response
from ._http.session import Session
from .exception import CatchResponseError, LocustError, ResponseError

__all__ = [
    "CatchResponseError",
    "HTTPBasicAuth",
    "HttpSession",
    "LocustError",
    "Response",
    "ResponseContextManager",
    "ResponseError",
    "RestResponseContextManager",
]

ResponseContextManager = Response
RestResponseContextManager = Response

# What the engine calls where a request fails.
_error = _errors.of_kind


class HttpSession(Session):
    """The client of an HttpUser: Locust's session of requests, on the engine's own client.

    `get`, `post` and the other methods are the engine's.
    """

    def __init__(self, base_url, request_event=None, user=None, *, pool_manager=None):
        if pool_manager is not None:
            raise LocustError(
                "pool_manager has no meaning here: leave it out; connections are the engine's, "
                "and each user keeps its own"
            )
        super().__init__(0, base_url, request_event, user, FIELDS, verify=True)

    # `isinstance(client, requests.Session)` holds in Locust.
    __class__ = property(lambda self: _errors.of_requests("Session", type(self)))

    def mount(self, prefix, adapter):
        """Locust's way to set retries and pools; neither is there."""
        raise LocustError(
            f"client.mount({prefix!r}, …): there are no adapters here; a request is not repeated "
            "(it is counted as it went), and pools are the engine's"
        )

    def __getattr__(self, name):
        if name in _OF_REQUESTS:
            raise AttributeError(f"client.{name} is a part of requests that is not here")
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")


# Attributes of `requests.Session` that have no counterpart in the engine.
_OF_REQUESTS = (
    "adapters get_adapter merge_environment_settings prepare_request rebuild_auth rebuild_method "
    "rebuild_proxies resolve_redirects send should_strip_auth"
).split()


def __getattr__(name):
    if name in ("RequestException", "InvalidSchema", "InvalidURL", "MissingSchema"):
        return _errors.family(name)
    return _missing.answer(__name__, name, {"LocustHttpAdapter": "leave it out: pools are the engine's"})
