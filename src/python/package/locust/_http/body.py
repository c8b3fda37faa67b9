"""The body of a request: `data=`, `json=` and `files=` as bytes and a Content-Type."""

import json as _json
import os
from collections.abc import Mapping
from urllib.parse import urlencode

from . import errors
from .url import form, pairs_of, repeated

_FORM = "application/x-www-form-urlencoded"


def encode(data, json, files, is_fast):
    """Returns the body, or None, and the Content-Type that it is sent with, or None.

    Files make a multipart body, of which `data` gives the other fields. `data`
    that is not empty goes before `json`, in both clients.
    """
    if files:
        return _multipart(data, files)
    if not data and json is not None:
        return _of_json(json, is_fast), "application/json"
    if not data and not hasattr(data, "read"):
        return None, None
    body, is_form = _of_data(data, is_fast)
    if is_form:
        return body, f"{_FORM}; charset=utf-8" if is_fast else _FORM
    if not is_fast:
        return body, None
    return body, "text/plain; charset=utf-8" if isinstance(data, str) else "application/octet-stream"


# Writes JSON without NaN and infinities, as requests does.
strictly = _json.JSONEncoder(allow_nan=False).encode


def _of_json(value, is_fast):
    """Writes JSON; HttpUser refuses NaN and infinities."""
    try:
        return (_json.dumps if is_fast else strictly)(value).encode()
    except ValueError as error:
        raise errors.family("InvalidJSONError")(str(error)) from None


def _of_data(data, is_fast):
    """Returns the bytes of `data`, and whether they are form fields."""
    if isinstance(data, str):
        return data.encode(), False
    if isinstance(data, (bytes, bytearray, memoryview)):
        return bytes(data), False
    if hasattr(data, "read"):
        return _octets(data.read()), False
    if isinstance(data, Mapping):
        # geventhttpclient writes lists, None and members of an Enum by their str().
        return (urlencode(data) if is_fast else form(data)).encode(), True
    if isinstance(data, (list, tuple)):
        return form(data).encode(), True
    if hasattr(data, "__iter__"):
        return b"".join(_octets(chunk) for chunk in data), False
    raise TypeError(
        "data= takes a dict, pairs, text, bytes, a file or an iterable of bytes, "
        f"not {type(data).__name__}"
    )


def _octets(text):
    return text.encode() if isinstance(text, str) else bytes(text)


def _multipart(data, files):
    """Writes `multipart/form-data` (RFC 7578) as requests does: the fields of `data`, then the files."""
    if isinstance(data, (str, bytes)):
        raise ValueError("data= cannot be text where there are files=: give its fields as a dict")
    parts = []
    for name, value in repeated(data or {}):
        parts.append((_disposition(name), value if isinstance(value, bytes) else str(value).encode()))
    for name, value in pairs_of(files):
        part = _file_part(name, value)
        if part is not None:
            parts.append(part)
    boundary = os.urandom(16).hex()
    body = bytearray()
    for head, content in parts:
        body += f"--{boundary}\r\n".encode() + head + b"\r\n" + content + b"\r\n"
    body += f"--{boundary}--\r\n".encode()
    return bytes(body), f"multipart/form-data; boundary={boundary}"


def _file_part(name, value):
    """Returns head and content of one file: itself, or a tuple (name, file, type, headers)."""
    file_name, content_type, more = None, None, {}
    if isinstance(value, (tuple, list)):
        if not 2 <= len(value) <= 4:
            raise ValueError(
                f"files={{{name!r}: …}} takes a file or (name, file, type, headers), "
                f"not {len(value)} things"
            )
        file_name, file, *rest = value
        content_type, more = [*rest, None, None][:2]
    else:
        file_name, file = _own_name(value) or _text(name), value
    if file is None:
        return None
    content = file.read() if hasattr(file, "read") else file
    head = _disposition(name, file_name)
    if content_type:
        head += f"Content-Type: {content_type}\r\n".encode()
    for field, text in (more or {}).items():
        if field.lower() not in ("content-type", "content-disposition"):
            head += f"{field}: {text}\r\n".encode()
    return head, _octets(content)


def _own_name(file):
    """Returns the base name of an open file, if it has one: `<stdin>` and descriptors have none."""
    name = getattr(file, "name", None)
    if isinstance(name, (str, bytes)) and name and not _text(name).startswith("<"):
        return os.path.basename(_text(name))
    return None


def _disposition(name, file_name=None):
    """Writes the line that names a part; quotes and line ends in names are escaped as browsers do."""
    line = f'Content-Disposition: form-data; name="{_quoted(name)}"'
    if file_name is not None:
        line += f'; filename="{_quoted(file_name)}"'
    return line.encode("utf-8", "surrogateescape") + b"\r\n"


def _quoted(text):
    return _text(text).replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")


def _text(name):
    return name.decode("utf-8", "surrogateescape") if isinstance(name, bytes) else str(name)
