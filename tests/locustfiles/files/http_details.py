# run: -u 1 -t 5s
# counts: exact
"""The corners of a response: everything that files read from one."""
import json

from locust import HttpUser, constant, task
from requests.auth import HTTPBasicAuth
from requests.exceptions import ConnectionError, HTTPError, ReadTimeout, RequestException


class Curious(HttpUser):
    wait_time = constant(0)

    @task
    def look(self):
        client, note = self.client, lambda *words: print("note:", *words)
        answer = client.get("/products/1", headers={"X-Asked": "yes"})
        note("basics", answer.ok, answer.status_code, answer.reason, answer.url, answer.encoding, len(answer.content))
        note("headers", answer.headers.get("CONTENT-TYPE"), "x-none" in answer.headers, answer.headers.get("x-none", "-"))
        note("request", answer.request.method, answer.request.url, answer.request.headers["X-Asked"], answer.request.body)
        note("elapsed", 0 < answer.elapsed.total_seconds() < 5, answer.elapsed.microseconds > 0)
        note("json", answer.json(parse_int=float)["id"], json.loads(answer.text)["id"], bool(answer), answer.is_redirect)
        missing = client.get("/status/404")
        note("missing", missing.ok, missing.reason, bool(missing))
        try:
            missing.raise_for_status()
        except HTTPError as error:
            note("raised", type(error).__name__, error.response.status_code, error)
        note("latin1", client.get("/latin1").text, client.get("/latin1").encoding)
        forced = client.get("/latin1")
        forced.encoding = "cp437"
        note("forced", forced.text)
        try:
            client.get("/broken-json").json()
        except ValueError as error:
            note("broken", type(error).__name__, isinstance(error, RequestException), isinstance(error, json.JSONDecodeError))
        note("gzip", len(client.get("/gzip").content), client.get("/deflate").json()["text"][:7])
        self.streams(note)
        self.authorised(note)
        self.unreachable(note)
        self.stop()

    def streams(self, note):
        with self.client.get("/lines/5", stream=True, catch_response=True) as response:
            lines = [line.decode() for line in response.iter_lines()]
            if len(lines) != 5:
                response.failure("lines are missing")
        note("lines", lines)
        response = self.client.get("/lines/3", stream=True)
        note("chunks", b"".join(response.iter_content(4)))
        note("text lines", list(self.client.get("/lines/2", stream=True).iter_lines(decode_unicode=True)))

    def authorised(self, note):
        note("auth", self.client.get("/basic/ada/pw", auth=("ada", "pw")).json())
        note("auth object", self.client.get("/basic/ada/pw", auth=HTTPBasicAuth("ada", "pw")).status_code)
        note("no auth", self.client.get("/basic/ada/pw", name="/basic (none)").status_code)
        note("verify", self.client.get("/hello", verify=False, timeout=(3, 10), proxies={}, cert=None, hooks=None).status_code)

    def unreachable(self, note):
        slow = self.client.get("/slow/2000", timeout=0.2, name="/slow (0.2 s)")
        note("timeout", slow.status_code, slow.content, type(slow.error).__name__, isinstance(slow.error, ReadTimeout))
        closed = self.client.get("/close")
        note("closed", closed.status_code, repr(closed.text), isinstance(closed.error, ConnectionError))
        try:
            closed.raise_for_status()
        except RequestException as error:
            note("closed raises", isinstance(error, ConnectionError))
        with self.client.get("/close", name="/close (caught)", catch_response=True) as response:
            if response.status_code == 0:
                response.failure("nobody answers")
        with self.client.get("/close", name="/close (forgiven)", catch_response=True) as response:
            response.success()
        refused = self.client.get("http://127.0.0.1:9/x", name="refused")
        note("refused", refused.status_code, isinstance(refused.error, ConnectionError))
