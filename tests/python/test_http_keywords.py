"""What the clients make of their keywords: as requests 2.34 and geventhttpclient 2.6 send them under Locust 2.47."""

import datetime
import enum
import io
import unittest

import http_fake  # noqa: F401, the engine's place

from locust._http import errors
from locust.clients import HttpSession
from locust.contrib.fasthttp import FastHttpSession

FORM = "application/x-www-form-urlencoded"
FAST_FORM = FORM + "; charset=utf-8"
HOST = "http://127.0.0.1:5715"


def http(host=HOST):
    return HttpSession(host)


def fast(host=HOST):
    return FastHttpSession(host)


def fields(sent):
    return {name.lower(): value.decode("latin-1") for name, value in sent["headers"]}


def content(sent):
    """Returns Content-Type and body, with the boundary as B."""
    kind, body = fields(sent).get("content-type"), sent.get("data", b"").decode("latin-1")
    if kind and "boundary=" in kind:
        boundary = kind.partition("boundary=")[2]
        kind, body = kind.replace(boundary, "B"), body.replace(boundary, "B")
    return kind, body


class Kind(str, enum.Enum):
    USED = "used"


class Urls(unittest.TestCase):
    def path(self, client, url, **given):
        return client.request("GET", url, **given)["url"].removeprefix(HOST)

    def test_params_of_any_shape_become_the_query(self):
        for params, query in [
            ({"a": "b c", "d": 1}, "?a=b+c&d=1"),
            ({"a": ["1", "2"]}, "?a=1&a=2"),
            ({"a": None, "b": "1"}, "?b=1"),
            ([("a", "1"), ("a", "2")], "?a=1&a=2"),
            ((("a", "1"),), "?a=1"),
            ("x=1&y=ä b", "?x=1&y=%C3%A4%20b"),
            (b"x=1", "?x=1"),
            ({}, ""),
            ({"a": True, "b": 1.5}, "?a=True&b=1.5"),
            # A text with another str().
            ({Kind.USED: Kind.USED}, "?used=used"),
            ({"ä": "€/&="}, "?%C3%A4=%E2%82%AC%2F%26%3D"),
            ({"a": b"\xff", "b": (1, 2)}, "?a=%FF&b=1&b=2"),
            ({"a": (x for x in "xy"), "b": {"k": "v"}}, "?a=x&a=y&b=k"),
        ]:
            for make in http, fast:
                # A generator can be read once.
                again = {"a": (x for x in "xy"), "b": {"k": "v"}} if "k" in query else params
                self.assertEqual(self.path(make(), "/echo", params=again), "/echo" + query, params)

    def test_params_are_appended_to_a_query_and_before_a_fragment(self):
        self.assertEqual(self.path(http(), "/echo?q=1", params={"a": "b"}), "/echo?q=1&a=b")
        self.assertEqual(self.path(http(), "/echo#top", params={"a": "b"}), "/echo?a=b")

    def test_params_that_are_none_of_these_are_refused(self):
        for make in http, fast:
            with self.assertRaisesRegex(TypeError, "not 5"):
                make().request("GET", "/echo", params=5)

    def test_urls_are_escaped_as_by_both_clients(self):
        for url, path in [
            ("/echo/%7e?x=%41", "/echo/~?x=A"),
            ("/echo?x=a%20b", "/echo?x=a%20b"),
            ("/echo?x=a+b&y=ä", "/echo?x=a+b&y=%C3%A4"),
            ("/echo/a b%20c", "/echo/a%20b%20c"),
            ("/echo/%zz", "/echo/%25zz"),
            ("/echo?x=%zz", "/echo?x=%25zz"),
            ("/echo//a//b", "/echo//a//b"),
            ("?x=1", "/?x=1"),
            ("", "/"),
            ("/echo?", "/echo"),
            ("/echo#a?b", "/echo"),
            ("/echo/%2e%2e/x", "/echo/../x"),
            ("/echo?x='(1)*!~", "/echo?x='(1)*!~"),
            ("/s?x=http://other/", "/s?x=http://other/"),
        ]:
            for make in http, fast:
                self.assertEqual(self.path(make(), url), path, url)

    def test_dots_and_brackets_differ_between_them(self):
        for url, of_requests, of_fast in [
            ("/echo/%C3%a4|^", "/echo/%C3%A4%7C%5E", "/echo/%C3%a4%7C%5E"),
            ("/echo/[1]/;x=1,2", "/echo/%5B1%5D/;x=1,2", "/echo/[1]/;x=1,2"),
            ("/echo?q=[]", "/echo?q=%5B%5D", "/echo?q=[]"),
            ("/echo/..", "/", "/echo/.."),
            ("/echo/../../x", "/x", "/echo/../../x"),
            ("/echo/.", "/echo/", "/echo/."),
            ("/x/../echo/./y", "/echo/y", "/x/../echo/./y"),
            ("/a/%7e%2f%zz?x=%41", "/a/%257E%252F%25zz?x=A", "/a/%257e%252f%25zz?x=%2541"),
        ]:
            self.assertEqual(self.path(http(), url), of_requests, url)
            self.assertEqual(self.path(fast(), url), of_fast, url)

    def test_rows_are_named_by_the_prepared_url_or_as_typed(self):
        def names(url, **given):
            return [make().request("GET", url, **given)["name"] for make in (http, fast)]

        self.assertEqual(names("/echo", params={"a": "b c"}), ["/echo?a=b+c", "/echo"])
        self.assertEqual(names(HOST + "/echo#x"), ["/echo", HOST + "/echo#x"])
        self.assertEqual(names("/a b"), ["/a%20b", "/a b"])
        self.assertEqual(names("/echo", name="n"), ["n", "n"])
        self.assertEqual(names("/echo", name=""), ["/echo", "/echo"])
        self.assertEqual(names("/echo", name=5), ["5", "5"])
        for client in http(), fast():
            with client.rename_request("set"):
                self.assertEqual(client.request("GET", "/echo")["name"], "set")
                self.assertEqual(client.request("GET", "/echo", name="own")["name"], "own")
            self.assertEqual(client.request("GET", "/echo")["name"], "/echo")

    def test_a_url_without_a_host_says_what_is_missing(self):
        for host, error in [("", "MissingSchema"), (None, "MissingSchema"), ("ftp://x", "InvalidSchema")]:
            with self.assertRaises(errors.family(error)):
                http(host).request("GET", "/x")
        with self.assertRaises(errors.family("InvalidURL")):
            http().request("GET", "echo")


class Bodies(unittest.TestCase):
    def check(self, given, of_requests, of_fast):
        for make, expected in (http, of_requests), (fast, of_fast):
            self.assertEqual(content(make().request("POST", "/echo", **given())), expected, given())

    def test_forms(self):
        for data, of_requests, of_fast in [
            ({"a": "b c", "d": 1}, "a=b+c&d=1", "a=b+c&d=1"),
            ({"a": ["1", "2"], "n": None}, "a=1&a=2", "a=%5B%271%27%2C+%272%27%5D&n=None"),
            ([("a", "1"), ("a", "2")], "a=1&a=2", "a=1&a=2"),
            ((("a", "1"), ("a", "2")), "a=1&a=2", "a=1&a=2"),
            ({"ä": "€"}, "%C3%A4=%E2%82%AC", "%C3%A4=%E2%82%AC"),
            ({"a": {"k": "v"}}, "a=k", "a=%7B%27k%27%3A+%27v%27%7D"),
            # A text with another str().
            ({Kind.USED: Kind.USED}, "used=used", "Kind.USED=Kind.USED"),
            ([(Kind.USED, Kind.USED)], "used=used", "used=used"),
        ]:
            self.check(lambda: {"data": data}, (FORM, of_requests), (FAST_FORM, of_fast))

    def test_other_data(self):
        octets = "application/octet-stream"
        for make, body, of_fast in [
            (lambda: "ä=1", "Ã¤=1", "text/plain; charset=utf-8"),
            (lambda: b"\x00\xff", "\x00ÿ", octets),
            (lambda: bytearray(b"ab"), "ab", octets),
            (lambda: io.BytesIO(b"file"), "file", octets),
            # requests announces 5 bytes for these 6.
            (lambda: io.StringIO("fileä"), "fileÃ¤", octets),
            (lambda: (x for x in [b"a", "bc"]), "abc", octets),
        ]:
            self.check(lambda: {"data": make()}, (None, body), (of_fast, body))

    def test_empty_data_is_no_body(self):
        for data in ({}, "", b"", [], None):
            self.check(lambda: {"data": data}, (None, ""), (None, ""))

    def test_data_that_is_none_of_these_is_refused(self):
        for data in (5, [b"a"]):
            for make in http, fast:
                with self.assertRaises(TypeError):
                    make().request("POST", "/echo", data=data)

    def test_json(self):
        kind = "application/json"
        for value, body in [
            ({"a": [1, None, "ä"]}, '{"a": [1, null, "\\u00e4"]}'),
            ({}, "{}"),
            ([], "[]"),
            (0, "0"),
        ]:
            self.check(lambda: {"json": value}, (kind, body), (kind, body))
        self.check(lambda: {"json": {"a": 1}, "data": {"b": 2}}, (FORM, "b=2"), (FAST_FORM, "b=2"))
        self.check(lambda: {"json": {"a": 1}, "data": {}}, (kind, '{"a": 1}'), (kind, '{"a": 1}'))
        for make in http, fast:
            with self.assertRaisesRegex(TypeError, "date is not JSON"):
                make().request("POST", "/echo", json=datetime.date(2026, 1, 1))

    def test_numbers_that_are_no_json_fail_the_request_of_an_http_user(self):
        sent = http().request("POST", "/echo", json=float("nan"), name="n")
        self.assertIsInstance(sent["error"], errors.family("InvalidJSONError"))
        self.assertEqual(sent["name"], "n")
        self.assertEqual(fast().request("POST", "/echo", json=float("nan"))["data"], b"NaN")

    def test_a_content_type_of_the_request_or_the_client_stays(self):
        own = {"content-type": "application/vnd.x+json"}
        self.check(
            lambda: {"json": {}, "headers": own}, (own["content-type"], "{}"), (own["content-type"], "{}")
        )
        client = http()
        client.headers["Content-Type"] = "text/csv"
        self.assertEqual(content(client.request("POST", "/echo", data="x")), ("text/csv", "x"))

    def test_json_of_a_fast_user_asks_for_json(self):
        self.assertEqual(fields(fast().request("POST", "/", json={}))["accept"], "application/json")
        self.assertNotIn("accept", fields(http().request("POST", "/", json={})))


class Files(unittest.TestCase):
    def sent(self, **given):
        kinds = [content(make().request("POST", "/echo", **given)) for make in (http, fast)]
        self.assertEqual(kinds[0], kinds[1])
        self.assertEqual(kinds[0][0], "multipart/form-data; boundary=B")
        return kinds[0][1]

    def part(self, disposition, body, head=""):
        return f"--B\r\nContent-Disposition: form-data; {disposition}\r\n{head}\r\n{body}\r\n"

    def test_a_file_in_each_form(self):
        for files, disposition, head in [
            ({"f": ("a.txt", b"hi")}, 'name="f"; filename="a.txt"', ""),
            ({"f": "hi"}, 'name="f"; filename="f"', ""),
            ({"f": ("a.txt", "hi", "text/plain")}, 'name="f"; filename="a.txt"', "Content-Type: text/plain\r\n"),
            (
                {"f": ("a.txt", b"hi", "text/plain", {"X-A": "1"})},
                'name="f"; filename="a.txt"',
                "Content-Type: text/plain\r\nX-A: 1\r\n",
            ),
            ({"f": (None, "hi")}, 'name="f"', ""),
            ({"fä": ('ä"\\.txt', b"hi")}, 'name="fÃ¤"; filename="Ã¤%22\\.txt"', ""),
        ]:
            self.assertEqual(self.sent(files=files), self.part(disposition, "hi", head) + "--B--\r\n")

    def test_open_files_have_their_own_names(self):
        for make, name in (http, "f"), (fast, "f"):
            _, body = content(make().request("POST", "/", files={"f": io.BytesIO(b"hi")}))
            self.assertEqual(body, self.part(f'name="f"; filename="{name}"', "hi") + "--B--\r\n")
        for mode in "rb", "r":
            with open(__file__, mode) as file:
                _, body = content(http().request("POST", "/", files={"f": file}))
            self.assertIn('filename="test_http_keywords.py"', body)
            self.assertIn("class Files", body)

    def test_several_files_and_fields(self):
        self.assertEqual(
            self.sent(files=[("f", ("a", b"1")), ("f", ("b", b"2"))]),
            self.part('name="f"; filename="a"', "1")
            + self.part('name="f"; filename="b"', "2")
            + "--B--\r\n",
        )
        self.assertEqual(
            self.sent(
                files={"f": ("a", b"1"), "g": None},
                data={"k": "v", "l": ["1", "2"], "n": None, "i": 5},
            ),
            self.part('name="k"', "v")
            + self.part('name="l"', "1")
            + self.part('name="l"', "2")
            + self.part('name="i"', "5")
            + self.part('name="f"; filename="a"', "1")
            + "--B--\r\n",
        )

    def test_no_files_is_a_form(self):
        self.assertEqual(content(http().request("POST", "/", files={}, data={"a": 1})), (FORM, "a=1"))

    def test_text_beside_files_is_refused(self):
        with self.assertRaisesRegex(ValueError, "data="):
            http().request("POST", "/", files={"f": b"1"}, data="x")

    def test_an_own_content_type_stays_with_requests_only(self):
        own = {"Content-Type": "multipart/form-data"}
        given = {"files": {"f": ("a", b"1")}, "headers": own}
        self.assertEqual(fields(http().request("POST", "/", **given))["content-type"], "multipart/form-data")
        self.assertIn("boundary=", fields(fast().request("POST", "/", **given))["content-type"])


class Others(unittest.TestCase):
    def test_unknown_keywords_name_the_nearest(self):
        for make in http, fast:
            with self.assertRaisesRegex(TypeError, r"post\(\) got an .*'jsn'; did you mean 'json'"):
                make().request("POST", "/", jsn={})
            with self.assertRaisesRegex(TypeError, "'foo'; it takes params, data"):
                make().request("GET", "/", foo=1)

    def test_timeouts(self):
        for timeout, expected in [
            (5, (5.0, 5.0)),
            ((1, 2.5), (1.0, 2.5)),
            ((1, None), (1.0, None)),
            ((None, 2), (None, 2.0)),
            ((None, None), (None, None)),
            (None, None),
        ]:
            sent = fast().request("GET", "/", timeout=timeout)
            self.assertEqual(sent.get("timeouts"), expected)
        for timeout in ("5", 0, -1, (1, 2, 3), True):
            with self.assertRaises(ValueError):
                http().request("GET", "/", timeout=timeout)

    def test_what_is_handed_on(self):
        sent = http().request(
            "GET", "/", catch_response=True, context={"a": 1}, allow_redirects=False, stream=True
        )
        self.assertEqual(sent["catch_response"], True)
        self.assertEqual(sent["context"], {"a": 1})
        self.assertEqual(sent["allow_redirects"], False)
        self.assertEqual(sent["stream"], True)
        self.assertNotIn("proxy", sent)

    def test_files_that_are_not_there_are_errors_of_the_locustfile(self):
        for given in ({"verify": "/none.pem"}, {"cert": "/none.pem"}, {"cert": (__file__, "/none.key")}):
            with self.assertRaisesRegex(OSError, "= names a file that is not there: '/none"):
                http().request("GET", "/", **given)
        with self.assertRaisesRegex(OSError, "verify= names"):
            http().verify = "/none.pem"

    def test_verify_and_cert(self):
        self.assertEqual((http()._verify, fast()._verify), (True, False))
        self.assertNotIn("verify", http().request("GET", "/", verify=True))
        self.assertIs(http().request("GET", "/", verify=False)["verify"], False)
        self.assertEqual(fast().request("GET", "/", verify=__file__)["verify"], __file__)
        self.assertEqual(http().request("GET", "/", cert=__file__)["cert"], (__file__, None))
        self.assertEqual(http().request("GET", "/", cert=(__file__, __file__))["cert"], (__file__, __file__))

    def test_proxies_for_the_host_go_first(self):
        for proxies, proxy in [
            ({"http": "http://p:1"}, "http://p:1"),
            ({"https": "http://p:1"}, None),
            ({"all": "p:2", "http://127.0.0.1": "http://p:3"}, "http://p:3"),
            ({"all": "p:2"}, "http://p:2"),
        ]:
            self.assertEqual(http().request("GET", "/", proxies=proxies).get("proxy"), proxy)
        client = http()
        client.proxies["http"] = "http://own:1"
        self.assertEqual(client.request("GET", "/")["proxy"], "http://own:1")

    def test_hooks_are_called_with_the_response(self):
        def one(response, **_): ...

        def two(response, **_): ...

        client = http()
        client.hooks["response"].append(one)
        self.assertEqual(len(client.request("GET", "/", hooks={"response": [two]})["then"]), 2)
        with self.assertRaisesRegex(ValueError, "'request'"):
            client.request("GET", "/", hooks={"request": one})


if __name__ == "__main__":
    unittest.main()
