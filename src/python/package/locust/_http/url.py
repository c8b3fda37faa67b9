"""The URL of a request: joined with its host, its query appended, escaped as the client would."""

import re
from collections.abc import Mapping
from urllib.parse import quote, unquote, urlencode, urlsplit, urlunsplit

from . import errors

_UNRESERVED = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
_PATH = frozenset((_UNRESERVED + "!$&'()*+,;=:@/").encode())
_QUERY = frozenset((_UNRESERVED + "!$&'()*+,;=:@/?").encode())
_ESCAPE = re.compile("%[0-9a-fA-F]{2}")
_ABSOLUTE = re.compile("https?://", re.IGNORECASE)


def join(base_url, path):
    """Puts the host before a path. Locust does not resolve the one against the other: it joins the texts."""
    return path if _ABSOLUTE.match(path) else f"{base_url or ''}{path}"


def prepare(url, params, is_fast):
    """Returns the whole URL, escaped and with its query, and the user information it had.

    As requests does: the segments `.` and `..` are resolved, what may not stand
    there is escaped, and escapes of unreserved characters are undone.
    geventhttpclient (`is_fast`) leaves the segments and square brackets alone.
    """
    url = url.lstrip()
    parts = _split(url)
    path, query = parts.path or "/", parts.query
    if not is_fast:
        path, query = _escape_all(_without_dots(path), _PATH), _escape_all(query, _QUERY)
    more = encode_params(params)
    query = "&".join(filter(None, (query, more)))
    netloc = parts.netloc.rpartition("@")[2]
    whole = urlunsplit((parts.scheme.lower(), _ascii_host(netloc, url), path, query, ""))
    user = (unquote(parts.username), unquote(parts.password or "")) if parts.username else None
    return _requote(whole), user


def name_of(url):
    """Returns path and query of a prepared URL: how requests names it, and Locust's HttpUser the row."""
    parts = urlsplit(url)
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def encode_params(params):
    """Returns `params=` as a query: text as it is, pairs and lists repeated, None left out."""
    if not params:
        return ""
    if isinstance(params, bytes):
        return params.decode("utf-8", "surrogateescape")
    if isinstance(params, str):
        return params
    return form(params)


def form(fields):
    """Writes a dict or pairs of fields as requests does: lists repeated, None left out."""
    return urlencode([(_content(name), _content(value)) for name, value in repeated(fields)])


def _content(value):
    """Returns what a text consists of: a member of an Enum of texts has another `str()`."""
    return value.encode() if isinstance(value, str) else value


def repeated(fields):
    """Flattens a dict or pairs of fields, as requests does: one pair for each item of a value, none for None."""
    pairs = []
    for name, value in pairs_of(fields):
        is_one = isinstance(value, (str, bytes)) or not hasattr(value, "__iter__")
        pairs += [(name, item) for item in ([value] if is_one else value) if item is not None]
    return pairs


def pairs_of(fields):
    """Returns the pairs of a dict, or of something that consists of pairs."""
    if isinstance(fields, Mapping):
        return list(fields.items())
    if not isinstance(fields, (str, bytes)) and hasattr(fields, "__iter__"):
        pairs = list(fields)
        if all(isinstance(pair, (tuple, list)) and len(pair) == 2 for pair in pairs):
            return pairs
    raise TypeError(f"a dict or a list of pairs is needed, not {fields!r:.100}")


def _split(url):
    try:
        parts = urlsplit(url)
        parts.port  # raises where it is no number
    except ValueError as error:
        raise errors.family("InvalidURL")(f"Failed to parse {url!r}: {error}") from None
    if not parts.scheme:
        raise errors.family("MissingSchema")(
            f"Invalid URL {url!r}: it has no scheme; set `host` or use an absolute URL"
        )
    if parts.scheme.lower() not in ("http", "https"):
        raise errors.family("InvalidSchema")(f"No client for {parts.scheme}:// URLs: {url!r}")
    if not parts.hostname:
        raise errors.family("InvalidURL")(f"Invalid URL {url!r}: it has no host")
    return parts


def _ascii_host(netloc, url):
    if netloc.isascii():
        return netloc
    host, colon, port = netloc.partition(":")
    try:
        return host.encode("idna").decode() + colon + port
    except UnicodeError:
        raise errors.family("InvalidURL")(f"Invalid URL {url!r}: not a valid host name") from None


def _without_dots(path):
    """Resolves `.` and `..` (RFC 3986 section 5.2.4)."""
    if "/." not in path:
        return path
    kept = []
    segments = path.split("/")[1:]
    for segment in segments:
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
    if segments[-1] in (".", ".."):
        kept.append("")
    return "/" + "/".join(kept)


def _escape_all(text, allowed):
    """Escapes what may not stand in this part of a URL, and percent signs unless all are escapes already."""
    if not text:
        return text
    escapes = _ESCAPE.findall(text)
    if escapes:
        text = _ESCAPE.sub(lambda found: found[0].upper(), text)
    if len(escapes) == text.count("%"):
        allowed = allowed | {ord("%")}
    octets = text.encode("utf-8", "surrogatepass")
    return "".join(chr(octet) if octet in allowed else f"%{octet:02X}" for octet in octets)


def _requote(url):
    """Undoes escapes of unreserved characters and escapes what is illegal anywhere in a URL."""
    safe = "!#$%&'()*+,/:;=?@[]~"
    if len(_ESCAPE.findall(url)) != url.count("%"):
        return quote(url, safe.replace("%", ""))
    return quote(_ESCAPE.sub(_unescape_unreserved, url), safe)


def _unescape_unreserved(found):
    character = chr(int(found[0][1:], 16))
    return character if character in _UNRESERVED else found[0]
