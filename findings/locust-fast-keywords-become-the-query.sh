#!/usr/bin/env bash
# FastHttpUser hands keywords that it does not know to geventhttpclient, which for a GET without `params` makes a query
# of them. So `client.get("/x", timeout=5, verify=False)`, which HttpUser takes as it is meant, asks the server for
# /x?timeout=5&verify=False, with no timeout at all. The row is still called /x, so no report shows it. A POST with the same
# keywords has no query.
set -euo pipefail
version=2.47.0 client_version=2.6.1
dir=$(mktemp -d)
trap 'kill "${server:-}" 2>/dev/null || true; rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check "locust==$version" "geventhttpclient==$client_version"
cat > server.py <<'PY'
import http.server
class Answer(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def answer(self):
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        print(self.command, self.path, file=open("asked", "a"))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()
    do_GET = do_POST = answer
    def log_message(self, *_): pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer)
open("port", "w").write(str(server.server_port))
server.serve_forever()
PY
python3 server.py &
server=$!
for _ in $(seq 50); do [ -s port ] && break; sleep 0.1; done
cat > locustfile.py <<'PY'
from locust import FastHttpUser, HttpUser
def ask(user):
    path = f"/{type(user).__name__}"
    user.client.get(path, timeout=5, verify=False)
    user.client.post(path, timeout=5, verify=False)
    user.stop()
class Slow(HttpUser):
    fixed_count, tasks = 1, [ask]
class Fast(FastHttpUser):
    fixed_count, tasks = 1, [ask]
PY
echo "locust $version, geventhttpclient $client_version"
HOME=$dir timeout 60 venv/bin/locust --headless -u 2 -r 2 -t 4s --only-summary --json -H "http://127.0.0.1:$(cat port)" >out 2>log || true
venv/bin/python -c 'import json
for row in json.load(open("out")): print("row:", row["method"], row["name"], row["num_requests"], "failures:", row["num_failures"])' | sort | tee rows
sort asked | sed 's/^/server: /' | tee seen
if grep -qx 'server: GET /Fast?timeout=5&verify=False' seen && grep -qx 'server: GET /Slow' seen && grep -qx 'server: POST /Fast' seen &&
   grep -qx 'row: GET /Fast 1 failures: 0' rows; then
    echo "as described"
else
    echo "CHANGED"; exit 1
fi
