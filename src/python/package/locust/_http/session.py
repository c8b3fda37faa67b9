"""What both clients have in common: settings that the engine keeps, and how it asks for more."""

from contextlib import contextmanager

import _gregaria

from . import auth as _auth
from . import keywords
from .cookies import ClientCookies
from .defaults import beside_defaults
from .headers import ClientHeaders

class Session(_gregaria.Client):
    """A client of one user. Requests go through the engine; a change of a setting is told to it."""

    def __init__(self, flavour, base_url, request_event, user, fields, verify):
        super().__init__()
        self._flavour = flavour
        self.request_event = request_event
        # The list itself: listeners may be added later.
        self._listeners = getattr(request_event, "_handlers", False)
        self.user = user
        self.base_url = base_url
        self.request_name = None
        self._settings = _Settings()
        self._own_auth = None
        # The names of cookies that the file has set without a domain.
        self._anywhere = set()
        self._log_in_by_url(base_url)
        self.max_redirects = 30
        self.verify = verify
        self.headers = fields

    def _log_in_by_url(self, base_url):
        """Takes the user and password out of the host, as Locust does."""
        if not base_url or "@" not in base_url:
            return
        from urllib.parse import unquote, urlsplit, urlunsplit

        parts = urlsplit(base_url)
        if parts.username and parts.password:
            netloc = parts.netloc.rpartition("@")[2]
            self.base_url = urlunsplit(parts._replace(netloc=netloc))
            self.auth = _auth.HTTPBasicAuth(unquote(parts.username), unquote(parts.password))

    # Settings that the engine keeps.

    @property
    def headers(self):
        """The headers of every request, by names of any case."""
        return self._client_headers

    @headers.setter
    def headers(self, fields):
        self._client_headers = ClientHeaders(fields or {}, self._headers_changed)
        self._headers_changed(self._client_headers)

    def _headers_changed(self, fields):
        pairs, absent = beside_defaults(fields)
        is_text = all(isinstance(each, str) for pair in pairs for each in pair)
        self._is_plain = is_text and not absent
        self._headers = pairs if self._is_plain else []
        self._choose_way()

    @property
    def cookies(self):
        """The cookies that the engine keeps for this client."""
        return ClientCookies(self)

    @cookies.setter
    def cookies(self, cookies):
        if isinstance(cookies, ClientCookies) and cookies._client is self:
            return
        self.cookies.clear()
        self.cookies.update(cookies or {})

    @property
    def auth(self):
        """What every request logs in with: (user, password), an auth object, or a callable."""
        return self._own_auth

    @auth.setter
    def auth(self, auth):
        self._auth = _auth.credentials(auth) if auth else None
        self._own_auth = auth
        self._choose_way()

    @property
    def verify(self):
        """Whether certificates are checked, or the path of the authorities."""
        return self._checks

    @verify.setter
    def verify(self, verify):
        keywords.there("verify", verify)
        self._checks = self._verify = verify

    @property
    def max_redirects(self):
        return self._most_redirects

    @max_redirects.setter
    def max_redirects(self, number):
        self._most_redirects = int(number)
        self._choose_way()

    # Settings that only `_prepare` reads: while one is set, every request goes through it.

    def _choose_way(self):
        needs = self._own_auth is not None and self._auth is None
        self._slow = needs or not getattr(self, "_is_plain", True) or self._is_special()

    def _is_special(self):
        is_set = (
            any(value.values()) if value and name == "hooks" else value
            for name, value in self._settings.items()
        )
        return any(is_set) or getattr(self, "_most_redirects", 30) != 30

    def _prepare(self, method, url, given):
        self._choose_way()
        return keywords.prepare(self, method, url, given)

    def _fire(self, response, *_):
        """Tells the listeners of `events.request` of a request that has been counted."""
        self.request_event.notify(**response.request_meta)

    def close(self):
        """Closes the idle connections; the next request makes a new one."""
        self._close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    @contextmanager
    def rename_request(self, name):
        """Names the requests made inside the `with` block."""
        before, self.request_name = self.request_name, name
        try:
            yield
        finally:
            self.request_name = before

    def _build_url(self, path):
        from .url import join

        return join(self.base_url, path)


def _setting(name):
    """Makes the attribute of a setting. A dict may be changed by who reads it: the next request looks."""

    def get(self):
        value = self._settings[name]
        if isinstance(value, dict):
            self._slow = True
        return value

    def set(self, value):
        self._settings[name] = value
        self._choose_way()

    return property(get, set)


class _Settings(dict):
    """The settings that were read or set; the others are made when they are: users have none of them as a rule."""

    __slots__ = ()

    def __missing__(self, name):
        value = self[name] = _SETTINGS[name]()
        return value


# The further settings of a session of requests, and what makes their defaults.
_SETTINGS = {
    "params": dict,
    "proxies": dict,
    "hooks": lambda: {"response": []},
    "cert": lambda: None,
    "trust_env": bool,
    "stream": bool,
}
for _name in _SETTINGS:
    setattr(Session, _name, _setting(_name))
