"""Servers for packages.py: package_servers.py LOG. HTTP on the port that it prints; Redis and WebSocket on the next two.

Each answers what the clients need: Redis keeps texts, the WebSocket says everything back.
"""
import base64
import hashlib
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import StreamRequestHandler, ThreadingTCPServer

log = open(sys.argv[1], "a", buffering=1)


class Http(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self):
        log.write(f"{self.command} {self.path} 200\n")
        body = b'{"items": [1, 2, 3]}'
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Redis(StreamRequestHandler):
    """RESP2: a command is an array of texts."""

    kept = {}

    def words(self):
        head = self.rfile.readline()
        for _ in range(int(head[1:] or 0)):
            length = int(self.rfile.readline()[1:])
            yield self.rfile.read(length + 2)[:-2]

    def handle(self):
        while words := list(self.words()):
            self.wfile.write(self.answer(words[0].upper(), words[1:]))

    def answer(self, name, words):
        if name == b"SET":
            self.kept[words[0]] = words[1]
        if name == b"GET":
            value = self.kept.get(words[0])
            return b"$-1\r\n" if value is None else b"$%d\r\n%s\r\n" % (len(value), value)
        return b"+OK\r\n" if name in (b"SET", b"CLIENT", b"SELECT") else b"-ERR unknown command\r\n"


class WebSocket(StreamRequestHandler):
    """RFC 6455, short texts only."""

    def handle(self):
        key = b""
        while (line := self.rfile.readline().strip()):
            if line.lower().startswith(b"sec-websocket-key:"):
                key = line.split(b":", 1)[1].strip()
        accept = base64.b64encode(hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())
        self.wfile.write(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                         b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n")
        while len(head := self.rfile.read(2)) == 2:
            mask, masked = self.rfile.read(4), self.rfile.read(head[1] & 0x7F)
            text = bytes(byte ^ mask[at % 4] for at, byte in enumerate(masked))
            self.wfile.write(bytes([head[0], len(text)]) + text)


def started():
    """Starts them on three ports in a row."""
    ThreadingTCPServer.daemon_threads = ThreadingTCPServer.allow_reuse_address = True
    ThreadingTCPServer.request_queue_size = ThreadingHTTPServer.request_queue_size = 128
    while True:
        servers = [ThreadingHTTPServer(("127.0.0.1", 0), Http)]
        port = servers[0].server_port
        try:
            servers.append(ThreadingTCPServer(("127.0.0.1", port + 1), Redis))
            servers.append(ThreadingTCPServer(("127.0.0.1", port + 2), WebSocket))
            return servers
        except OSError:
            for server in servers:
                server.server_close()


servers = started()
for server in servers[1:]:
    threading.Thread(target=server.serve_forever, daemon=True).start()
print(f"http://127.0.0.1:{servers[0].server_port} ", flush=True)
servers[0].serve_forever()
