"""From the keywords of a request to what the engine sends."""

import errno
import os
from collections.abc import Mapping

from . import auth as _auth
from . import body as _body
from . import cookies as _cookies
from . import errors
from . import proxies as _proxies
from . import url as _url
from .defaults import DEFAULTS, beside_defaults
from .headers import CaseInsensitiveDict

NAMES = (
    "params data json headers cookies files auth timeout allow_redirects proxies hooks stream "
    "verify cert name catch_response context"
).split()


def prepare(client, method, url, given):
    """Returns the engine's description of a request that it did not understand by itself.

    Both clients take every keyword that either documents.
    """
    _refuse_unknown(method, given)
    given = {name: value for name, value in given.items() if value is not None}
    is_fast = client._flavour == 1
    text = url.decode() if isinstance(url, bytes) else str(url)
    try:
        ready = _prepared(client, method, text, given, is_fast)
    except _FAILURES() as error:
        # Locust counts these as failed requests, with no response.
        ready = {"url": _url.join(client.base_url, text), "name": text, "error": error}
    ready["name"] = _name(client, given, text, ready, is_fast)
    for name in ("catch_response", "context", "allow_redirects", "stream"):
        if name in given:
            ready[name] = given[name]
    return ready


def _prepared(client, method, url, given, is_fast):
    settings = client._settings
    params = _merged(settings["params"], given.get("params"))
    whole, user = _url.prepare(_url.join(client.base_url, url), params, is_fast)
    body, content_type = _body.encode(
        given.get("data"), given.get("json"), given.get("files"), is_fast
    )
    headers = _headers(client, given.get("headers"), is_fast)
    if content_type and (is_fast and given.get("files") or "Content-Type" not in headers):
        headers["Content-Type"] = content_type
    if is_fast and content_type == "application/json":
        if headers.get("Accept") in (None, DEFAULTS["Accept"]):
            headers["Accept"] = content_type
    ready = {"url": whole, **_timeouts(given.get("timeout"))}
    then = [*_hooks(settings["hooks"]), *_hooks(given.get("hooks"))]
    auth = given.get("auth", client.auth) or user
    if auth:
        ready["auth"] = _auth.credentials(auth)
        if ready["auth"] is None:
            del ready["auth"]
            unsent = _auth.Unsent(method.upper(), whole, headers, body)
            sent = auth(unsent) or unsent
            ready["url"], headers, body = sent.url, sent.headers, sent.body
            then += unsent.hooks
    if body:
        ready["data"] = body if isinstance(body, bytes) else str(body).encode()
    if then:
        ready["then"] = then
    if given.get("verify", client.verify) != client.verify:
        ready["verify"] = given["verify"]
        there("verify", given["verify"])
    if client.max_redirects != 30:
        ready["max_redirects"] = client.max_redirects
    if cert := given.get("cert", settings["cert"]):
        ready["cert"] = (cert, None) if isinstance(cert, str) else tuple(cert)
        there("cert", *ready["cert"])
    if proxy := _proxies.choose(settings, ready["url"], given.get("proxies")):
        ready["proxy"] = proxy
    if settings["stream"]:
        given.setdefault("stream", True)
    if "cookies" in given:
        own = _cookies.pairs(given["cookies"])
        if "Cookie" not in headers:
            headers["Cookie"] = _cookies.beside(own, client, ready["url"])
        if after := _cookies.after_redirects(own, client):
            ready["cookies"] = after
    pairs, ready["absent"] = beside_defaults(headers)
    if not is_fast and "User-Agent" in ready["absent"]:
        # urllib3 always sends one.
        ready["absent"].remove("User-Agent")
    ready["headers"] = list(_pairs(pairs, is_fast))
    return ready


def there(keyword, *paths):
    """Raises an OSError for a path that is not there, as Locust does: the file is wrong, and not the server."""
    for path in paths:
        if isinstance(path, str) and not os.path.exists(path):
            raise FileNotFoundError(errno.ENOENT, f"{keyword}= names a file that is not there", path)


def _FAILURES():
    """Returns the exceptions that are a failed sample; the rest are mistakes in the file, and raised."""
    return (errors.family("InvalidHeader"), errors.family("InvalidJSONError"))


def _refuse_unknown(method, given):
    for name in given:
        if name not in NAMES:
            import difflib

            near = difflib.get_close_matches(name, NAMES, 1, 0.6)
            hint = f"; did you mean {near[0]!r}?" if near else f"; it takes {', '.join(NAMES)}"
            raise TypeError(f"{method.lower()}() got an unexpected keyword argument {name!r}{hint}")


def _name(client, given, url, ready, is_fast):
    """Returns the row's name: given, set for a while, or by the rule of the client."""
    name = given.get("name") or client.request_name
    if name:
        return str(name)
    return url if is_fast or "error" in ready else _url.name_of(ready["url"])


def _merged(own, given):
    """Merges the session's params into those of the request; None takes one away."""
    if not own:
        return given
    if not isinstance(given, Mapping) and given:
        return given
    merged = {**own, **(given or {})}
    return {name: value for name, value in merged.items() if value is not None}


def _headers(client, given, is_fast):
    """Returns the client's headers, changed by those of the request; None takes one away."""
    headers = CaseInsensitiveDict(client.headers.items())
    pairs = given.items() if hasattr(given, "items") else given or ()
    for name, value in pairs:
        headers[_text(name)] = value
    return CaseInsensitiveDict(pair for pair in headers.items() if pair[1] is not None)


def _pairs(pairs, is_fast):
    """Yields the fields as text, checked by requests' rules.

    FastHttpUser writes any value as text, and one line for each item of a list.
    """
    for name, value in pairs:
        values = value if is_fast and isinstance(value, (list, tuple)) else [value]
        for each in values:
            if is_fast and not isinstance(each, (str, bytes)):
                each = str(each)
            if not isinstance(each, (str, bytes)):
                raise errors.family("InvalidHeader")(
                    f"the value of header {name!r} must be text, not {type(each).__name__}: {each!r:.80}"
                )
            text = _text(each)
            if not name or set(name) & set(" \t\r\n:") or not name.isprintable():
                raise errors.family("InvalidHeader")(f"not a header name: {name!r:.80}")
            if text[:1].isspace() or "\r" in text or "\n" in text or "\0" in text:
                raise errors.family("InvalidHeader")(
                    f"the value of header {name!r} starts with a space or holds a line end: {text!r:.80}"
                )
            yield name, text.encode("latin-1")


def _text(name):
    return name.decode("latin-1") if isinstance(name, bytes) else str(name)


def _timeouts(timeout):
    """Reads `timeout=`: seconds, (connect, read), or urllib3's Timeout object."""
    if timeout is None:
        return {}
    if hasattr(timeout, "connect_timeout"):
        timeout = (timeout.connect_timeout, timeout.read_timeout)
    if isinstance(timeout, (tuple, list)):
        if len(timeout) != 2:
            raise ValueError(f"timeout= takes seconds or (connect, read), not {timeout!r}")
        connect, read = timeout
    else:
        connect = read = timeout
    for value in (connect, read):
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if value is not None and not (is_number and value > 0):
            raise ValueError(f"timeout= takes seconds greater than 0, not {value!r}")
    return {"timeouts": tuple(value if value is None else float(value) for value in (connect, read))}


def _hooks(hooks):
    """Returns the functions of `hooks={"response": function or list}`."""
    hooks = dict(hooks or {})
    of_response = hooks.pop("response", None) or []
    if any(hooks.values()):
        raise ValueError(f"the only hook is 'response', not {', '.join(map(repr, hooks))}")
    return list(of_response) if isinstance(of_response, (list, tuple)) else [of_response]
