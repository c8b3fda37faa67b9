#!/usr/bin/env bash
# siege -c 2 -r 5 asks for ten requests. It also fetches what a page refers to (parser = true is the
# packaged setting) and follows redirects, and each of those is a transaction of its own in every
# figure: the rate, the mean response time and the availability are over a mix of pages, their
# images and redirects.
set -euo pipefail
version=4.0.7-1+b1
dir=$(mktemp -d)
trap 'kill "${server:-}" 2>/dev/null || true; rm -rf "$dir"' EXIT
cd "$dir"
apt-get download -q "siege=$version" >/dev/null 2>&1
dpkg -x siege_*.deb root
mkdir home

cat > server.py <<'PY'
"""/page refers to two files, /moved leads to /there, everything else is small."""
import http.server
class Answer(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        body = b'<html><body><img src="/a.png"><script src="/b.js"></script></body></html>' if self.path == "/page" else b"x"
        self.send_response(302 if self.path == "/moved" else 200)
        if self.path == "/moved":
            self.send_header("Location", "/there")
        self.send_header("Content-Type", "text/html" if self.path == "/page" else "text/plain")
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

for path in plain page moved; do
    HOME=$dir/home timeout 30 root/usr/bin/siege -R root/etc/siege/siegerc -b -c 2 -r 5 \
        "http://127.0.0.1:$(cat port)/$path" > "$path.json" 2>/dev/null
done
echo "siege $version, -c 2 -r 5: ten requests asked for"
python3 - <<'PY'
import json, sys
counts = {path: json.load(open(path + ".json"))["transactions"] for path in ("plain", "page", "moved")}
print("transactions:", counts)
seen = counts == {"plain": 10, "page": 30, "moved": 20}
print("as described" if seen else "CHANGED")
sys.exit(not seen)
PY
