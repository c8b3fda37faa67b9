#!/usr/bin/env bash
# A server ends a cookie by a date that has passed, and the usual one is the first second of 1970. HTTP has three forms of
# dates that every recipient must accept (RFC 9110, 5.6.7), and in that of RFC 850 the year is 70, which is 1970 in
# cookies (RFC 6265, 5.1.1). curl and Python's requests take it for 2070, and requests keeps a cookie whose date has the
# form of asctime as well: they go on sending it after the user has logged out. 71 is 1971 for curl; for requests, which
# takes the nearest century, it is 2071.
set -euo pipefail
version=2.34.2
dir=$(mktemp -d)
trap 'kill "${server:-}" 2>/dev/null || true; rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check "requests==$version"
cat > server.py <<'PY'
"""/in sets a cookie, /out/N ends it by a date in form N, / tells what came."""
import http.server
FORMS = ["Thu, 01 Jan 1970 00:00:00 GMT", "Thursday, 01-Jan-70 00:00:00 GMT", "Friday, 01-Jan-71 00:00:00 GMT",
         "Thu Jan  1 00:00:00 1970"]
class Answer(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        body = (self.headers.get("Cookie") or "none").encode()
        self.send_response(200)
        if self.path == "/in":
            self.send_header("Set-Cookie", "session=1; Path=/")
        elif self.path.startswith("/out/"):
            self.send_header("Set-Cookie", "session=; Path=/; Expires=" + FORMS[int(self.path[5:])])
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_): pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer)
open("port", "w").write(str(server.server_port))
server.serve_forever()
PY
python3 server.py &
server=$!
for _ in $(seq 50); do [ -s port ] && break; sleep 0.1; done
url="http://127.0.0.1:$(cat port)"
echo "$(curl --version | cut -d' ' -f1,2 | head -n 1), requests $version"
seen=""
for form in 0 1 2 3; do
    curl=$(curl -s -c jar$form -b jar$form "$url/in" -o /dev/null --next -s -c jar$form -b jar$form "$url/out/$form" -o /dev/null \
        --next -s -c jar$form -b jar$form "$url/")
    python=$(venv/bin/python -c '
import requests, sys
session = requests.Session()
print([session.get(sys.argv[1] + path, timeout=10).text for path in ("/in", "/out/" + sys.argv[2], "/")][-1])' "$url" "$form")
    date=$(grep -oE '"[A-Z][a-z]+,? [^"]*1[^"]*"' server.py | sed -n "$((form + 1))p")
    echo "$date: curl then sends ${curl:-none}, requests $python"
    seen+="$curl/$python "
done
if [ "$seen" = "none/none session=/session= none/session= none/session= " ]; then echo "as described"; else echo "CHANGED"; exit 1; fi
