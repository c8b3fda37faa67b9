"""The parts of a response that few files read: its body in pieces, its redirects, its request."""

import io

from .headers import CaseInsensitiveDict


def chunks(body, size):
    """Yields the body in pieces of this size; None is one piece."""
    if size is not None and not isinstance(size, int):
        raise TypeError(f"chunk_size must be an int, it is instead a {type(size)}.")
    size = size or len(body) or 1
    return (body[at : at + size] for at in range(0, len(body), size))


def body_of_lines(body, delimiter, keepends=False):
    """Returns the lines of a body."""
    if delimiter:
        return body.split(delimiter)
    return body.splitlines(keepends)


def links_of(header):
    """Reads a Link header into a dict by relation, or by URL where a link has none."""
    links = {}
    for part in (header or "").replace(",<", ", <").split(", <"):
        url, _, parameters = part.strip().partition(">")
        link = {"url": url.strip("<> '\"")}
        for parameter in parameters.split(";"):
            name, has_value, value = parameter.partition("=")
            if has_value:
                link[name.strip(" '\"")] = value.strip(" '\"")
        if link["url"]:
            links[link.get("rel") or link["url"]] = link
    return links


class Raw(io.BytesIO):
    """The body as a file, with the attributes of urllib3's response that files read."""

    def __init__(self, response):
        super().__init__(response.content or b"")
        self.status = response.status_code
        self.reason = response.reason
        self.version = 11
        self.headers = CaseInsensitiveDict(response._header_list())
        self.data = response.content

    def read(self, amt=None, decode_content=True, **_):
        return super().read(-1 if amt is None else amt)

    def stream(self, amt=65536, decode_content=True):
        """Yields the rest of the body in pieces."""
        return iter(lambda: self.read(amt), b"")

    def getheader(self, name, default=None):
        return self.headers.get(name, default)


class SentRequest:
    """The request as it was sent: of the last exchange, where redirects were followed."""

    def __init__(self, method, url, fields, body):
        self.method, self.url, self.body = method, url, body
        self.headers = CaseInsensitiveDict(
            (name, value) for name, value in fields if name.lower() != "host"
        )

    @property
    def path_url(self):
        from .url import name_of

        return name_of(self.url)

    payload = data = property(lambda self: self.body)

    def __repr__(self):
        return f"<PreparedRequest [{self.method}]>"


def next_method(status, method):
    """Returns the method of the request after a redirect, by requests' rules."""
    is_get = method == "POST" if status == 301 else status in (302, 303) and method != "HEAD"
    return "GET" if is_get else method


class History:
    """One response that redirected: its status, URL and headers; the engine keeps no body of it."""

    def __init__(self, status, url, fields, method="GET"):
        self.status_code, self.url = status, url
        self.request = SentRequest(method, url, (), None)
        self._fields = fields
        self.headers = CaseInsensitiveDict(fields)
        self.content, self.text, self.history = b"", "", []
        self.is_redirect, self.ok = True, True

    @classmethod
    def of(cls, redirects, method="GET"):
        """Makes the list of them, first to last; `method` is that of the first request."""
        steps = []
        for redirect in redirects or ():
            steps.append(cls(*redirect, method))
            method = next_method(steps[-1].status_code, method)
        return steps

    @property
    def is_permanent_redirect(self):
        return self.status_code in (301, 308)

    @property
    def reason(self):
        from http import HTTPStatus

        try:
            return HTTPStatus(self.status_code).phrase
        except ValueError:
            return ""

    @property
    def cookies(self):
        from . import cookies

        return cookies.received(self._fields, self.url)

    def __repr__(self):
        return f"<Response [{self.status_code}]>"
