"""A scripted server for the locustfiles beside this file: every answer follows from the request and from what came before it.

`python3 server.py --log FILE [--port PORT]` prints the port it listens on and appends one JSON line per request to FILE:
method, path with query, headers as they came, and the body. Only the standard library is needed.
"""

import argparse
import collections
import http.server
import json
import sys
import threading
import urllib.parse

from routes import ROUTES


class Books:
    """What the server remembers: by user, so that users who run at the same time cannot meet."""

    def __init__(self):
        self.lock = threading.Lock()
        self.carts = collections.defaultdict(list)
        self.items = collections.defaultdict(dict)
        self.messages = collections.defaultdict(list)
        self.uses = collections.Counter()
        self.asked = collections.Counter()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    books = Books()
    log_file = None
    disable_nagle_algorithm = True

    def log_message(self, *_):
        pass

    def answer(self, status, body=b"", content_type="text/html; charset=utf-8", headers=()):
        """Sends a whole response; a dict or list becomes JSON."""
        if isinstance(body, (dict, list)):
            body, content_type = json.dumps(body), "application/json"
        body = body.encode() if isinstance(body, str) else body
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        if content_type:
            self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def read_body(self):
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            parts = []
            while size := int(self.rfile.readline().split(b";")[0], 16):
                parts.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(parts)
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def handle_request(self):
        self.body = self.read_body()
        self.log()
        parsed = urllib.parse.urlsplit(self.path)
        self.query = urllib.parse.parse_qs(parsed.query, keep_blank_values=True)
        method = "GET" if self.command == "HEAD" else self.command
        for methods, pattern, function in ROUTES:
            match = pattern.fullmatch(parsed.path)
            if match and (method in methods or "*" in methods):
                return function(self, **{name: urllib.parse.unquote(text) for name, text in match.groupdict().items()})
        known = any(pattern.fullmatch(parsed.path) for _, pattern, _ in ROUTES)
        self.answer(405 if known else 404, {"error": "method not allowed" if known else "no such page"})

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = handle_request

    def log(self):
        body = self.body.decode(errors="backslashreplace")
        record = {"method": self.command, "path": self.path, "headers": self.headers.items(), "body": body}
        line = json.dumps(record) + "\n"
        with self.books.lock:
            self.log_file.write(line)
            self.log_file.flush()

    def json(self):
        return json.loads(self.body or b"{}")

    def form(self):
        return {name: values[-1] for name, values in urllib.parse.parse_qs(self.body.decode(), keep_blank_values=True).items()}

    def fields(self):
        """The fields of a JSON or a form body."""
        return self.json() if "json" in self.headers.get("Content-Type", "") else self.form()

    def cookies(self):
        pairs = [part.strip().partition("=") for part in self.headers.get("Cookie", "").split(";") if part.strip()]
        return {name: value for name, _, value in pairs}

    def token(self):
        scheme, _, token = self.headers.get("Authorization", "").partition(" ")
        return token if scheme == "Bearer" and token.startswith("token-") else None

    def user(self):
        """The name behind a token or a session cookie, or None."""
        token = self.token()
        if token:
            return token.split("-")[1]
        session = self.cookies().get("session", "")
        return session.removeprefix("s-") if session.startswith("s-") else None


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 512

    def handle_error(self, *_):
        """Clients that go away in the middle are part of every run."""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--log", required=True)
    parser.add_argument("--port", type=int, default=0)
    options = parser.parse_args()
    Handler.log_file = open(options.log, "a", encoding="utf-8")
    server = Server(("127.0.0.1", options.port), Handler)
    print(server.server_port, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    sys.exit(main())
