#!/usr/bin/env bash
# A server that closes the connection in place of an answer: geventhttpclient takes it for a kept connection that has
# died, and asks again on another, on fresh connections too, as often as its pool has places, and twice more. So one
# GET of Locust's FastHttpUser with one failed row is twelve requests for the server, of HttpUser it is one.
set -euo pipefail
version=2.47.0 client_version=2.6.1
dir=$(mktemp -d)
trap 'kill "${server:-}" 2>/dev/null || true; rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check "locust==$version" "geventhttpclient==$client_version"
cat > server.py <<'PY'
import http.server, socket
class Answer(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def close(self):
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        print(self.command, self.path, file=open("asked", "a"))
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)
    do_GET = do_PUT = do_POST = close
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
    user.client.get(path)
    user.client.put(path, data="x")
    user.client.post(path, data="x")
    user.stop()
class Slow(HttpUser):
    fixed_count, tasks = 1, [ask]
class Fast(FastHttpUser):
    fixed_count, tasks = 1, [ask]
PY
echo "locust $version, geventhttpclient $client_version"
HOME=$dir timeout 60 venv/bin/locust --headless -u 2 -r 2 -t 4s --only-summary --json -H "http://127.0.0.1:$(cat port)" >out 2>/dev/null || true
venv/bin/python -c 'import json
for row in json.load(open("out")): print(row["method"], row["name"], "requests:", row["num_requests"], "failures:", row["num_failures"])' | sort | tee rows
sort asked | uniq -c | awk '{print $2, $3, "seen by the server:", $1}' | tee seen
if [ "$(awk '{print $NF}' seen | paste -sd' ')" = "12 1 1 1 12 1" ] && [ "$(grep -c 'requests: 1 failures: 1' rows)" = 6 ]; then
    echo "as described"
else
    echo "CHANGED"; exit 1
fi
