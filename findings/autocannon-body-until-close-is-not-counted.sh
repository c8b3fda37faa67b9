#!/usr/bin/env bash
# A response without Content-Length and without chunks ends where the connection ends (RFC 9112,
# section 6.3, rule 8): HTTP/1.0 servers and many small ones answer so. autocannon counts such a
# response nowhere: no 2xx, no error, no timeout, no reset, while the server has answered them all.
# The run looks as if the server had been idle.
set -euo pipefail
version=9.0.0
dir=$(mktemp -d)
trap 'kill "${server:-}" 2>/dev/null || true; rm -rf "$dir"' EXIT
cd "$dir"
npm install --silent --no-audit --no-fund "autocannon@$version" >/dev/null 2>&1

cat > server.py <<'PY'
"""Answers with a body that ends with the connection, and says at SIGTERM how many answers there were."""
import http.server, signal, sys
answers = 0
class Answer(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        global answers
        self.send_response(200)
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(b"hello")
        self.close_connection = True
        answers += 1
    def log_message(self, *_): pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer)
def end(*_):
    open("answers", "w").write(str(answers))
    sys.exit()
signal.signal(signal.SIGTERM, end)
open("port", "w").write(str(server.server_port))
server.serve_forever()
PY
python3 server.py &
server=$!
for _ in $(seq 50); do [ -s port ] && break; sleep 0.1; done
url="http://127.0.0.1:$(cat port)/"
echo "curl reads: $(curl -s "$url")"
timeout 30 node_modules/.bin/autocannon -a 10 -c 2 -j "$url" > run.json 2>/dev/null
kill "$server"; wait "$server" || true

echo "autocannon $version, 10 requests asked for"
python3 - <<'PY'
import json, sys
run = json.load(open("run.json"))
answered = int(open("answers").read()) - 1
counted = {key: run[key] for key in ("1xx", "2xx", "3xx", "4xx", "5xx", "errors", "timeouts", "resets", "mismatches")}
print(f"answered by the server: {answered}")
print(f"sent, as autocannon says: {run['requests']['sent']}; counted: {counted}")
seen = answered >= 10 and not any(counted.values())
print("as described" if seen else "CHANGED")
sys.exit(not seen)
PY
