"""The exceptions of the clients are caught by the clauses that files write."""

import importlib.util
import json
import socket
import subprocess
import sys
import unittest
from pathlib import Path

import http_fake  # noqa: F401, the engine's place

from locust._http import errors

# What `except` clauses name, for each kind of failure.
KINDS = {
    "refused": ("ConnectionError", ConnectionRefusedError),
    "reset": ("ConnectionError", ConnectionResetError),
    "closed": ("ConnectionError", ConnectionResetError),
    "truncated": ("ChunkedEncodingError", OSError),
    "timeout": ("ReadTimeout", TimeoutError),
    "stalled": ("ConnectionError", TimeoutError),
    "connect_timeout": ("ConnectTimeout", TimeoutError),
    "dns": ("ConnectionError", socket.gaierror),
    "tls": ("SSLError", OSError),
    "proxy": ("ProxyError", OSError),
    "redirects": ("TooManyRedirects", OSError),
    "malformed": ("ConnectionError", OSError),
    "decode": ("ContentDecodingError", OSError),
    "url": ("InvalidURL", ValueError),
    "other": ("ConnectionError", OSError),
    "never heard of": ("ConnectionError", OSError),
}


class Errors(unittest.TestCase):
    def test_each_kind_is_what_clauses_name(self):
        for kind, (name, builtin) in KINDS.items():
            error = errors.of_kind(kind, "what happened", "http://h/")
            self.assertIsInstance(error, errors.family(name), kind)
            self.assertIsInstance(error, errors.family("RequestException"), kind)
            self.assertIsInstance(error, builtin, kind)
            self.assertEqual(str(error), "what happened")
            self.assertEqual(repr(error), f"{name}('what happened')")
            self.assertEqual((error.url, error.request, error.response), ("http://h/", None, None))
        self.assertEqual(errors.of_kind("refused", "x").errno, 111)

    def test_their_names_are_those_that_locust_shows(self):
        """By Locust 2.47: requests' own, the innermost one for listeners, and that for a FastHttpUser."""
        for kind, of_requests, of_listeners, of_fast in [
            ("refused", "ConnectionError", "ConnectionRefusedError", "ConnectionRefusedError"),
            ("closed", "ConnectionError", "RemoteDisconnected", "HTTPConnectionClosed"),
            ("dns", "ConnectionError", "gaierror", "gaierror"),
            ("timeout", "ReadTimeout", "ReadTimeout", "ReadTimeout"),
            ("redirects", "TooManyRedirects", "TooManyRedirects", "TooManyRedirects"),
        ]:
            error, fast = errors.of_kind(kind, "x", "u"), errors.of_kind(kind, "x", "u", True)
            shown = [type(each).__name__ for each in (error, errors.innermost(error), fast, errors.innermost(fast))]
            self.assertEqual(shown, [of_requests, of_listeners, of_fast, of_fast])
            self.assertIsInstance(errors.innermost(error), type(error).__mro__[1])
            self.assertEqual(str(errors.innermost(error)), "x")
        self.assertIsNone(errors.innermost(None))

    def test_classes_are_made_once(self):
        one, other = (errors.of_kind("reset", text) for text in "ab")
        self.assertIs(type(one), type(other))

    def test_a_json_error_is_that_of_the_interpreter_too(self):
        try:
            json.loads("{")
        except ValueError as error:
            ours = errors.json_error(error, None)
        self.assertIsInstance(ours, json.JSONDecodeError)
        self.assertIsInstance(ours, errors.family("RequestException"))
        self.assertEqual((ours.pos, ours.lineno), (1, 1))

    @unittest.skipUnless(importlib.util.find_spec("requests"), "requests is not installed")
    def test_they_are_those_of_requests_where_it_is_imported(self):
        script = (
            "import http_fake, requests, test_http_errors as t, unittest\n"
            "from locust._http import errors\n"
            "assert errors.family('ConnectionError') is requests.exceptions.ConnectionError\n"
            "assert isinstance(errors.of_kind('refused', 'x'), requests.ConnectionError)\n"
            "assert isinstance(errors.of_kind('timeout', 'x'), requests.exceptions.Timeout)\n"
            "result = unittest.TextTestRunner().run(unittest.defaultTestLoader.loadTestsFromModule(t))\n"
            "raise SystemExit(not result.wasSuccessful())\n"
            if "requests" not in sys.modules
            else "pass"
        )
        done = subprocess.run(
            [sys.executable, "-c", script],
            cwd=Path(__file__).parent,
            capture_output=True,
            text=True,
        )
        self.assertEqual(done.returncode, 0, done.stderr)


if __name__ == "__main__":
    unittest.main()
