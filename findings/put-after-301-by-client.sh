#!/usr/bin/env bash
# A PUT with a body that is answered by 301: requests (HttpUser) sends PUT again to the new place, without the body,
# and geventhttpclient (FastHttpUser) sends GET. curl -L sends the PUT with its body. RFC 9110, section 15.4.2, allows
# a change of method for POST only. After 302, requests changes PUT to GET, too.
set -euo pipefail
requests_version=2.34.2 geventhttpclient_version=2.6.1
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check "requests==$requests_version" "geventhttpclient==$geventhttpclient_version"
cat > put.py <<'PY'
import http.server, threading
seen = []
class Answer(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def answer(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        seen.append(f"{self.command} {self.path} {body!r}")
        self.send_response(int(self.path[1:]) if self.path != "/there" else 200)
        self.send_header("Location", "/there")
        self.send_header("Content-Length", "0")
        self.end_headers()
    do_GET = do_PUT = answer
    def log_message(self, *_): pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer)
threading.Thread(target=server.serve_forever, daemon=True).start()
host = f"http://127.0.0.1:{server.server_port}"
def last(ask):
    ask()
    return seen[-1]
import subprocess
import requests
from geventhttpclient.useragent import UserAgent
answers = [last(ask) for ask in (
    lambda: subprocess.run(["curl", "-sLT", "body", host + "/301"], check=True),
    lambda: requests.put(host + "/301", data="body", timeout=10),
    lambda: requests.put(host + "/302", data="body", timeout=10),
    lambda: UserAgent().urlopen(host + "/301", method="PUT", payload="body"),
)]
for who, answer in zip(("curl -L, 301", "requests, 301", "requests, 302", "geventhttpclient, 301"), answers):
    print(f"{who:22} PUT 'body', then {answer}")
as_described = answers == ["PUT /there 'body'", "PUT /there ''", "GET /there ''", "GET /there ''"]
print("as described" if as_described else "CHANGED")
raise SystemExit(not as_described)
PY
printf body > body
echo "requests $requests_version, geventhttpclient $geventhttpclient_version, $(curl --version | head -n 1 | cut -d' ' -f1,2)"
venv/bin/python put.py
