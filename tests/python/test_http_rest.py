"""`rest()` and `rest_()`: their requests and their failures, as under Locust 2.47."""

import unittest

import http_fake  # noqa: F401, the engine's place

from locust import FastHttpUser, HttpUser
from locust._http.response import FastResponse, Response
from locust._http.rest import RestMixin
from locust.env import Environment
from locust.exception import StopTest, StopUser

BODY = b'{"method": "GET", "n": 1}'


class User(RestMixin):
    """A user whose client answers with one response."""

    def __init__(self, response):
        self.client, self.response = self, response

    def request(self, method, url, **given):
        self.asked = (method, url, given)
        return self.response


class Rest(unittest.TestCase):
    def failure(self, block, make=Response, **given):
        """Runs a block with the response of a `rest()`, and returns its failure."""
        response = make(**{"content": BODY, **given})
        with User(response).rest("GET", "/x") as asked:
            block(asked)
        return response._failure

    def test_it_asks_for_json_and_parses_it(self):
        user = User(Response(content=BODY))
        with user.rest("POST", "/x", headers={"X": "1", "Accept": "b"}, json={}) as response:
            self.assertEqual(response.js, {"method": "GET", "n": 1})
        method, url, given = user.asked
        self.assertEqual((method, url, given["json"], given["catch_response"]), ("POST", "/x", {}, True))
        self.assertEqual(given["headers"], {"Content-Type": "application/json", "Accept": "b", "X": "1"})
        self.assertIsNone(user.response._failure)

    def test_a_body_that_is_no_json_is_a_failure(self):
        text = "Could not parse response as JSON. no, response code 200, error Expecting value: line 1 column 1 (char 0)"
        for make in Response, FastResponse:
            self.assertEqual(self.failure(lambda response: None, make, content=b"no"), text)

    def test_no_body_is_none(self):
        def block(response):
            self.assertIsNone(response.js)

        for make in Response, FastResponse:
            self.assertIsNone(self.failure(block, make, content=b""))
            text = self.failure(block, make, status=0, content=None, error=OSError("nobody"))
            self.assertEqual(text, "nobody")

    def test_assertions_are_failures(self):
        def check(*message):
            def block(response):
                raise AssertionError(*message)

            return self.failure(block)

        self.assertEqual(check(), "Assertion failed")
        self.assertEqual(check("msg"), "msg")
        self.assertEqual(check("msg,"), 'msg, response was {"method": "GET", "n": 1}')

    def test_other_exceptions_name_their_place_in_the_file(self):
        failure = self.failure(lambda response: response.js["nope"])
        self.assertRegex(
            failure,
            r"^KeyError: 'nope' at .*test_http_rest\.py:\d+ in failure, .*test_http_rest\.py:\d+ in <lambda>\. "
            r'Response was \{"method"',
        )

    def test_the_file_may_judge_by_itself(self):
        self.assertEqual(self.failure(lambda response: response.failure("own")), "own")

    def test_what_ends_the_user_goes_on(self):
        def block(response):
            raise StopUser

        with self.assertRaises(StopUser):
            self.failure(block)

    def test_rest_with_the_time(self):
        for url, asked, name in [
            ("/x", r"/x\?_=\d{13}$", "/x?_=..."),
            ("/x?a=1", r"/x\?a=1&_=\d{13}$", "/x?a=1&_=..."),
        ]:
            user = User(Response(content=BODY))
            with user.rest_("GET", url):
                pass
            self.assertRegex(user.asked[1], asked)
            self.assertEqual(user.asked[2]["name"], name)
            with user.rest_("GET", url, name="own"):
                pass
            self.assertEqual(user.asked[2]["name"], "own")


class Users(unittest.TestCase):
    def test_users_have_clients_with_their_settings(self):
        class Fast(FastHttpUser):
            host, insecure, max_redirects = "http://h", False, 5
            default_headers = {"X": "1"}
            proxy_host, proxy_port = "p", 8080

        class Http(HttpUser):
            host = "http://h"

        environment = Environment()
        fast, http = Fast(environment).client, Http(environment).client
        self.assertEqual((fast._verify, fast.max_redirects, fast._flavour), (True, 5, 1))
        self.assertEqual(dict(fast._headers)["X"], "1")
        self.assertEqual(fast.request("GET", "/")["proxy"], "http://p:8080")
        self.assertEqual((http._verify, http.max_redirects, http._flavour), (True, 30, 0))
        self.assertIs(http.request_event, environment.events.request)
        self.assertTrue(hasattr(Http, "rest_"))

    def test_a_user_without_a_host_says_so(self):
        class Nowhere(FastHttpUser):
            pass

        with self.assertRaisesRegex(StopTest, "Nowhere has no host"):
            Nowhere(Environment())

    def test_lines_of_a_fast_client(self):
        class Fast(FastHttpUser):
            host = "http://h"

        client = Fast(Environment()).client
        client.request = User(FastResponse(content=b"a\nb")).request
        self.assertEqual(list(client.iter_lines("/x")), ["a", "b"])


if __name__ == "__main__":
    unittest.main()
