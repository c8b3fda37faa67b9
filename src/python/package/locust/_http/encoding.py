"""In which encoding a text is."""

import codecs

_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def of_header(content_type):
    """Returns the encoding that a Content-Type names or implies, by the rules of requests.

    A `charset` as it stands; `text/…` without one is ISO-8859-1 (RFC 2616
    section 3.7.1), `application/json` is utf-8, and others say nothing.
    """
    if not content_type:
        return None
    kind, _, parameters = content_type.partition(";")
    for parameter in parameters.split(";"):
        name, is_given, value = parameter.partition("=")
        if is_given and name.strip("\"' ").lower() == "charset":
            return value.strip("\"' ")
    if "text" in kind:
        return "ISO-8859-1"
    return "utf-8" if "application/json" in kind else None


def of_json(body):
    """Returns which of the Unicode encodings a JSON text is in (RFC 4627 section 3), or None.

    Its first two characters are ASCII, so the zero bytes among the first four
    tell the width and the order.
    """
    start = body[:4]
    for mark, encoding in _MARKS:
        if start.startswith(mark):
            return encoding
    return {
        (): "utf-8",
        (0, 2): "utf-16-be",
        (1, 3): "utf-16-le",
        (0, 1, 2): "utf-32-be",
        (1, 2, 3): "utf-32-le",
    }.get(tuple(at for at, byte in enumerate(start) if byte == 0))


def guess(body):
    """Returns the encoding that a body without a charset is most likely in.

    A byte order mark, then utf-8 where that is valid, then utf-16 or utf-32 by
    the zero bytes, else ISO-8859-1. (requests asks charset_normalizer, which
    takes short utf-8 texts for Japanese or Arabic ones.)
    """
    for mark, encoding in _MARKS:
        if body.startswith(mark):
            return encoding
    wide = of_json(body) if 0 in body[:4] else None
    for encoding in filter(None, (wide, "utf-8")):
        try:
            body.decode(encoding)
        except UnicodeDecodeError:
            continue
        return "ascii" if encoding == "utf-8" and body and body.isascii() else encoding
    return "ISO-8859-1"


def decode(body, encoding):
    """Decodes a body; an encoding that Python does not know falls back to utf-8, as with requests."""
    try:
        return body.decode(encoding or "utf-8", "replace")
    except (LookupError, TypeError):
        return body.decode("utf-8", "replace")
