"""A small engine for the tests of the HTTP clients: it keeps what it is told and sends nothing."""

import sys
import types
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "src/python/package"))


class Client:
    """Hands every call to `_prepare` and returns the request as it would be sent."""

    def __init__(self):
        self._kept, self._closed = [], 0

    def request(self, method, url, **given):
        return self._prepare(method, url, given)

    def _close(self):
        self._closed += 1

    def _cookies(self):
        return list(self._kept)

    def _set_cookie(self, header, host):
        pair, *attributes = header.split("; ")
        name, _, value = pair.partition("=")
        given = dict(attribute.partition("=")[::2] for attribute in attributes)
        cookie = (name, value, host or "127.0.0.1", given["Path"], "Secure" in given, None)
        self._kept = [
            kept for kept in self._kept if (kept[0], kept[2:4]) != (cookie[0], cookie[2:4])
        ]
        if "Max-Age" not in given:
            self._kept.append(cookie)

    def _clear_cookies(self):
        self._kept = []


class Response:
    """A response with what the engine would say of it; nothing is decoded here."""

    __slots__ = (
        "_catch _client _context _elapsed _error _failure _fields _flavour _judged _length _method _ms _name "
        "_own_encoding _redirects _request _start content reason status_code url"
    ).split()

    def __init__(self, status=200, fields=(), content=b"", error=None, url="http://host/path", **more):
        self.status_code, self._fields, self.content, self._error = status, list(fields), content, error
        self.reason, self.url = more.pop("reason", "OK"), url
        self._method, self._name, self._ms, self._start = "GET", "/path", 1.5, 1000.0
        self._length, self._context, self._failure = len(content or b""), None, self._own_failure()
        self._elapsed, self._redirects, self._catch = 0.25, [], True
        self._own_encoding, self._flavour, self._judged = False, 0, False
        self._request = ("GET", url, [("Host", "host"), ("Accept", "*/*")], None)
        for name, value in more.items():
            setattr(self, name, value)

    def _own_failure(self):
        """What it counts as while the file has not judged it."""
        if self.status_code == 0:
            return str(self._error) if self._error else None
        valid = getattr(type(self), "_VALID", (*range(400), *range(600, 1000)))
        return None if self.status_code in valid else f"{self.status_code} {self.reason}"

    def _header_list(self):
        return list(self._fields)

    @property
    def error(self):
        return self._error

    @property
    def text(self):
        return self._text()

    def json(self, **keywords):
        return self._json(**keywords)

    def __enter__(self):
        if not self._catch:
            self._enter_plain()
        return self

    def __exit__(self, kind, error, traceback):
        return kind is not None and self._leave(kind, error, traceback)

    def failure(self, failure):
        self._failure, self._judged = failure, True

    def success(self):
        self._failure, self._judged = None, True


class GreenletExit(BaseException):
    pass


registered = {}
_module = sys.modules.setdefault("_gregaria", types.ModuleType("_gregaria"))
for _name, _value in {
    "Client": Client,
    "Response": Response,
    "register": lambda **classes: registered.update(classes),
    "GreenletExit": GreenletExit,
    "current": lambda: None,
}.items():
    if not hasattr(_module, _name):
        setattr(_module, _name, _value)
