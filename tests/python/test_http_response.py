"""What a response says, as requests 2.34 and geventhttpclient 2.6 say it under Locust 2.47."""

import importlib.util
import json
import types
import unittest
from datetime import timedelta

import http_fake  # noqa: F401, the engine's place

from locust._http import errors
from locust._http.response import FastResponse, Response
from locust.exception import CatchResponseError, LocustError, RescheduleTask, ResponseError

TEXT = 'é"€'.encode()
OBJECT = '{"a":"é"}'


def typed(content_type, body, make=Response):
    return make(fields=[("Content-Type", content_type)] if content_type else [], content=body)


class Texts(unittest.TestCase):
    def test_the_content_type_says_the_encoding(self):
        as_latin = TEXT.decode("latin-1")
        for content_type, encoding, text in [
            ("text/html", "ISO-8859-1", as_latin),
            ("text/html; charset=utf-8", "utf-8", 'é"€'),
            ('text/html; charset="UTF-8"', "UTF-8", 'é"€'),
            ("text/html; charset='utf-8'", "utf-8", 'é"€'),
            ("text/html; CHARSET=utf-8", "utf-8", 'é"€'),
            ("text/html;charset=latin1", "latin1", as_latin),
            ("application/json", "utf-8", 'é"€'),
            ("application/json; charset=iso-8859-1", "iso-8859-1", as_latin),
            ("text/html; charset=nonsense", "nonsense", 'é"€'),
            ("text/html; charset=", "", 'é"€'),
            # Guessed: requests says CP932 for these three, and reads Japanese.
            ("TEXT/HTML", None, 'é"€'),
            ("application/xml", None, 'é"€'),
            (None, None, 'é"€'),
        ]:
            response = typed(content_type, TEXT)
            self.assertEqual((response.encoding, response.text), (encoding, text), content_type)

    def test_an_encoding_can_be_assigned(self):
        response = typed("text/html", TEXT)
        response.encoding = "utf-8"
        self.assertEqual(response.text, 'é"€')
        response.encoding = None
        self.assertEqual(response.text, 'é"€')

    def test_texts_without_a_charset_are_guessed(self):
        for body, text, apparent in [
            (b"", "", "utf-8"),
            (b"abc", "abc", "ascii"),
            (TEXT, 'é"€', "utf-8"),
            (b"\xe9t\xe9", "été", "ISO-8859-1"),
            (OBJECT.encode("utf-16"), OBJECT, "utf-16"),
            (OBJECT.encode("utf-16-le"), OBJECT, "utf-16-le"),
            (OBJECT.encode("utf-8-sig"), OBJECT, "utf-8-sig"),
        ]:
            response = typed(None, body)
            self.assertEqual((response.text, response.apparent_encoding), (text, apparent))

    def test_encodings_of_fast_users(self):
        response = typed("text/html", TEXT, FastResponse)
        self.assertEqual(response.text, TEXT.decode("latin-1"))
        self.assertEqual(response.encoding, "ISO-8859-1")
        response = typed(None, TEXT, FastResponse)
        response.encoding = "latin-1"
        self.assertEqual(response.text, TEXT.decode("latin-1"))


class Jsons(unittest.TestCase):
    def test_json_is_unicode_where_no_charset_is_given(self):
        for encoding in ("utf-8", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8-sig"):
            self.assertEqual(typed(None, OBJECT.encode(encoding)).json(), {"a": "é"}, encoding)
        self.assertEqual(typed("application/json", OBJECT.encode()).json(), {"a": "é"})

    def test_a_charset_rules(self):
        self.assertEqual(typed("text/html", OBJECT.encode()).json(), {"a": "Ã©"})
        for encoding in ("utf-16", "utf-32", "utf-8-sig"):
            for make in Response, FastResponse:
                with self.assertRaises(json.JSONDecodeError):
                    typed("application/json", OBJECT.encode(encoding), make).json()

    def test_its_keywords_are_those_of_json_loads(self):
        response = typed("application/json", b'{"a": 1.5}')
        self.assertEqual(response.json(parse_float=str), {"a": "1.5"})

    def test_what_is_no_json_raises_the_error_of_requests(self):
        for body in (b"", b'{"a":1', b"no"):
            with self.assertRaises(errors.family("JSONDecodeError")) as caught:
                typed("application/json", body).json()
            self.assertIsInstance(caught.exception, json.JSONDecodeError)
            self.assertIn("line 1 column", str(caught.exception))
        with self.assertRaises(json.JSONDecodeError) as caught:
            typed("application/json", b"", FastResponse).json()
        self.assertIs(type(caught.exception), json.JSONDecodeError)


FIELDS = [
    ("Set-Cookie", "a=1; Path=/"),
    ("Set-Cookie", "b=2; Path=/; HttpOnly"),
    ("Set-Cookie", "c=3; Path=/deep"),
    ("X-Multi", "one"),
    ("X-Multi", "two"),
    ("Link", '</n?page=2>; rel="next", </n?page=9>; rel="last"; title="t"'),
]


class Heads(unittest.TestCase):
    def test_headers_of_http_users(self):
        headers = Response(fields=FIELDS).headers
        self.assertEqual(headers["x-multi"], "one, two")
        self.assertEqual(headers.get("SET-COOKIE"), "a=1; Path=/, b=2; Path=/; HttpOnly, c=3; Path=/deep")
        self.assertIsNone(headers.get("nope"))
        self.assertIn("X-MULTI", headers)
        self.assertNotIn("nope", headers)
        self.assertEqual(list(headers), ["Set-Cookie", "X-Multi", "Link"])
        self.assertEqual(headers, {"set-COOKIE": headers["set-cookie"], **dict(list(headers.items())[1:])})
        with self.assertRaisesRegex(KeyError, "Nope"):
            headers["Nope"]

    def test_headers_of_fast_users(self):
        headers = FastResponse(fields=FIELDS).headers
        self.assertEqual(headers["x-multi"], ["one", "two"])
        self.assertEqual(headers.getlist("x-multi"), ["one", "two"])
        self.assertEqual(headers["link"], FIELDS[5][1])
        self.assertEqual(headers.items(), FIELDS)
        self.assertIn("X-MULTI", headers)
        self.assertIsNone(headers.get("nope"))

    def test_cookies_of_the_response(self):
        cookies = Response(fields=FIELDS, url="http://127.0.0.1:1/x").cookies
        self.assertEqual(dict(cookies), {"a": "1", "b": "2", "c": "3"})
        self.assertEqual(cookies.get("a"), "1")
        self.assertEqual(cookies.get_dict(path="/deep"), {"c": "3"})
        self.assertEqual(cookies.list_domains(), ["127.0.0.1"])
        self.assertEqual(repr(cookies)[:40], "<Cookies[<Cookie a=1 for 127.0.0.1/>, <C")

    def test_links(self):
        links = Response(fields=FIELDS).links
        self.assertEqual(links["next"], {"url": "/n?page=2", "rel": "next"})
        self.assertEqual(links["last"], {"url": "/n?page=9", "rel": "last", "title": "t"})
        self.assertEqual(Response().links, {})

    def test_status_elapsed_and_repr(self):
        response = Response(status=404)
        self.assertEqual((response.ok, bool(response), repr(response)), (False, False, "<Response [404]>"))
        self.assertEqual(response.elapsed, timedelta(seconds=0.25))
        for status, of_requests, of_fast in [(399, True, True), (600, True, False), (204, True, True)]:
            self.assertEqual(Response(status=status).ok, of_requests)
            self.assertEqual(FastResponse(status=status).ok, of_fast)
        self.assertTrue(Response(status=302, fields=[("Location", "/x")]).is_redirect)
        self.assertFalse(Response(status=302).is_redirect)

    def test_raise_for_status(self):
        self.assertIsNone(Response(status=399).raise_for_status())
        self.assertIsNone(Response(status=600).raise_for_status())
        for status, text in [(404, "404 Client Error: Because"), (503, "503 Server Error: Because")]:
            response = Response(status=status, reason="Because", url="http://h/x")
            with self.assertRaises(errors.family("HTTPError")) as caught:
                response.raise_for_status()
            self.assertEqual(str(caught.exception), text + " for url: http://h/x")
            self.assertIs(caught.exception.response, response)

    def test_statuses_of_failure_of_fast_users(self):
        for status in (200, 226, 301, 304, 308):
            self.assertIsNone(FastResponse(status=status).error)
            FastResponse(status=status).raise_for_status()
        for status in (209, 300, 305, 404, 600):
            response = FastResponse(status=status, url="http://h/x")
            with self.assertRaises(Exception) as caught:
                response.raise_for_status()
            self.assertEqual(str(caught.exception), f"URL http://h/x: code={status}")
            self.assertEqual(repr(caught.exception), f"LocustBadStatusCode(code={status})")

    def test_redirects_are_the_history(self):
        response = Response(_redirects=[(302, "http://h/a", [("Location", "/b"), ("Set-Cookie", "q=1")])])
        (first,) = response.history
        self.assertEqual((first.status_code, first.url, first.headers["location"]), (302, "http://h/a", "/b"))
        self.assertEqual((first.reason, dict(first.cookies)), ("Found", {"q": "1"}))
        self.assertEqual(Response().history, [])

    def test_steps_of_the_history_have_their_requests(self):
        steps = [(status, "http://h/", [("Location", "/")]) for status in (307, 301, 302)]
        for method, expected in [("POST", "POST POST GET"), ("PUT", "PUT PUT PUT"), ("HEAD", "HEAD HEAD HEAD")]:
            history = Response(_redirects=steps, _method=method).history
            self.assertEqual(" ".join(step.request.method for step in history), expected)

    def test_a_redirect_that_was_not_followed_has_a_next_request(self):
        redirect = Response(
            status=303, url="http://h/a/b", fields=[("Location", "../c")], _request=("POST", "http://h/a/b", [], b"x")
        )
        self.assertEqual((redirect.next.method, redirect.next.url), ("GET", "http://h/c"))
        self.assertIsNone(Response().next)

    @unittest.skipUnless(importlib.util.find_spec("requests"), "requests is not installed")
    def test_it_is_an_instance_of_the_class_of_requests(self):
        import requests

        self.assertIsInstance(Response(), requests.Response)
        self.assertIsInstance(Response(), Response)
        self.assertNotIsInstance(FastResponse(), requests.Response)

    def test_the_request(self):
        request = Response(_request=("POST", "http://h/a?b=1", [("Host", "h"), ("X-A", "1")], b"x")).request
        self.assertEqual((request.method, request.url, request.body), ("POST", "http://h/a?b=1", b"x"))
        self.assertEqual((request.path_url, dict(request.headers)), ("/a?b=1", {"X-A": "1"}))


class Pieces(unittest.TestCase):
    def test_content_in_pieces(self):
        response = Response(content=b"abcde")
        self.assertEqual(list(response.iter_content(2)), [b"ab", b"cd", b"e"])
        self.assertEqual(list(response.iter_content(None)), [b"abcde"])
        self.assertEqual(list(Response(content=b"").iter_content(2)), [])
        typed_text = typed("text/plain", b"a\xe9")
        self.assertEqual(list(typed_text.iter_content(1, decode_unicode=True)), ["a", "é"])

    def test_content_of_fast_users_is_text_where_it_can_be(self):
        response = FastResponse(content="aé!".encode())
        self.assertEqual(list(response.iter_content(2)), [b"a\xc3", b"\xa9!"])
        self.assertEqual(list(response.iter_content(3)), ["aé", "!"])
        self.assertEqual(list(response.iter_content(3, decode_content=False)), ["aé".encode(), b"!"])

    def test_lines(self):
        response = Response(content=b"a\r\nb\n\nc")
        self.assertEqual(list(response.iter_lines()), [b"a", b"b", b"", b"c"])
        self.assertEqual(list(response.iter_lines(decode_unicode=True)), [b"a", b"b", b"", b"c"])
        self.assertEqual(list(response.iter_lines(delimiter=b"\n\n")), [b"a\r\nb", b"c"])

    def test_the_body_as_a_file(self):
        response = Response(content=b"abc", fields=[("X", "1")])
        self.assertEqual((response.raw.read(2), response.raw.read(), response.raw.read()), (b"ab", b"c", b""))
        self.assertEqual((response.raw.version, response.raw.headers["x"]), (11, "1"))
        response = FastResponse(content=b"a\nb")
        self.assertEqual((response.readline(), response.read()), (b"a\n", b"b"))
        self.assertEqual((response.data, response.status), (b"a\nb", 200))


class WithoutResponse(unittest.TestCase):
    def test_http_users(self):
        error = errors.of_kind("refused", "connection refused", "http://h/")
        response = Response(status=0, content=None, error=error, url=None, reason=None)
        self.assertEqual((response.text, response.content, response.headers), ("", None, {}))
        self.assertEqual(response.elapsed, timedelta(0.0, 0.25))
        for ask in (lambda: response.ok, response.raise_for_status, lambda: bool(response)):
            with self.assertRaises(ConnectionRefusedError):
                ask()
        with self.assertRaises(errors.family("JSONDecodeError")):
            response.json()

    def test_fast_users(self):
        error = errors.of_kind("closed", "connection closed before the response")
        response = FastResponse(status=0, content=None, error=error)
        self.assertEqual((response.text, response.content, response.headers), (None, None, None))
        self.assertEqual((response.ok, bool(response), response.error), (True, True, error))
        with self.assertRaises(ConnectionResetError):
            response.raise_for_status()


class Judging(unittest.TestCase):
    def leave(self, error, **given):
        response = Response(**given)
        return response, response._leave(type(error), error, None)

    def test_exceptions_in_the_block_are_failures(self):
        for error, failure in [
            (KeyError("id"), "KeyError: 'id'"),
            (AssertionError(), "AssertionError"),
            (AssertionError("no"), "AssertionError: no"),
        ]:
            response, is_swallowed = self.leave(error)
            self.assertEqual((response._failure, is_swallowed), (failure, False))

    def test_a_response_error_is_the_failure_and_goes_no_further(self):
        error = ResponseError("re")
        response, is_swallowed = self.leave(error)
        self.assertEqual((response._failure, is_swallowed), (error, True))

    def test_what_only_steers_the_user_is_no_failure(self):
        for error in (RescheduleTask(), http_fake.GreenletExit()):
            response, is_swallowed = self.leave(error)
            self.assertEqual((response._failure, is_swallowed), (None, False))

    def test_what_the_block_had_said_stays(self):
        for first in ("first", None):
            response, _ = self.leave(ValueError("later"), _failure=first, _judged=True)
            self.assertEqual(response._failure, first)

    def test_what_the_file_has_said_is_what_raise_for_status_raises(self):
        forgiven = Response(status=404)
        forgiven.success()
        forgiven.raise_for_status()
        failed = Response()
        failed.failure("no good")
        with self.assertRaisesRegex(CatchResponseError, "^no good$"):
            failed.raise_for_status()

    def test_a_with_block_without_catch_response_is_a_check_and_said_once_a_line(self):
        with self.assertLogs("locust.clients", "WARNING") as logs:
            for _ in range(3):
                response = Response(_catch=False)
                response._enter_plain()
                self.assertTrue(response._catch)
        self.assertEqual(len(logs.output), 1)
        self.assertIn("test_http_response.py:", logs.output[0])

    def test_judging_without_a_block_is_an_error(self):
        self.assertIsInstance(Response()._misuse("failure"), LocustError)
        self.assertIn("client.get(", str(Response()._misuse("failure")))

    def test_the_meta_can_be_changed(self):
        response = Response(_context={"a": 1}, _client=types.SimpleNamespace(user=None))
        meta = response.request_meta
        self.assertEqual((meta["name"], meta["request_type"], meta["response_length"]), ("/path", "GET", 0))
        self.assertEqual((meta["context"], meta["exception"], meta["url"]), ({"a": 1}, None, "http://host/path"))
        meta["name"] = "changed"
        meta["response_length"] = 7
        meta["own"] = "x"
        meta["context"]["b"] = 2
        self.assertEqual((response._name, response._length, meta["own"]), ("changed", 7, "x"))
        self.assertIs(response.request_meta, meta)
        self.assertEqual((dict(meta)["name"], dict(meta)["context"]), ("changed", {"a": 1, "b": 2}))

    def test_failures_as_listeners_get_them(self):
        error = errors.of_kind("reset", "connection reset before the response")
        own = ValueError("own")
        for make, given, shown in [
            (Response, {"_failure": "no", "_judged": True}, "CatchResponseError('no')"),
            (Response, {"_failure": own, "_judged": True}, repr(own)),
            (Response, {"status": 0, "error": error}, "ConnectionResetError('connection reset before the response')"),
            (Response, {"_failure": "no", "_judged": True, "status": 0, "error": error}, "CatchResponseError('no')"),
            (
                Response,
                {"status": 404, "reason": "Not Found", "_name": "nm"},
                "HTTPError('404 Client Error: Not Found for url: nm')",
            ),
            (Response, {"status": 499, "reason": "", "_name": "nm"}, "HTTPError('499 Client Error:  for url: nm')"),
            (FastResponse, {"status": 209}, "LocustBadStatusCode(code=209)"),
        ]:
            self.assertEqual(repr(make(**given).request_meta["exception"]), shown)

    def test_files_may_keep_things_at_a_response(self):
        response = Response()
        response.mine = 5
        self.assertEqual(response.mine, 5)
        with self.assertRaisesRegex(AttributeError, "nope"):
            response.nope


if __name__ == "__main__":
    unittest.main()
