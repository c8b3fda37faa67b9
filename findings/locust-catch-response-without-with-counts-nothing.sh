#!/usr/bin/env bash
# catch_response=True without a `with` block: the request is sent and answered, and leaves no sample, whatever the
# status, for both clients. Tables and exit code tell of a run without any request or failure.
set -euo pipefail
version=2.47.0
dir=$(mktemp -d)
trap 'kill "${server:-}" 2>/dev/null || true; rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check "locust==$version"
cat > server.py <<'PY'
import http.server
class Answer(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        print(self.path, file=open("asked", "a"))
        self.send_response(500)
        self.send_header("Content-Length", "0")
        self.end_headers()
    def log_message(self, *_): pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer)
open("port", "w").write(str(server.server_port))
server.serve_forever()
PY
python3 server.py &
server=$!
for _ in $(seq 50); do [ -s port ] && break; sleep 0.1; done
cat > locustfile.py <<'PY'
from locust import FastHttpUser, HttpUser, constant
def ask(user):
    response = user.client.get(f"/{type(user).__name__}", catch_response=True)
    if response.status_code != 500:
        response.failure("another status")
class Slow(HttpUser):
    fixed_count, wait_time, tasks = 1, constant(0.5), [ask]
class Fast(FastHttpUser):
    fixed_count, wait_time, tasks = 1, constant(0.5), [ask]
PY
echo "locust $version, a server that answers 500"
code=0
HOME=$dir timeout 60 venv/bin/locust --headless -u 2 -r 2 -t 3s --only-summary --json -H "http://127.0.0.1:$(cat port)" >out 2>/dev/null || code=$?
slow=$(grep -c Slow asked) fast=$(grep -c Fast asked)
rows=$(venv/bin/python -c 'import json; print(len(json.load(open("out"))))')
echo "requests that the server saw: $slow of HttpUser, $fast of FastHttpUser; rows: $rows; exit code: $code"
if [ "$slow" -gt 2 ] && [ "$fast" -gt 2 ] && [ "$rows" = 0 ] && [ "$code" = 0 ]; then echo "as described"; else echo "CHANGED"; exit 1; fi
