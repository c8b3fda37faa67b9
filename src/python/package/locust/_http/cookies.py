"""Cookies by name: those that a client keeps, and those that a response set."""

from collections.abc import Mapping, MutableMapping


class Cookie:
    """One cookie, with the attributes of `http.cookiejar.Cookie` that files read."""

    def __init__(self, name, value, domain="", path="/", secure=False, expires=None, **rest):
        self.name, self.value = name, value
        self.domain, self.path = domain, path or "/"
        self.secure, self.expires = bool(secure), expires
        self.http_only = bool(rest.get("http_only"))
        self.discard = expires is None
        self.version, self.port, self.comment = 0, None, None

    def is_expired(self, now=None):
        """Returns whether its time has passed."""
        import time

        return self.expires is not None and self.expires <= (time.time() if now is None else now)

    def has_nonstandard_attr(self, name):
        """Returns whether the server sent this attribute; of the extra ones only HttpOnly is kept."""
        return name.lower() == "httponly" and self.http_only

    def __repr__(self):
        return f"<Cookie {self.name}={self.value} for {self.domain}{self.path}>"


class CookieConflictError(RuntimeError):
    """Several cookies have the name; `domain=` or `path=` tells them apart."""


class Cookies(MutableMapping):
    """Cookies as a dict of name and value, with the further methods of requests' jar."""

    def __init__(self, cookies=()):
        self._kept = list(cookies)

    def __iter__(self):
        """Yields cookies, as a jar does; a dict's methods (`keys`, `items`, `in`) go by name."""
        return iter(self._all())

    def _all(self):
        return list(self._kept)

    def _store(self, cookie):
        self._kept = [each for each in self._kept if _place(each) != _place(cookie)] + [cookie]

    def _remove(self, cookie):
        self._kept = [each for each in self._kept if _place(each) != _place(cookie)]

    def _named(self, name, domain=None, path=None):
        found = [
            cookie
            for cookie in self._all()
            if cookie.name == name
            and (domain is None or cookie.domain == domain)
            and (path is None or cookie.path == path)
        ]
        if len(found) > 1:
            raise CookieConflictError(f"there are {len(found)} cookies with the name {name!r}")
        return found[0].value if found else None

    def __getitem__(self, name):
        value = self._named(name)
        if value is None:
            raise KeyError(f"there is no cookie {name!r}")
        return value

    def get(self, name, default=None, domain=None, path=None):
        value = self._named(name, domain, path)
        return default if value is None else value

    def set(self, name, value, **attributes):
        """Sets a cookie; a value of None removes it. A Morsel or Cookie as value is taken with its attributes."""
        if value is None:
            for cookie in self._all():
                if cookie.name == name:
                    self._remove(cookie)
            return None
        attributes = {key: item for key, item in attributes.items() if item is not None}
        unknown = attributes.keys() - {"domain", "path", "secure", "expires", *_IGNORED}
        if unknown:
            raise TypeError(f"set() got unexpected keyword arguments: {sorted(unknown)}")
        if hasattr(value, "coded_value"):
            attributes = {"domain": value["domain"], "path": value["path"] or "/", **attributes}
            value = value.value
        cookie = Cookie(name, str(value), **attributes)
        self._store(cookie)
        return cookie

    def set_cookie(self, cookie):
        """Takes a cookie of a jar."""
        self._store(cookie)

    def __setitem__(self, name, value):
        self.set(name, value)

    def __delitem__(self, name):
        """Removes a cookie; one that is not there is no error in requests either."""
        self.set(name, None)

    def __contains__(self, name):
        return any(cookie is name or cookie.name == name for cookie in self._all())

    def __len__(self):
        return len(self._all())

    def update(self, other=(), **more):
        """Takes the cookies of a jar, a dict or pairs."""
        if isinstance(other, Mapping) and not isinstance(other, Cookies):
            other = other.items()
        for each in other or ():
            if hasattr(each, "name"):
                self.set_cookie(each)
            else:
                self.set(*each)
        for name, value in more.items():
            self.set(name, value)

    def keys(self):
        return [cookie.name for cookie in self._all()]

    def values(self):
        return [cookie.value for cookie in self._all()]

    def items(self):
        return [(cookie.name, cookie.value) for cookie in self._all()]

    iterkeys, itervalues, iteritems = keys, values, items

    def pop(self, name, *default):
        if name not in self and default:
            return default[0]
        value = self[name]
        del self[name]
        return value

    def clear(self, domain=None, path=None, name=None):
        """Removes the cookies of this domain, path and name; without any, all."""
        for cookie in self._all():
            asked = ((domain, cookie.domain), (path, cookie.path), (name, cookie.name))
            if all(want is None or want == have for want, have in asked):
                self._remove(cookie)

    def clear_session_cookies(self):
        """Removes the cookies that end with the session."""
        for cookie in self._all():
            if cookie.discard:
                self._remove(cookie)

    def clear_expired_cookies(self):
        """Removes the cookies whose time has passed."""
        for cookie in self._all():
            if cookie.is_expired():
                self._remove(cookie)

    def get_dict(self, domain=None, path=None):
        """Returns a plain dict of the cookies of this domain and path."""
        return {
            cookie.name: cookie.value
            for cookie in self._all()
            if (domain is None or cookie.domain == domain) and (path is None or cookie.path == path)
        }

    def list_domains(self):
        return list(dict.fromkeys(cookie.domain for cookie in self._all()))

    def list_paths(self):
        return list(dict.fromkeys(cookie.path for cookie in self._all()))

    def copy(self):
        return Cookies(self._all())

    def __eq__(self, other):
        return dict(self.items()) == (dict(other.items()) if isinstance(other, Mapping) else other)

    def __repr__(self):
        return f"<{type(self).__name__}{self._all()!r}>"


# Keywords of `set` that say nothing about whether and where the cookie is sent.
_IGNORED = ("version", "port", "discard", "comment", "comment_url", "rest", "rfc2109")


class ClientCookies(Cookies):
    """The cookies that the engine keeps for a client, read and changed where they are."""

    def __init__(self, client):
        self._client = client

    def _all(self):
        return [Cookie(*cookie) for cookie in self._client._cookies()]

    def _store(self, cookie):
        if not cookie.domain:
            self._client._anywhere.add(cookie.name)
        self._client._set_cookie(_header(cookie), cookie.domain.lstrip("."))

    def _remove(self, cookie):
        self._client._anywhere.discard(cookie.name)
        self._client._set_cookie(_header(cookie) + "; Max-Age=0", cookie.domain.lstrip("."))

    def clear(self, domain=None, path=None, name=None):
        if domain is path is name is None:
            self._client._anywhere.clear()
            self._client._clear_cookies()
        else:
            super().clear(domain, path, name)


def received(fields, url):
    """Returns the cookies that a response's Set-Cookie fields set."""
    from urllib.parse import urlsplit

    host = urlsplit(url or "").hostname or ""
    lines = [value for name, value in fields if name.lower() == "set-cookie"]
    return Cookies(filter(None, (_parse(line, host) for line in lines)))


def _parse(line, host):
    """Reads one Set-Cookie field (RFC 6265 section 5.2)."""
    first, *attributes = line.split(";")
    name, has_value, value = first.partition("=")
    if not has_value or not name.strip():
        return None
    given = {}
    for attribute in attributes:
        key, _, text = attribute.partition("=")
        given[key.strip().lower()] = text.strip()
    value = value.strip()
    if len(value) > 1 and value[0] == value[-1] == '"':
        value = value[1:-1]
    domain = given.get("domain", "").lstrip(".")
    return Cookie(
        name.strip(),
        value,
        domain=f".{domain}" if domain else host,
        path=given.get("path") or "/",
        secure="secure" in given,
        expires=_expiry(given),
        http_only="httponly" in given,
    )


def _expiry(given):
    import time

    if given.get("max-age", "").lstrip("-").isdigit():
        return int(time.time()) + int(given["max-age"])
    if "expires" in given:
        from email.utils import parsedate_to_datetime

        try:
            return int(parsedate_to_datetime(given["expires"]).timestamp())
        except ValueError:
            return None
    return None


def _place(cookie):
    return cookie.domain, cookie.path, cookie.name


def _header(cookie):
    """Writes a cookie as the engine takes it: as a Set-Cookie field.

    One without a domain is for the host of the client alone. (With requests
    it goes to every host.)
    """
    from email.utils import formatdate

    text = f"{cookie.name}={cookie.value}; Path={cookie.path or '/'}"
    if cookie.domain.startswith("."):
        text += f"; Domain={cookie.domain}"
    if cookie.secure:
        text += "; Secure"
    if cookie.expires is not None:
        text += f"; Expires={formatdate(cookie.expires, usegmt=True)}"
    return text


def pairs(given):
    """Returns the names and values of `cookies=`: a dict, or a jar."""
    return {str(name): str(value) for name, value in dict(given).items()}


def beside(own, client, url):
    """Writes the Cookie field of a request with cookies of its own, by the rules of requests.

    They replace those of their names that the file has set at the client for
    any host; of one that a server has set, both are sent.
    """
    from urllib.parse import urlsplit

    parts = urlsplit(url)
    place = parts.hostname or "", parts.path or "/", parts.scheme == "https"
    own, sent = dict(own), []
    for cookie in client.cookies:
        if _is_for(cookie, *place):
            is_replaced = cookie.name in own and cookie.name in client._anywhere
            sent.append((cookie.name, own.pop(cookie.name) if is_replaced else cookie.value))
    return _joined([*sent, *own.items()])


def after_redirects(own, client):
    """Writes the cookies of a request that are sent after its redirects, beside the client's, or an empty text.

    There those that the file has set at the client go before.
    """
    return _joined(pair for pair in own.items() if pair[0] not in client._anywhere)


def _joined(cookies):
    return "; ".join(f"{name}={value}" for name, value in cookies)


def _is_for(cookie, host, path, is_secure):
    """Returns whether a cookie is sent to this URL (RFC 6265 section 5.4)."""
    domain, of = cookie.domain.lstrip("."), cookie.path
    is_host = not domain or host == domain or host.endswith(f".{domain}")
    is_path = path == of or path.startswith(of if of.endswith("/") else f"{of}/")
    return is_host and is_path and (is_secure or not cookie.secure)
