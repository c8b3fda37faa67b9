#!/usr/bin/env bash
# Which statuses are failures depends on the class of a Locust user. HttpUser fails 400 to 599, as raise_for_status
# of Python's requests does: 299, 399, 600 and 999 are successes. FastHttpUser compares with a list of
# known codes and fails all four of these, 299 and 399 among them.
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
        self.send_response(int(self.path[1:]), "Status")
        self.send_header("Content-Length", "1")
        self.end_headers()
        self.wfile.write(b"x")
    def log_message(self, *_): pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer)
open("port", "w").write(str(server.server_port))
server.serve_forever()
PY
python3 server.py &
server=$!
for _ in $(seq 50); do [ -s port ] && break; sleep 0.1; done
cat > locustfile.py <<'PY'
from locust import FastHttpUser, HttpUser, events, task
HOST = f"http://127.0.0.1:{open('port').read()}"
failed = []
@events.request.add_listener
def note(name, exception, **_):
    if exception:
        failed.append(int(name[1:]))
def ask(self):
    for status in (200, 299, 399, 400, 599, 600, 999):
        self.client.get(f"/{status}")
    print(type(self).__name__, "fails", *failed)
    self.environment.runner.quit()
class Http(HttpUser):
    host, tasks = HOST, [ask]
class Fast(FastHttpUser):
    host, tasks = HOST, [ask]
PY
echo "locust $version"
for class in Http Fast; do
    timeout 60 venv/bin/locust --headless -u 1 -t 20s --only-summary "$class" 2>/dev/null | grep fails | tee -a seen || true
done
if [ "$(cat seen)" = "Http fails 400 599
Fast fails 299 399 400 599 600 999" ]; then echo "as described"; else echo "CHANGED"; exit 1; fi
