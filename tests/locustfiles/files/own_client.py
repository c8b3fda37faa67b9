# run: -u 2 -r 2 -t 3s
# counts: exact
"""A client of the file's own: HTTP by hand over a socket, every call counted by events.request.fire."""
import socket
import time
from urllib.parse import urlsplit

from locust import User, constant, task
from locust.exception import LocustError


class ProtocolError(LocustError):
    pass


class LineClient:
    def __init__(self, host, event, user):
        self.address = (urlsplit(host).hostname, urlsplit(host).port)
        self.event, self.user = event, user

    def ask(self, path, expected=b"200"):
        meta = {
            "request_type": "LINE",
            "name": path,
            "start_time": time.time(),
            "response_length": 0,
            "response": None,
            "context": self.user.context(),
            "exception": None,
        }
        begun = time.perf_counter()
        try:
            with socket.create_connection(self.address, timeout=5) as connection:
                connection.sendall(f"GET {path} HTTP/1.1\r\nHost: line\r\nConnection: close\r\n\r\n".encode())
                answer = b""
                while part := connection.recv(4096):
                    answer += part
            meta["response"] = answer
            meta["response_length"] = len(answer.partition(b"\r\n\r\n")[2])
            if expected not in answer.split(b"\r\n")[0]:
                raise ProtocolError(answer.split(b"\r\n")[0].decode())
        except Exception as error:
            meta["exception"] = error
        meta["response_time"] = (time.perf_counter() - begun) * 1000
        self.event.fire(**meta)
        return meta["response"]


class LineUser(User):
    abstract = True

    def __init__(self, environment):
        super().__init__(environment)
        self.client = LineClient(self.host, environment.events.request, self)

    def context(self):
        return {"line": 1}


class Caller(LineUser):
    wait_time = constant(0.01)
    calls = 0

    @task
    def call(self):
        self.client.ask("/hello")
        self.client.ask("/status/503")
        self.client.ask("/status/404", expected=b"404")
        self.calls += 1
        if self.calls == 5:
            self.stop()
