"""How two outcomes differ, and which differences of gregaria are known and meant."""

import ast
import functools
import math
import re
from http import HTTPStatus

# Locust's failure texts, and gregaria's for the same thing. Texts are gregaria's own (README, "Failures").
FAILURE_TEXTS = [
    (r"HTTPError\('(\d+) (?:Client|Server) Error: (.*) for url: .*'\)", r"\1 \2"),
    (r"LocustBadStatusCode\(code=(\d+)\)", lambda found: f"{found[1]} {HTTPStatus(int(found[1])).phrase}"),
    (r"InvalidJSONError\(ValueError\('(.*)'\)\)", r"\1"),
    (r"CatchResponseError\(.*Connection refused.*\)", "connection refused"),
    (r"(?:CatchResponseError|ResponseError)\((.*)\)", lambda found: str(ast.literal_eval(found[1]))),
    (r"RemoteDisconnected\(.*\)|HTTPConnectionClosed\(.*\)|ConnectionResetError\(.*\)", "connection closed before the response"),
    (r"ReadTimeout\(.*read timeout=([\d.]+).*\)", lambda found: f"timed out waiting for the first byte after {float(found[1]) * 1000:.0f} ms"),
    (r"ConnectionRefusedError\(.*\)", "connection refused"),
    (r"TooManyRedirects\(.*\)|RetriesExceeded\(.*Redirection limit.*\)", "more than 30 redirects"),
]
# What is meant to differ: (file, a pattern of the line below, why).
COUNTED = "a request that was answered is counted, and an exception in its block is a failure; Locust drops the sample"
MEANT_AS_CHECK = "`with`, success() and failure() without catch_response can only be meant as a check"
SENT_AGAIN = "sent again once, and only on a kept connection; Locust's fast client asks twelve times"
REFUSED = "what cannot run is refused at once, with the exit code that gregaria has for that"
EACH_PROCESS = "each core's process knows all statistics of its own; Locust's workers forget them with each report"
EXPLAINED = [
    ("bodies", r"rows: .* (get|GET) /anything/lower", "a method is a row in capitals, as it is on the wire"),
    ("checks", r"(rows|failures|failed): .*(never entered|outside of with|rescheduled: no sample)", COUNTED),
    ("checks", r"notes: .*failure\(\) outside of with", MEANT_AS_CHECK),
    ("exceptions", r"(rows|failures|failed): .* (/about|/status/502|/world)", COUNTED),
    ("exceptions", r"exceptions: .*(unexpected keyword argument|Tried to set status|success\(\) needs)", "messages are gregaria's own"),
    ("fast_checks", r"requests: 4, not 24: GET /close", SENT_AGAIN),
    ("listeners", r"requests: 4, not 13: GET /close", SENT_AGAIN),
    ("functions", r"(requests|rows): .*/(hello|world)|exceptions: 0,|exit code: 0", "tasks with weights that are set after the class was made are read as those inside of it"),
    ("old_class_tasks", r"exit code: 2|exceptions: 0", REFUSED),
    ("old_http_locust", r"exit code: 2, not 1", REFUSED),
    ("old_request_events", r"exit code: 2, not 1", REFUSED),
    ("test_pytest", r"failures: .*(cannot resolve|gaierror)", "texts are gregaria's own"),
    ("thresholds", r"(log|notes): .*(requests, |too many failures|exit code [45])", EACH_PROCESS),
    ("uploads", r"requests: .*'one two'", "a body that comes in parts is sent with its length"),
    ("x-forwarded-for", r"requests: .*x-forwarded-for:", "the address is drawn by lot"),
    ("without_catch", r"(failures|failed): 3, not 0|exceptions: 0, not 3", MEANT_AS_CHECK),
]
SIGMAS = 4.5  # Of all the shares of all files, one in 100,000 is further off by chance.
EXPECTED_MIN = 12  # What is expected so often and is not there is missing: chance would leave it out once in 160,000.


def of(case, expected, seen, ours):
    """Returns the differences as lines of text: those that nobody has explained, and those that are meant."""
    if ours:
        expected = {**expected, "failures": [[method, name, in_our_words(text), count] for method, name, text, count in expected["failures"]]}
    counted = exactly if case.exact else functools.partial(by_share, case.together)
    lines = [f"exit code: {seen['exit']}, not {expected['exit']}"] if seen["exit"] != expected["exit"] else []
    for kind in ("requests", "rows", "failures", "exceptions"):
        lines += counted(kind, totals(expected[kind]), totals(seen[kind]))
    if case.exact:
        lines += exactly("failed", failed(expected["rows"]), failed(seen["rows"]))
    for kind in ("notes", "log"):
        lines += told(kind, expected[kind], seen[kind], case.exact)
    known = {line: why for line in lines for file, pattern, why in EXPLAINED if ours and file in (case.name, "*") and re.search(pattern, line)}
    return [line for line in lines if line not in known], [f"{line} ({why})" for line, why in known.items()]


def in_our_words(text):
    for pattern, ours in FAILURE_TEXTS:
        if re.fullmatch(pattern, text, re.DOTALL):
            return re.sub(pattern, ours, text)
    return text


def totals(entries):
    """Counts by all that comes before them; a row's key is its type and name."""
    counts = {}
    for *key, count in ([*entry[:2], entry[2]] if len(entry) == 4 and isinstance(entry[2], int) else entry for entry in entries):
        counts[tuple(key)] = counts.get(tuple(key), 0) + count
    return counts


def failed(rows):
    return {(method, name): failures for method, name, _, failures in rows}


def exactly(kind, expected, seen):
    for key in sorted(expected.keys() | seen.keys()):
        wanted, have = expected.get(key, 0), seen.get(key, 0)
        if wanted != have:
            yield f"{kind}: {have}, not {wanted}: {' '.join(key)}"


def by_share(together, kind, expected, seen):
    """Whether each key has the same share of both, by a test of two proportions."""
    all_expected, all_seen = sum(expected.values()), sum(seen.values())
    for key in sorted(expected.keys() | seen.keys()):
        wanted, have = expected.get(key, 0), seen.get(key, 0)
        if not all_expected or not all_seen:
            yield f"{kind}: {have}, not {wanted}: {' '.join(key)}"
            continue
        if wanted == 0 or have == 0:
            other = wanted / all_expected * all_seen if have == 0 else have / all_seen * all_expected
            if other >= EXPECTED_MIN * together:
                yield f"{kind}: {have}, not {wanted}: {' '.join(key)}"
            continue
        pooled = (wanted + have) / (all_expected + all_seen)
        deviation = math.sqrt(together * pooled * (1 - pooled) * (1 / all_expected + 1 / all_seen))
        if deviation and abs(wanted / all_expected - have / all_seen) > SIGMAS * deviation:
            yield f"{kind}: {have} of {all_seen}, not {wanted} of {all_expected}: {' '.join(key)}"


def told(kind, expected, seen, exact):
    expected, seen = (expected, seen) if exact else (sorted(set(expected)), sorted(set(seen)))
    for line in sorted({*expected, *seen}):
        if expected.count(line) != seen.count(line):
            yield f"{kind}: {seen.count(line)} times, not {expected.count(line)}: {line}"
