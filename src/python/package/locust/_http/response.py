"""A response: what the engine received, as requests and geventhttpclient show it."""

import _gregaria

from .. import exception as _exception
from . import cookies, encoding, errors
from .headers import CaseInsensitiveDict, ReceivedHeaders
from .meta import RequestMeta, failure_of
from .received import History, Raw, SentRequest, body_of_lines, chunks, links_of, next_method
from .said import say_once

class Response(_gregaria.Response):
    """The response of an HttpUser, with the attributes of `requests.Response`; each is made when it is read.

    Status, body, text and JSON come from the engine. A request that got no
    response has the status 0 and an `error`, as in Locust.
    """

    __slots__ = ("_more",)

    # `isinstance(response, requests.Response)` holds in Locust.
    __class__ = property(lambda self: errors.of_requests("Response", type(self)))

    # What a file stores at a response, and what is made once.

    def _kept(self):
        try:
            return self._more
        except AttributeError:
            more = {}
            object.__setattr__(self, "_more", more)
            return more

    def _once(self, name, make):
        more = self._kept()
        if name not in more:
            more[name] = make()
        return more[name]

    def __getattr__(self, name):
        # Only for names that no class has.
        if name != "_more" and not name.startswith("__"):
            try:
                return self._more[name]
            except (AttributeError, KeyError):
                pass
        raise AttributeError(f"a response has no attribute {name!r}")

    def __setattr__(self, name, value):
        try:
            object.__setattr__(self, name, value)
        except AttributeError:
            self._kept()[name] = value

    # Head.

    @property
    def headers(self):
        return self._once("headers", self._joined_headers)

    def _joined_headers(self):
        """Puts the values of a repeated field into one, separated by commas, as urllib3 does."""
        joined = CaseInsensitiveDict()
        for name, value in self._header_list():
            joined[name] = f"{joined[name]}, {value}" if name in joined else value
        return joined

    @property
    def cookies(self):
        """The cookies that this response set."""
        return self._once("cookies", lambda: cookies.received(self._header_list(), self.url))

    @property
    def links(self):
        """The Link header, by the relation of each link (RFC 8288)."""
        return links_of(self.headers.get("link"))

    @property
    def elapsed(self):
        """The time until the headers had come."""
        from datetime import timedelta

        return timedelta(seconds=self._elapsed or 0.0)

    @property
    def history(self):
        """The responses that redirected to this one."""
        return self._once("history", lambda: History.of(self._redirects, self._method))

    @property
    def request(self):
        """The request as it was sent."""
        return self._once("request", lambda: SentRequest(*self._request))

    @property
    def ok(self):
        """Whether the status is below 400; raises the error where there is no response, as requests does."""
        if self.status_code == 0 and self.error is not None:
            raise self.error
        return not 400 <= self.status_code < 600

    def __bool__(self):
        return self.ok

    def __repr__(self):
        return f"<Response [{self.status_code}]>"

    @property
    def is_redirect(self):
        return "location" in self.headers and self.status_code in (301, 302, 303, 307, 308)

    @property
    def is_permanent_redirect(self):
        return "location" in self.headers and self.status_code in (301, 308)

    @property
    def next(self):
        """The request that would follow, where this is a redirect."""
        if not self.is_redirect:
            return None
        from urllib.parse import urljoin

        method = next_method(self.status_code, self.request.method)
        return SentRequest(method, urljoin(self.url, self.headers["location"]), (), None)

    def raise_for_status(self):
        """Raises what the request fails by: what the file said, HTTPError for the status, or why there is no response.

        After `success()` nothing is raised, as in Locust.
        """
        if (failure := failure_of(self, self.url or self._request[1])) is not None:
            raise failure

    def _status_error(self, url):
        """Makes the exception for the status."""
        kind = "Client" if self.status_code < 500 else "Server"
        text = f"{self.status_code} {kind} Error: {self.reason} for url: {url}"
        return errors.family("HTTPError")(text, response=self)

    # Body.

    @property
    def encoding(self):
        """The encoding of `text`: assigned, or said by the Content-Type, or None."""
        more = self._kept()
        if "encoding" not in more:
            return encoding.of_header(self.headers.get("content-type"))
        return more["encoding"]

    @encoding.setter
    def encoding(self, name):
        self._kept()["encoding"] = name
        self._own_encoding = True

    @property
    def apparent_encoding(self):
        """The encoding that the body seems to be in."""
        return encoding.guess(self.content or b"")

    def _text(self):
        """Returns the text where the engine does not decode it by itself."""
        body = self.content
        if not body:
            return ""
        name = self.encoding
        return encoding.decode(body, encoding.guess(body) if name is None else name)

    def _json(self, **keywords):
        """Parses the body where the engine does not, by requests' rules.

        A body without a charset is taken for Unicode first.
        """
        body = self.content
        unicode = encoding.of_json(body) if self.encoding is None and body else None
        if unicode and len(body) > 3:
            try:
                return self._loads(body.decode(unicode), keywords)
            except UnicodeDecodeError:
                pass
        return self._loads(self._text(), keywords)

    def _loads(self, text, keywords):
        import json

        try:
            return json.loads(text, **keywords)
        except ValueError as error:
            raise self._json_error(error) from None

    def _json_error(self, error):
        return errors.json_error(error, self)

    def iter_content(self, chunk_size=1, decode_unicode=False):
        """Yields the body in pieces; with `decode_unicode`, its text."""
        is_text = decode_unicode and self.encoding is not None
        return chunks(self.text if is_text else self.content or b"", chunk_size)

    def iter_lines(self, chunk_size=512, decode_unicode=False, delimiter=None):
        """Yields the lines of the body."""
        is_text = decode_unicode and self.encoding is not None
        return iter(body_of_lines(self.text if is_text else self.content or b"", delimiter))

    def __iter__(self):
        return self.iter_content(128)

    @property
    def raw(self):
        """The body as a file, like urllib3's response."""
        return self._once("raw", lambda: Raw(self))

    def close(self):
        """Does nothing: the connection is the engine's."""

    # Judging.

    @property
    def request_meta(self):
        """What is counted of the request; `request_meta["name"] = …` renames its row."""
        return self._once("request_meta", lambda: RequestMeta(self))

    def _enter_plain(self):
        """Makes a check of `with` on a request without `catch_response=True`: the author can only mean one."""
        say_once(
            "a `with` block around a request without catch_response=True: taken as if it were there "
            "(Locust's HttpUser raises LocustError here, and FastHttpUser in failure() and success())"
        )
        self._catch = True

    def _misuse(self, method):
        return _exception.LocustError(
            f"{method}() needs `with self.client.{self._method.lower()}(…, catch_response=True) "
            f"as response:` around it; this request has been counted"
        )

    def _leave(self, kind, error, traceback):
        """Judges the response by an exception in its `with` block.

        Locust leaves the sample out for all but ResponseError, which it
        swallows. Here every request that was sent is counted: as a failure
        with the exception's text, unless the block had judged it already, and
        by its status where the exception only ends the task or the user.
        """
        if issubclass(kind, _exception.ResponseError):
            self.failure(error)
            return True
        if issubclass(kind, Exception) and not issubclass(kind, _exception.STEERING) and self._failure is None and not self._judged:
            self.failure(f"{kind.__name__}: {error}" if str(error) else kind.__name__)
        return False


class FastResponse(Response):
    """The response of a FastHttpUser, where geventhttpclient shows it in another way than requests."""

    __slots__ = ()
    __class__ = property(type)

    # Statuses that are a success for Locust's FastHttpUser.
    _VALID = frozenset((*range(200, 209), 226, *range(301, 305), 307, 308))

    @property
    def headers(self):
        """The headers; a repeated one is a list. None where there is no response."""
        if self.status_code == 0:
            return None
        return self._once("headers", lambda: ReceivedHeaders(self._header_list()))

    @property
    def encoding(self):
        """The encoding of `text`. (In Locust it is None until that has been read.)"""
        return None if self.content is None else self._found_encoding(self.content)

    @encoding.setter
    def encoding(self, name):
        Response.encoding.fset(self, name)

    def _text(self):
        body = self.content
        if body is None:
            return None
        return encoding.decode(body, self._found_encoding(body))

    def _found_encoding(self, body):
        more = self._kept()
        if not more.get("encoding"):
            content_type = CaseInsensitiveDict(self._header_list()).get("content-type")
            more["encoding"] = encoding.of_header(content_type) or encoding.guess(body)
        return more["encoding"]

    def _json(self, **keywords):
        return self._loads(self._text(), keywords)

    def _json_error(self, error):
        return error

    @property
    def error(self):
        """Why there is no response, or the error of a status that is none of success."""
        error = _gregaria.Response.error.__get__(self)
        if error is None and self.status_code not in self._VALID:
            return self._status_error(self.url)
        return error

    def _status_error(self, url):
        from ..contrib.fasthttp import LocustBadStatusCode

        return LocustBadStatusCode(url, code=self.status_code)

    @property
    def ok(self):
        return self.status_code < 400

    def __bool__(self):
        return True

    @property
    def status(self):
        return self.status_code

    @property
    def data(self):
        return self.content

    def info(self):
        """Returns the headers."""
        return self.headers

    def read(self, size=None):
        """Reads on in the body."""
        return self.raw.read(-1 if size is None else size)

    def readline(self):
        """Reads one line of the body."""
        return self.raw.readline()

    @property
    def stream(self):
        return self.raw

    def release(self):
        """Does nothing: the connection is the engine's."""

    def iter_content(self, chunk_size=1024, decode_content=True):
        """Yields the body in pieces: as text where a piece is valid UTF-8, unless it is not to be decoded."""
        for piece in chunks(self.content or b"", chunk_size):
            if decode_content:
                try:
                    piece = piece.decode()
                except UnicodeDecodeError:
                    pass
            yield piece

    def __iter__(self):
        return iter(body_of_lines(self.content or b"", None, keepends=True))


_gregaria.register(Response=Response, FastResponse=FastResponse)
