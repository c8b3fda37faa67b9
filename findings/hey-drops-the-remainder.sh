#!/usr/bin/env bash
# hey -n N -c C gives each of its C workers N / C requests, rounded down. What is left over is not
# sent, and nothing says so: of ten requests over three workers there are nine.
set -euo pipefail
version=0.1.4-2+b4
dir=$(mktemp -d)
trap 'kill "${server:-}" 2>/dev/null || true; rm -rf "$dir"' EXIT
cd "$dir"
apt-get download -q "hey=$version" >/dev/null 2>&1
dpkg -x hey_*.deb root
python3 -c '
import http.server
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler)
server.RequestHandlerClass.log_message = lambda *_: None
open("port", "w").write(str(server.server_port))
server.serve_forever()' &
server=$!
for _ in $(seq 50); do [ -s port ] && break; sleep 0.1; done

echo "hey $version"
changed=0
for case in "10 3 9" "10 4 8" "12 4 12"; do
    read -r requests workers expected <<< "$case"
    timeout 30 root/usr/bin/hey -n "$requests" -c "$workers" "http://127.0.0.1:$(cat port)/" > out
    sent=$(sed -n 's/.*\[200\]\s*\([0-9]*\) responses/\1/p' out)
    echo "-n $requests -c $workers: $sent responses"
    [ "$sent" = "$expected" ] || changed=1
done
[ $changed = 0 ] && echo "as described" || echo "CHANGED"
exit $changed
