#!/usr/bin/env bash
# A server may send interim responses (1xx) before the final one, and a client must be able to read past any of
# them (RFC 9110, 15.2); 103 Early Hints is one that servers really send. Python's http.client skips 100 only, so
# requests, and Locust's HttpUser with it, return the 103 as the response: no body, and a success. The
# final response, here a 500, is never read. curl reads on.
set -euo pipefail
version=2.34.2
dir=$(mktemp -d)
trap 'kill "${server:-}" 2>/dev/null || true; rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check "requests==$version"
cat > server.py <<'PY'
import http.server
class Answer(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        self.wfile.write(b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload; as=style\r\n\r\n")
        self.send_response(500)
        self.send_header("Content-Length", "4")
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(b"oops")
    def log_message(self, *_): pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer)
open("port", "w").write(str(server.server_port))
server.serve_forever()
PY
python3 server.py 2>/dev/null &
server=$!
for _ in $(seq 50); do [ -s port ] && break; sleep 0.1; done
url="http://127.0.0.1:$(cat port)/"
python=$(venv/bin/python -c '
import requests, sys
response = requests.get(sys.argv[1], timeout=10)
print(response.status_code, repr(response.text), "ok" if response.ok else "failed")' "$url")
curl=$(curl -s -o body -w '%{http_code}' "$url")
echo "requests $version on Python $(venv/bin/python -c 'import platform; print(platform.python_version())'): $python"
echo "$(curl --version | cut -d' ' -f1,2 | head -n 1): $curl, $(cat body)"
if [ "$python" = "103 '' ok" ] && [ "$curl" = 500 ]; then echo "as described"; else echo "CHANGED"; exit 1; fi
