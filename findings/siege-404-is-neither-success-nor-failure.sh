#!/usr/bin/env bash
# siege counts a 404 as a transaction that neither succeeded nor failed. A run in which every answer
# was 404 ends with 0 successful, 0 failed and an availability of 100 %. A 500 is a failure.
set -euo pipefail
version=4.0.7-1+b1
dir=$(mktemp -d)
trap 'kill "${server:-}" 2>/dev/null || true; rm -rf "$dir"' EXIT
cd "$dir"
apt-get download -q "siege=$version" >/dev/null 2>&1
dpkg -x siege_*.deb root
mkdir -p home empty
# The package's own settings; without a parser for pages, so that one request is one transaction.
sed 's/^parser = .*/parser = false/' root/etc/siege/siegerc > siegerc

(cd empty && exec python3 -c '
import http.server
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler)
server.RequestHandlerClass.log_message = lambda *_: None
open("../port", "w").write(str(server.server_port))
server.serve_forever()') &
server=$!
for _ in $(seq 50); do [ -s port ] && break; sleep 0.1; done

# GET of a file that does not exist: 404.
HOME=$dir/home timeout 30 root/usr/bin/siege -R siegerc -b -c 2 -r 5 "http://127.0.0.1:$(cat port)/none" > run.json 2>/dev/null
echo "siege $version, 10 requests, each answered with 404"
python3 - <<'PY'
import json, sys
run = json.load(open("run.json"))
keys = ("transactions", "availability", "successful_transactions", "failed_transactions")
print({key: run[key] for key in keys})
seen = [run[key] for key in keys] == [10, 100.0, 0, 0]
print("as described" if seen else "CHANGED")
sys.exit(not seen)
PY
