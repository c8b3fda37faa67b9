"""A server that speaks HTTP/1.0, as Python's http.server does: old_http.py LOG

Every response ends with its connection; /open says no length beforehand.
"""
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

log = open(sys.argv[1], "a", buffering=1)


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        log.write(f"{self.command} {self.path} 200\n")
        body = b"one page\n"
        self.send_response(200)
        if self.path != "/open":
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    # Python's own would make users wait who connect at once.
    request_queue_size = 128


server = Server(("127.0.0.1", 0), Handler)
print(f"http://127.0.0.1:{server.server_port} ", flush=True)
server.serve_forever()
