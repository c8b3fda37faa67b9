#!/usr/bin/env bash
# Inside `with self.rest(...)` of FastHttpUser an exception that steers a user, such as RescheduleTask or StopUser, is taken
# for an error of the check: the request is counted as failed, the exception goes no further, and the task runs on behind the
# block. The same exception in a block of `client.get(..., catch_response=True)` ends the task.
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
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")
    def log_message(self, *_): pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer)
open("port", "w").write(str(server.server_port))
server.serve_forever()
PY
python3 server.py &
server=$!
for _ in $(seq 50); do [ -s port ] && break; sleep 0.1; done
cat > locustfile.py <<'PY'
from locust import FastHttpUser, task
from locust.exception import RescheduleTask, StopUser
class Checks(FastHttpUser):
    fixed_count = 1
    @task
    def by_rest(self):
        with self.rest("GET", "/rescheduled"):
            raise RescheduleTask()
        with self.rest("GET", "/stopped"):
            raise StopUser()
        print("note: still in the task")
        with self.client.get("/plain", catch_response=True):
            raise StopUser()
        print("note: never here")
PY
echo "locust $version"
HOME=$dir timeout 60 venv/bin/locust --headless -u 1 -t 3s --only-summary -H "http://127.0.0.1:$(cat port)" >out 2>log || true
grep '^note' out | sort | uniq -c | awk '{$1 = $1; print}' | tee notes
sed -n 's/^\([0-9]\+\) *\(GET [^:]*: [A-Za-z]*\).*/\1 failed: \2/p' log | tee failures
if [ "$(cat notes)" = "1 note: still in the task" ] && grep -qx '1 failed: GET /rescheduled: RescheduleTask' failures &&
   grep -qx '1 failed: GET /stopped: StopUser' failures && ! grep -q plain failures; then
    echo "as described"
else
    echo "CHANGED"; exit 1
fi
