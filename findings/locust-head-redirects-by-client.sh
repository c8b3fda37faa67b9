#!/usr/bin/env bash
# One HEAD in Locust, three ways to write it, two outcomes: HttpUser's client.head() stays at the redirect, as
# Python's requests has it, client.request("HEAD", …) of the same user follows it, and so does client.head() of
# FastHttpUser. A locustfile that moves from one class to the other asks the server for other paths.
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
    def do_HEAD(self):
        moved = self.path != "/there"
        self.send_response(302 if moved else 200)
        if moved:
            self.send_header("Location", "/there")
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
from locust import FastHttpUser, HttpUser, task
HOST = f"http://127.0.0.1:{open('port').read()}"
class Slow(HttpUser):
    host = HOST
    @task
    def ask(self):
        print("HttpUser     client.head(path)           ", self.client.head("/a").status_code)
        print("HttpUser     client.request('HEAD', path)", self.client.request("HEAD", "/a").status_code)
        self.environment.runner.quit()
class Fast(FastHttpUser):
    host = HOST
    @task
    def ask(self):
        print("FastHttpUser client.head(path)           ", self.client.head("/a").status_code)
        self.environment.runner.quit()
PY
echo "locust $version"
for class in Slow Fast; do
    timeout 60 venv/bin/locust --headless -u 1 -t 20s --only-summary "$class" 2>/dev/null | grep HttpUser | tee -a seen
done
if [ "$(awk '{print $NF}' seen | tr '\n' ' ')" = "302 200 200 " ]; then echo "as described"; else echo "CHANGED"; exit 1; fi
