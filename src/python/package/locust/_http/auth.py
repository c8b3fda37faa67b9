"""What `auth=` and `client.auth` may be."""


def credentials(auth):
    """Returns ("basic" or "digest", user, password) for what requests would log in with, and None for a callable.

    A pair is basic authentication; requests' own objects are known by the name
    of their class, so that the package need not be there.
    """
    kinds = {each.__name__ for each in type(auth).__mro__}
    if isinstance(auth, (tuple, list)) and len(auth) == 2:
        return ("basic", _octets(auth[0]), _octets(auth[1]))
    if "HTTPDigestAuth" in kinds:
        return ("digest", _octets(auth.username), _octets(auth.password))
    if "HTTPBasicAuth" in kinds and "HTTPProxyAuth" not in kinds:
        return ("basic", _octets(auth.username), _octets(auth.password))
    if callable(auth):
        return None
    raise TypeError(f"auth= takes (user, password), an auth object or a callable, not {auth!r:.100}")


def _octets(text):
    return text if isinstance(text, bytes) else str(text).encode("latin-1")


class HTTPBasicAuth:
    """Basic authentication, with the attributes of requests' class of this name."""

    def __init__(self, username, password):
        self.username, self.password = username, password

    def __eq__(self, other):
        return vars(self) == getattr(other, "__dict__", None)


class Unsent:
    """A request that is being prepared: what a callable auth gets and may change."""

    def __init__(self, method, url, headers, body):
        self.method, self.url, self.headers, self.body = method, url, headers, body

    @property
    def path_url(self):
        from .url import name_of

        return name_of(self.url)

    def register_hook(self, event, hook):
        """Calls `hook(response)` when the response is there."""
        if event != "response":
            raise ValueError(f"there is no hook {event!r}, only 'response'")
        self.hooks.append(hook)

    @property
    def hooks(self):
        return self.__dict__.setdefault("_hooks", [])
