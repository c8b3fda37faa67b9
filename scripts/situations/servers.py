"""Servers for the runs, healthy and sick."""

import contextlib
import os
import re
import socket
import subprocess
import sys

from peers.running import Failed, Server, free_port

FLASK = """
import sys
from flask import Flask, jsonify
app = Flask(__name__)
app.add_url_rule("/", "home", lambda: jsonify(message="Welcome to the API!"))
app.add_url_rule("/users", "users", lambda: jsonify(users=["Alice", "Bob", "Charlie"]))
app.add_url_rule("/status", "status", lambda: jsonify(status="healthy"))
app.run(host="127.0.0.1", port=int(sys.argv[1]))
"""
HTTPS = """
import http.server, ssl, sys
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")
    def log_message(self, *_):
        pass
http.server.ThreadingHTTPServer.request_queue_size = 1000
server = http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[2])
server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
"""
# The time until a Python process listens on a busy machine.
PATIENCE = 30


@contextlib.contextmanager
def serve(binary, *flags, cores="1"):
    """gregaria's built-in server."""
    with Server(binary, cores, flags) as server:
        yield f"http://{server.address}"


@contextlib.contextmanager
def flask(python):
    """Flask's development server."""
    with script([python, "-c", FLASK]) as port:
        yield f"http://127.0.0.1:{port}"


@contextlib.contextmanager
def https(folder):
    """Python's HTTP server over TLS, with a certificate of the authority in `folder`."""
    with script([sys.executable, "-c", HTTPS], folder / "server.pem") as port:
        yield f"https://127.0.0.1:{port}"


@contextlib.contextmanager
def script(command, *more):
    """A program that listens on a given port."""
    port = free_port()
    process = subprocess.Popen([*command, str(port), *map(str, more)], stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
    try:
        await_listener(port, process)
        yield port
    finally:
        process.kill()
        process.wait()


def await_listener(port, process):
    for _ in range(10 * PATIENCE):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.1):
            return
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(0.1)
            raise Failed(f"{process.args[0]} ended with {process.returncode}")
    raise Failed(f"{process.args[0]} does not listen")


@contextlib.contextmanager
def deaf():
    """Accepts connections and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=1000) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


@contextlib.contextmanager
def full():
    """A listener whose accept queue stays full."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=1))
        address = listener.getsockname()
        with contextlib.suppress(OSError):
            while True:
                stack.enter_context(socket.create_connection(address, 0.2))
        yield f"http://127.0.0.1:{address[1]}"


def authority(folder):
    """Makes an authority, `ca.pem`, and a certificate of it for 127.0.0.1, `server.pem`."""
    def openssl(*arguments):
        done = subprocess.run(["openssl", *arguments], cwd=folder, capture_output=True, text=True)
        if done.returncode != 0:
            raise Failed(f"openssl {arguments[0]}: {done.stderr}")

    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    openssl("req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=authority")
    openssl("req", *key, "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=server")
    (folder / "extensions").write_text("subjectAltName = IP:127.0.0.1\n")
    openssl("x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key",
            "-out", "server.crt", "-extfile", "extensions")
    both = (folder / "server.key").read_text() + (folder / "server.crt").read_text()
    (folder / "server.pem").write_text(both)


def python_with_flask():
    """A Python that has Flask, or None: `FLASK_PYTHON`, else the one of this script."""
    for python in filter(None, (os.environ.get("FLASK_PYTHON"), sys.executable)):
        if subprocess.run([python, "-c", "import flask"], capture_output=True).returncode == 0:
            return python
    return None


def port_of(url):
    return int(re.search(r":(\d+)", url.partition("//")[2]).group(1))
