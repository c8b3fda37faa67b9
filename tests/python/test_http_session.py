"""The settings of a client, and what of them reaches the engine."""

import unittest

import http_fake  # noqa: F401, the engine's place

from locust._http import errors
from locust.clients import HttpSession
from locust.contrib.fasthttp import FastHttpSession
from locust.exception import LocustError

HOST = "http://127.0.0.1:5715"


def fields(sent):
    return {
        (name if isinstance(name, str) else name.decode()): value.decode("latin-1")
        for name, value in sent["headers"]
    }


class Headers(unittest.TestCase):
    def setUp(self):
        self.client = HttpSession(HOST)

    def test_the_defaults(self):
        for client in self.client, FastHttpSession(HOST):
            self.assertEqual(list(client.headers), ["User-Agent", "Accept-Encoding", "Accept"])
            self.assertEqual((client._headers, client._slow), ([], False))

    def test_every_change_reaches_the_engine(self):
        self.client.headers["X-Tok"] = "1"
        self.client.headers.update({"accept": "b"})
        self.assertEqual(self.client._headers, [("accept", "b"), ("X-Tok", "1")])
        self.client.headers["Accept"] = "*/*"
        self.assertEqual(self.client._headers, [("X-Tok", "1")])
        self.client.headers.pop("x-tok")
        self.client.headers.setdefault("B", "3")
        self.assertEqual(self.client._headers[0], ("B", "3"))
        self.client.headers = {"A": "1", "a": "2"}
        self.assertTrue(self.client._slow)
        sent = self.client.request("GET", "/")
        # urllib3 always sends a User-Agent.
        self.assertEqual(sent["absent"], ["Accept-Encoding", "Accept"])
        self.assertEqual(sent["headers"], [("a", b"2")])
        self.client.headers.clear()
        self.assertEqual(self.client.request("GET", "/")["headers"], [])

    def test_those_of_a_request_go_before(self):
        self.client.headers["X-Tok"] = "1"
        sent = fields(self.client.request("GET", "/", headers={"x-tok": "2", "Accept": None, "x": None}))
        self.assertEqual(sent["x-tok"], "2")
        self.assertNotIn("X-Tok", sent)
        self.assertNotIn("Accept", sent)
        self.assertNotIn("x", sent)
        self.assertEqual(self.client.request("GET", "/", headers={"Accept": None})["absent"], ["Accept"])

    def test_values_of_bytes_and_of_none(self):
        self.client.headers["X-A"] = None
        sent = fields(self.client.request("GET", "/", headers={"X-B": b"v", b"X-C": "ä"}))
        self.assertEqual((sent["X-B"], sent["X-C"]), ("v", "ä"))
        self.assertNotIn("X-A", sent)
        self.assertFalse(self.client._slow)

    def test_values_that_are_no_text_fail_the_request_of_an_http_user(self):
        for value in (5, ["v", "w"], "v\r\nX: y", " v"):
            sent = self.client.request("GET", "/", headers={"X-A": value})
            self.assertIsInstance(sent["error"], errors.family("InvalidHeader"), value)
        self.client.headers["X"] = 5
        self.assertTrue(self.client._slow)
        self.assertIn("error", self.client.request("GET", "/"))

    def test_fast_users_write_any_value(self):
        sent = FastHttpSession(HOST).request("GET", "/", headers={"X-A": 5, "X-B": ["v", "w"]})
        self.assertEqual(sent["headers"][-3:], [("X-A", b"5"), ("X-B", b"v"), ("X-B", b"w")])


class Auth(unittest.TestCase):
    def test_pairs_objects_and_callables(self):
        class HTTPDigestAuth:
            username, password = "u", "p"

        for auth, expected in [
            (("u", "p"), ("basic", b"u", b"p")),
            (["u", "p"], ("basic", b"u", b"p")),
            (("ü", b"p"), ("basic", b"\xfc", b"p")),
            ((1, 2), ("basic", b"1", b"2")),
            (HTTPDigestAuth(), ("digest", b"u", b"p")),
        ]:
            self.assertEqual(HttpSession(HOST).request("GET", "/", auth=auth)["auth"], expected)
            client = FastHttpSession(HOST)
            client.auth = auth
            self.assertEqual(client._auth, expected)
            self.assertFalse(client._slow)
        with self.assertRaisesRegex(TypeError, "'up!'"):
            HttpSession(HOST).request("GET", "/", auth="up!")

    def test_a_callable_may_change_the_request(self):
        def sign(request):
            request.headers["X-Sign"] = f"{request.method} {request.path_url} {request.body}"
            return request

        client = HttpSession(HOST)
        client.auth = sign
        self.assertTrue(client._slow)
        self.assertEqual(fields(client.request("POST", "/a?b=1", data="x"))["X-Sign"], "POST /a?b=1 b'x'")

    def test_the_host_may_hold_user_and_password(self):
        for make in HttpSession, FastHttpSession:
            client = make("http://me:pw%40@127.0.0.1:5715")
            self.assertEqual((client.base_url, client._auth), (HOST, ("basic", b"me", b"pw@")))
        sent = HttpSession(HOST).request("GET", "http://me:pw@other/x")
        self.assertEqual((sent["url"], sent["auth"]), ("http://other/x", ("basic", b"me", b"pw")))
        self.assertEqual(FastHttpSession("http://me:pw@h").auth_header, "Basic bWU6cHc=")
        client = FastHttpSession("http://me:pw@h")
        client.auth_header = "Bearer token"
        self.assertEqual((client.auth_header, client._auth), ("Bearer token", None))
        self.assertIn(("Authorization", "Bearer token"), client._headers)
        client.auth_header = None
        self.assertEqual((client.auth_header, client._auth), (None, None))
        self.assertNotIn("Authorization", dict(client._headers))


class Cookies(unittest.TestCase):
    def setUp(self):
        self.client = HttpSession(HOST)
        self.cookies = self.client.cookies

    def test_as_a_dict(self):
        self.cookies.set("a", "1")
        self.cookies["b"] = "2"
        self.cookies.update({"c": 3})
        self.assertEqual(dict(self.cookies), {"a": "1", "b": "2", "c": "3"})
        self.assertEqual(self.client._kept[2], ("c", "3", "127.0.0.1", "/", False, None))
        self.assertEqual((self.cookies.get("a"), self.cookies.get("z"), len(self.cookies)), ("1", None, 3))
        self.assertIn("a", self.cookies)
        self.assertEqual([cookie.name for cookie in self.cookies], ["a", "b", "c"])
        self.assertEqual((self.cookies.pop("a"), self.cookies.pop("a", None)), ("1", None))
        del self.cookies["b"], self.cookies["nope"]
        self.cookies.set("c", None)
        self.assertEqual(self.client._kept, [])
        with self.assertRaises(KeyError):
            self.cookies["a"]

    def test_by_domain_and_path(self):
        self.cookies.set("a", "1")
        self.cookies.set("a", "2", domain="x.y", path="/p")
        self.assertEqual(self.cookies.get_dict(domain="x.y"), {"a": "2"})
        self.assertEqual(self.cookies.get("a", path="/p"), "2")
        with self.assertRaisesRegex(RuntimeError, "2 cookies"):
            self.cookies.get("a")
        self.cookies.clear("x.y")
        self.assertEqual(self.cookies.get("a"), "1")
        self.cookies.clear()
        self.assertEqual(len(self.cookies), 0)
        with self.assertRaisesRegex(TypeError, "colour"):
            self.cookies.set("a", "1", colour="red")

    def test_a_jar_may_be_assigned(self):
        self.cookies.set("a", "1")
        self.client.cookies = {"x": "y"}
        self.assertEqual(self.client.cookies, {"x": "y"})
        self.client.cookies = self.client.cookies.copy()
        self.assertEqual(self.client.cookies, {"x": "y"})

    def test_those_of_a_request(self):
        def sent(**given):
            return fields(self.client.request("GET", "/a/b", **given)).get("Cookie")

        self.assertIsNone(sent())
        self.assertEqual(sent(cookies={"d": 4}), "d=4")
        self.cookies.set("a", "1")
        self.cookies.set("b", "2", path="/a")
        self.cookies.set("c", "3", path="/ab")
        self.cookies.set("e", "4", domain="other")
        self.cookies.set("f", "5", secure=True)
        self.assertEqual(sent(cookies={"d": 4, "a": 9}), "a=9; b=2; d=4")
        self.assertIsNone(sent())

    def test_those_of_a_request_beside_others_of_their_names(self):
        """By requests 2.34: both are sent where a server has set one; a Cookie field goes before them."""

        def sent(**given):
            ready = self.client.request("GET", "/", **given)
            return fields(ready).get("Cookie"), ready.get("cookies")

        self.client._set_cookie("a=server; Path=/", "")
        self.cookies.set("b", "mine")
        own = {"a": "1", "b": "2", "c": "3"}
        self.assertEqual(sent(cookies=own), ("a=server; b=2; a=1; c=3", "a=1; c=3"))
        self.assertEqual(sent(cookies=own, headers={"Cookie": "h=1"}), ("h=1", "a=1; c=3"))
        self.assertEqual(sent(cookies={"b": "2"}), ("a=server; b=2", None))
        self.cookies.clear()
        self.assertEqual(sent(cookies={"b": "2"}), ("b=2", "b=2"))

    def test_fast_users_have_a_jar(self):
        client = FastHttpSession(HOST)
        client.cookiejar.set("a", "1")
        self.assertEqual([cookie.value for cookie in client.client.cookiejar], ["1"])
        client.cookiejar.clear()
        self.assertEqual(client._kept, [])


class Settings(unittest.TestCase):
    def test_only_what_the_engine_does_not_keep_makes_requests_slow(self):
        client = HttpSession(HOST)
        self.assertFalse(client._slow)
        client.verify = False
        client.headers["X"] = "1"
        self.assertFalse(client._slow)
        self.assertIs(client._verify, False)
        for name, value in {
            "params": {"a": 1},
            "proxies": {"http": "p"},
            "cert": "a.pem",
            "trust_env": True,
            "stream": True,
            "hooks": {"response": [print]},
        }.items():
            client = HttpSession(HOST)
            setattr(client, name, value)
            self.assertTrue(client._slow, name)

    def test_a_dict_that_was_only_read_makes_them_slow_until_the_next(self):
        client = HttpSession(HOST)
        self.assertEqual(client.params, {})
        self.assertTrue(client._slow)
        client.request("GET", "/")
        self.assertFalse(client._slow)
        client.params["k"] = "v"
        self.assertEqual(client.request("GET", "/")["name"], "/?k=v")
        self.assertTrue(client._slow)

    def test_params_are_merged(self):
        client = HttpSession(HOST)
        client.params = {"k": "v", "l": "s"}
        self.assertEqual(client.request("GET", "/?z=1", params={"l": "r", "k": None})["name"], "/?z=1&l=r")

    def test_close(self):
        client = FastHttpSession(HOST)
        client.close()
        client.client.clientpool.close()
        self.assertEqual(client._closed, 2)

    def test_what_is_not_there_says_so(self):
        with self.assertRaisesRegex(LocustError, "adapters"):
            HttpSession(HOST).mount("http://", None)
        with self.assertRaisesRegex(LocustError, "pool_manager"):
            HttpSession(HOST, pool_manager=object())
        with self.assertRaisesRegex(LocustError, "client_pool"):
            FastHttpSession(HOST, client_pool=object())
        with self.assertRaisesRegex(AttributeError, "part of requests"):
            HttpSession(HOST).adapters
        with self.assertRaisesRegex(AttributeError, "'nope'"):
            HttpSession(HOST).nope
        with self.assertRaisesRegex(AttributeError, "part of geventhttpclient"):
            FastHttpSession(HOST).client.urlopen

    def test_listeners_get_locusts_keywords(self):
        from locust._http.response import Response

        class Hook:
            _handlers = [print]

            def notify(self, **given):
                self.given = given

        class User:
            def context(self):
                return {"user": 1}

        client = HttpSession(HOST, Hook(), User())
        response = Response(_context={"request": 2}, _failure="no", _judged=True, _client=client)
        client._fire(response)
        given = client.request_event.given
        self.assertEqual(
            sorted(given),
            "context exception name request_type response response_length response_time start_time url".split(),
        )
        self.assertEqual(given["context"], {"user": 1, "request": 2})
        self.assertEqual(repr(given["exception"]), "CatchResponseError('no')")
        self.assertIs(given["response"], response)
        self.assertIs(client._listeners, Hook._handlers)


if __name__ == "__main__":
    unittest.main()
