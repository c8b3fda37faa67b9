"""What compare.py of tests/locustfiles finds: nothing where nothing differs, and each kind of difference."""

import sys
import unittest
from pathlib import Path
from types import SimpleNamespace

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "locustfiles"))

import differences  # noqa: E402
from outcome import request  # noqa: E402

EXACT, SHARES = SimpleNamespace(name="x", exact=True, together=1), SimpleNamespace(name="x", exact=False, together=1)


def outcome(**changed):
    same = {
        "exit": 1,
        "requests": [["GET /a", 300], ["GET /b", 100]],
        "rows": [["GET", "/a", 300, 0], ["GET", "/b", 100, 100]],
        "failures": [["GET", "/b", "HTTPError('404 Client Error: Not Found for url: /b')", 100]],
        "exceptions": [["no good", "x.py:3:f", 2]],
        "notes": ["one", "one"],
        "log": [],
    }
    return {**same, **changed}


def found(case, ours=False, **changed):
    return differences.of(case, outcome(), outcome(**changed), ours)[0]


class Differences(unittest.TestCase):
    def test_the_same_does_not_differ(self):
        for case in (EXACT, SHARES):
            self.assertEqual(found(case), [])

    def test_each_kind_is_found(self):
        for changed in (
            {"exit": 0},
            {"requests": [["GET /a", 300], ["GET /c", 100]]},
            {"rows": [["GET", "/a", 300, 0], ["get", "/b", 100, 100]]},
            {"failures": []},
            {"exceptions": [["no good", "x.py:4:f", 100]]},
            {"notes": ["one", "two"]},
            {"log": ["INFO/root new"]},
        ):
            for case in (EXACT, SHARES):
                self.assertNotEqual(found(case, **changed), [], changed)

    def test_one_more_differs_only_where_counts_are_exact(self):
        changed = {"requests": [["GET /a", 301], ["GET /b", 100]]}
        self.assertEqual(found(EXACT, **changed), ["requests: 301, not 300: GET /a"])
        self.assertEqual(found(SHARES, **changed), [])

    def test_shares_and_not_counts_must_agree(self):
        self.assertEqual(found(SHARES, requests=[["GET /a", 3_100], ["GET /b", 990]]), [])
        self.assertEqual(len(found(SHARES, requests=[["GET /a", 2_000], ["GET /b", 2_000]])), 2)

    def test_failed_requests_of_a_row_are_compared(self):
        changed = {"rows": [["GET", "/a", 300, 1], ["GET", "/b", 100, 100]]}
        self.assertEqual(found(EXACT, **changed), ["failed: 1, not 0: GET /a"])

    def test_failures_are_compared_in_gregarias_words(self):
        ours = [["GET", "/b", "404 Not Found", 100]]
        self.assertEqual(found(EXACT, ours=True, failures=ours), [])
        self.assertNotEqual(found(EXACT, ours=False, failures=ours), [])


class Requests(unittest.TestCase):
    def test_what_clients_send_of_their_own_is_left_out(self):
        headers = [("Host", "h:1"), ("User-Agent", "python-requests/2.34.2"), ("Accept", "*/*"), ("X-Mine", "1")]
        record = {"method": "GET", "path": "/a", "headers": headers, "body": ""}
        self.assertEqual(request(record), "GET /a | x-mine: 1")
        record["headers"] = [("User-Agent", "mine/1"), ("Accept", "text/html"), ("Cookie", "b=2; a=1")]
        self.assertEqual(request(record), "GET /a | accept: text/html | cookie: a=1; b=2 | user-agent: mine/1")

    def test_boundaries_are_neutral(self):
        headers = [("Content-Type", "multipart/form-data; boundary=xyz")]
        record = {"method": "POST", "path": "/a", "headers": headers, "body": "--xyz\r\n"}
        self.assertIn("boundary=BOUNDARY | '--BOUNDARY", request(record))


if __name__ == "__main__":
    unittest.main()
