"""`FastHttpUser` and its client, under Locust's names, on the engine's own client."""

import importlib

from .. import _missing
from .._http.defaults import FIELDS
from .._http.headers import CaseInsensitiveDict
from .._http.response import FastResponse
from .._http.rest import RestMixin
from .._http.session import Session
from ..exception import CatchResponseError, LocustError, ResponseError, StopTest
from ..user.users import User

ResponseContextManager = FastResponse
RestResponseContextManager = FastResponse
ErrorResponse = FastResponse


class ConnectionError(Exception):
    """The base of this client's own errors, as geventhttpclient has it."""

    def __init__(self, url, *args, **keywords):
        super().__init__(*args)
        self.url = url
        self.__dict__.update(keywords)
        self.text = ", ".join((*map(str, args), *(f"{name}={value}" for name, value in keywords.items())))

    def __str__(self):
        return f"URL {self.url}: {self.text}"


class LocustBadStatusCode(ConnectionError):
    """A status that is none of success."""

    def __repr__(self):
        return f"{type(self).__name__}(code={self.code})"


class FastHttpSession(Session):
    """The client of a FastHttpUser; its rows have the name that was typed."""

    def __init__(
        self,
        base_url,
        request_event=None,
        user=None,
        insecure=True,
        client_pool=None,
        ssl_context_factory=None,
        **kwargs,
    ):
        _refuse(client_pool, "client_pool", "connections are the engine's, and each user keeps its own")
        _refuse(ssl_context_factory, "ssl_context_factory", "use `insecure` and `cert=`")
        fields = CaseInsensitiveDict(FIELDS)
        fields.update(kwargs.pop("headers", None) or {})
        max_redirects = kwargs.pop("max_redirects", None)
        self._read_engine_options(kwargs)
        super().__init__(1, base_url, request_event, user, fields, verify=not insecure)
        if max_redirects is not None:
            self.max_redirects = max_redirects

    @property
    def client(self):
        """geventhttpclient's agent: another view of this client."""
        return UserAgent(self)

    @staticmethod
    def _read_engine_options(options):
        """Takes the options of geventhttpclient that are settings of the class here."""
        known = "max_retries retry_delay connection_timeout network_timeout concurrency ssl_options"
        for name in options:
            if name not in known.split():
                raise TypeError(f"FastHttpSession() got an unexpected keyword argument {name!r}")

    @property
    def cookiejar(self):
        return self.cookies

    @property
    def auth_header(self):
        """The Authorization header that was assigned here, or that `auth` makes, or None."""
        if self._auth is None:
            return self.headers.get("Authorization")
        from base64 import b64encode

        _, user, password = self._auth
        join = b":" if isinstance(user, bytes) else ":"
        pair = join.join((user, password))
        return "Basic " + b64encode(pair if isinstance(pair, bytes) else pair.encode("latin-1")).decode()

    @auth_header.setter
    def auth_header(self, value):
        self.auth = None
        self.headers.pop("Authorization", None)
        if value:
            self.headers["Authorization"] = value

    def iter_lines(self, url, method="GET", **kwargs):
        """Yields the lines of a response as text."""
        with self.request(method, url, catch_response=True, **kwargs) as response:
            yield from (response.text or "").splitlines()


class UserAgent:
    """`client.client`: the settings that files reach through it."""

    def __init__(self, session):
        self._session = session
        self.clientpool = Pool(session)

    @property
    def cookiejar(self):
        return self._session.cookies

    @property
    def default_headers(self):
        return self._session.headers

    @default_headers.setter
    def default_headers(self, fields):
        self._session.headers = fields

    def close(self):
        self._session.close()

    def __getattr__(self, name):
        raise AttributeError(f"client.client.{name} is a part of geventhttpclient that is not here")


class Pool:
    """`client.client.clientpool`."""

    def __init__(self, session):
        self._session = session

    def close(self):
        """Closes the user's idle connections."""
        self._session.close()


class FastHttpUser(User, RestMixin):
    """A user with a FastHttpSession as `client`."""

    abstract = True
    network_timeout = 60.0
    connection_timeout = 60.0
    max_redirects = 30
    max_retries = 0
    insecure = True
    default_headers = None
    concurrency = 10
    proxy_host = None
    proxy_port = None
    ssl_context_factory = None
    client_pool = None

    def __init__(self, environment):
        super().__init__(environment)
        if self.host is None:
            raise StopTest(
                f"{type(self).__name__} has no host: give --host, or set the class's `host`"
            )
        self.client = FastHttpSession(
            base_url=self.host,
            request_event=self.environment.events.request,
            user=self,
            insecure=self.insecure,
            client_pool=self.client_pool,
            ssl_context_factory=self.ssl_context_factory,
            headers=self.default_headers,
            max_redirects=self.max_redirects,
        )
        if self.proxy_host:
            self.client.proxies = {"all": f"http://{self.proxy_host}:{self.proxy_port or 80}"}


def _refuse(value, name, reason):
    if value is not None:
        raise LocustError(f"{name} has no meaning here: leave it out; {reason}")


# Names of geventhttpclient that Locust's module of this name has too.
_FOREIGN = {
    "Headers": "geventhttpclient.header",
    "HTTPClientPool": "geventhttpclient.client",
    "HTTPConnectionClosed": "geventhttpclient.response",
    "HTTPParseError": "geventhttpclient.response",
    "SSLError": "ssl",
    "Timeout": "gevent.timeout",
    "CookieJar": "http.cookiejar",
}


def __getattr__(name):
    if name in _FOREIGN:
        return getattr(importlib.import_module(_FOREIGN[name]), name)
    if name == "FAILURE_EXCEPTIONS":
        return (ConnectionError, OSError, CatchResponseError, ResponseError)
    return _missing.answer(__name__, name, {"FastHttpLocust": "write FastHttpUser"})
