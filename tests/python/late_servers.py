"""Servers of four protocols in native threads, each of which answers late: enough for a client to talk to."""

import base64
import hashlib
import http.server
import socketserver
import struct
import threading
import time

#: How late every answer is.
LATE = 0.05

#: The answers that are waited for at the moment, and how many they were each time that one began.
_waited_for = []
at_a_time = []


def be_late():
    _waited_for.append(1)
    at_a_time.append(len(_waited_for))
    time.sleep(LATE)
    _waited_for.pop()


class Http(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        be_late()
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *args):
        pass


class Redis(socketserver.StreamRequestHandler):
    """Answers GET late with `value`, PING, and everything else with OK."""

    def handle(self):
        while line := self.rfile.readline():
            words = []
            for _ in range(int(line[1:])):
                length = int(self.rfile.readline()[1:])
                words.append(self.rfile.read(length + 2)[:-2].upper())
            if words[0] == b"GET":
                be_late()
                self.wfile.write(b"$5\r\nvalue\r\n")
            elif words[0] == b"HELLO":
                self.wfile.write(b"-ERR unknown command\r\n")
            else:
                self.wfile.write(b"+OK\r\n")


class WebSocket(socketserver.StreamRequestHandler):
    """Sends each text back, late."""

    def handle(self):
        key = b""
        while (line := self.rfile.readline().strip()) != b"":
            name, _, value = line.partition(b": ")
            if name.lower() == b"sec-websocket-key":
                key = value
        digest = hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()
        self.wfile.write(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + base64.b64encode(digest) + b"\r\n\r\n"
        )
        while head := self.rfile.read(2):
            mask = self.rfile.read(4)
            data = self.rfile.read(head[1] & 0x7F)
            if head[0] & 0xF == 8:
                return
            be_late()
            text = bytes(byte ^ mask[n % 4] for n, byte in enumerate(data))
            self.wfile.write(bytes([0x81, len(text)]) + text)


class MySql(socketserver.StreamRequestHandler):
    """Lets anybody in, and answers every SELECT late with the one row 7."""

    def handle(self):
        greeting = b"\x0a8.0.0\0" + struct.pack("<I", 1) + b"12345678\0"
        # Long passwords, protocol 4.1, transactions, secure connection, plugins.
        flags = 0x1 | 0x8 | 0x200 | 0x2000 | 0x8000 | 0x80000
        greeting += struct.pack("<HBHHB", flags & 0xFFFF, 45, 2, flags >> 16, 21) + bytes(10)
        greeting += b"123456789012\0mysql_native_password\0"
        self.send(0, greeting)
        self.receive()
        ok = b"\0\0\0\x02\0\0\0"
        self.send(2, ok)
        while (command := self.receive()) and command[0] != 1:
            if command[1:].upper().startswith(b"SELECT"):
                be_late()
                column = b"\x03def" + b"\0" * 3 + b"\x01n\0\x0c" + struct.pack("<HIBHB", 45, 11, 3, 0, 0)
                end = b"\xfe\0\0\x02\0"
                for number, packet in enumerate((b"\x01", column + b"\0\0", end, b"\x017", end), 1):
                    self.send(number, packet)
            else:
                self.send(1, ok)

    def send(self, number, packet):
        self.wfile.write(struct.pack("<I", len(packet))[:3] + bytes([number]) + packet)

    def receive(self):
        head = self.rfile.read(4)
        return self.rfile.read(int.from_bytes(head[:3], "little")) if head else b""


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 100


def start(handler, port=0):
    """Starts a server. Returns its port."""
    server = Server(("127.0.0.1", port), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_address[1]
