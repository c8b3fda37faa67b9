#!/usr/bin/env bash
# autocannon with a rate (-R) corrects its latencies for coordinated omission. The interval that it
# expects between two requests is ceil(1 / rate) ms where 1000 / rate ms is meant, so it is 1 ms for every
# rate. Each response is then recorded about once for each millisecond that it took: the histogram
# holds tens of times more samples than there were requests, and the median and mean that are
# printed are below the fastest response there was.
# A reader who wants true latencies passes --ignoreCoordinatedOmission.
set -euo pipefail
version=9.0.0
dir=$(mktemp -d)
trap 'kill "${server:-}" 2>/dev/null || true; rm -rf "$dir"' EXIT
cd "$dir"
npm install --silent --no-audit --no-fund "autocannon@$version" >/dev/null 2>&1

cat > server.js <<'JS'
// Answers each request after 50 ms, and never sooner.
const server = require('http').createServer((request, response) => setTimeout(() => response.end('ok'), 51))
server.listen(0, '127.0.0.1', () => console.log(server.address().port))
JS
node server.js > port &
server=$!
for _ in $(seq 50); do [ -s port ] && break; sleep 0.1; done

run() { node_modules/.bin/autocannon -d 3 -c 2 -R 20 -j "$@" "http://127.0.0.1:$(cat port)/" 2>/dev/null; }
run > corrected.json
run --ignoreCoordinatedOmission > plain.json

echo "autocannon $version, 20 requests per second for 3 s, every answer takes 50 ms or more"
python3 - <<'PY'
import json, sys
corrected, plain = (json.load(open(name + ".json")) for name in ("corrected", "plain"))
for title, run in (("as it is", corrected), ("--ignoreCoordinatedOmission", plain)):
    print(f"{title:28} responses {run['2xx']:3}, latency samples {run['latency']['totalCount']:5}, "
          f"median {run['latency']['p50']} ms, mean {run['latency']['mean']} ms")
seen = (corrected["latency"]["totalCount"] > 10 * corrected["2xx"] and corrected["latency"]["p50"] < 50
        and plain["latency"]["totalCount"] == plain["2xx"] and plain["latency"]["p50"] >= 50)
print("as described" if seen else "CHANGED")
sys.exit(not seen)
PY
