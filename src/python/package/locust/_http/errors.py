"""The exceptions of the HTTP clients.

They have the names and bases of those of requests. A file that imports
requests catches requests' own classes, so where that package has been
imported, ours are made from its classes, and else from the ones below.
Nothing is imported for this.
"""

import sys
from json import JSONDecodeError as _BuiltinJSONDecodeError


class RequestException(OSError):
    """Anything that went wrong with a request."""

    def __init__(self, *args, request=None, response=None):
        super().__init__(*args)
        self.response = response
        self.request = request or getattr(response, "request", None)


class InvalidJSONError(RequestException):
    """The value of `json=` cannot be written as JSON."""


class JSONDecodeError(InvalidJSONError, _BuiltinJSONDecodeError):
    """The body is not JSON."""

    def __init__(self, *args, **keywords):
        _BuiltinJSONDecodeError.__init__(self, *args)
        InvalidJSONError.__init__(self, *self.args, **keywords)

    def __str__(self):
        return ValueError.__str__(self)


class HTTPError(RequestException):
    """The status says that the request failed."""


class ConnectionError(RequestException):
    """No connection, or one that broke."""


class ProxyError(ConnectionError):
    """The proxy did not do its part."""


class SSLError(ConnectionError):
    """TLS failed."""


class Timeout(RequestException):
    """It took too long."""


class ConnectTimeout(ConnectionError, Timeout):
    """It took too long to connect."""


class ReadTimeout(Timeout):
    """It took too long to respond."""


class URLRequired(RequestException):
    """There is no URL."""


class TooManyRedirects(RequestException):
    """A chain of redirects that is too long."""


class MissingSchema(RequestException, ValueError):
    """The URL has no scheme."""


class InvalidSchema(RequestException, ValueError):
    """The URL's scheme is neither http nor https."""


class InvalidURL(RequestException, ValueError):
    """Not a URL."""


class InvalidHeader(RequestException, ValueError):
    """A header that cannot be sent."""


class InvalidProxyURL(InvalidURL):
    """The proxy's URL is none."""


class ChunkedEncodingError(RequestException):
    """The body ended too early."""


class ContentDecodingError(RequestException):
    """The body could not be decompressed."""


class StreamConsumedError(RequestException, TypeError):
    """The body has been read already."""


# The kinds of failures that the engine tells apart: requests' class, the
# built-in one that other code would see, and geventhttpclient's.
_KINDS = {
    "refused": ("ConnectionError", "ConnectionRefusedError", "ConnectionError"),
    "reset": ("ConnectionError", "ConnectionResetError", "ConnectionError"),
    "closed": ("ConnectionError", "ConnectionResetError", "ConnectionError"),
    "truncated": ("ChunkedEncodingError", None, None),
    "timeout": ("ReadTimeout", "TimeoutError", None),
    "stalled": ("ConnectionError", "TimeoutError", None),
    "connect_timeout": ("ConnectTimeout", "TimeoutError", None),
    "dns": ("ConnectionError", "gaierror", None),
    "tls": ("SSLError", "ssl", None),
    "proxy": ("ProxyError", None, None),
    "redirects": ("TooManyRedirects", None, "RetriesExceeded"),
    "malformed": ("ConnectionError", None, None),
    "decode": ("ContentDecodingError", None, None),
    "url": ("InvalidURL", None, None),
    "other": ("ConnectionError", None, None),
}
# The names of the innermost exceptions, where they are others than those of the classes of requests.
_INNERMOST = {
    "refused": "ConnectionRefusedError",
    "reset": "ConnectionResetError",
    "closed": "RemoteDisconnected",
    "stalled": "TimeoutError",
    "dns": "gaierror",
}
_ERRNO = {"refused": 111, "reset": 104, "closed": 104, "timeout": 110, "stalled": 110, "connect_timeout": 110}
_made = {}


def family(name):
    """Returns the class of this name: that of requests where it has been imported, or ours."""
    real = sys.modules.get("requests.exceptions")
    return getattr(real, name, None) or globals()[name]


def of_requests(name, other):
    """Returns the class of this name of requests where that has been imported, or the other one."""
    return getattr(sys.modules.get("requests"), name, other)


def of_kind(kind, text, url=None, is_fast=False):
    """Makes the exception for a failure of this kind; its text is the one of the failure's row.

    That of a FastHttpUser has the name of the innermost exception, which
    geventhttpclient lets through; requests wraps it.
    """
    kind = kind if kind in _KINDS else "other"
    name = _INNERMOST.get(kind) if is_fast else None
    return _named("HTTPConnectionClosed" if name == "RemoteDisconnected" else name, kind, text, url)


def innermost(error):
    """Returns the exception as listeners of `events.request` get it: Locust unwraps that of requests."""
    kind = getattr(error, "kind", None)
    if kind not in _INNERMOST or type(error).__name__ != family(_KINDS[kind][0]).__name__:
        return error
    return _named(_INNERMOST[kind], kind, str(error), error.url)


def _named(name, kind, text, url):
    key = (name, kind, *(name in sys.modules for name in ("requests", "geventhttpclient", "ssl")))
    if key not in _made:
        _made[key] = _make(name, *_KINDS[kind])
    error = _made[key](text)
    error.url, error.kind = url, kind
    error.errno = _ERRNO.get(kind)
    return error


def json_error(error, response):
    """Returns the exception of requests for one of `json.loads`."""
    if not isinstance(error, _BuiltinJSONDecodeError):
        return error
    return family("JSONDecodeError")(error.msg, error.doc, error.pos)


def _make(name, of_requests, builtin, fast):
    base = family(of_requests)
    name = name or base.__name__
    bases = [base, *_others(builtin, fast)]
    try:
        return _Leaf(name, tuple(bases))
    except TypeError:  # classes of C whose layouts do not go together
        return _Leaf(name, (base,))


def _others(builtin, fast):
    if builtin == "gaierror":
        import socket

        yield socket.gaierror
    elif builtin == "ssl":
        if ssl := sys.modules.get("ssl"):
            yield ssl.SSLError
    elif builtin:
        yield getattr(sys.modules["builtins"], builtin)
    useragent = sys.modules.get("geventhttpclient.useragent")
    if fast and useragent:
        yield getattr(useragent, fast)


def _Leaf(name, bases):
    """Makes a class that is an instance of all of these, and takes one text."""

    def __init__(self, text):
        OSError.__init__(self, text)
        self.request = self.response = None

    def __str__(self):
        return str(self.args[0])

    def __repr__(self):
        return f"{name}({self.args[0]!r})"

    body = {"__init__": __init__, "__str__": __str__, "__repr__": __repr__, "is_text_of_row": True}
    return type(name, bases, {**body, "__module__": bases[0].__module__})
