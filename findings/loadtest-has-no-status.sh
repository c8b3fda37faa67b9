#!/usr/bin/env bash
# The npm package loadtest reports errors by code (`errorCodes`, and lines such as `404:  10 errors`). With its HTTP
# client every bad status is counted under the code -1: the report cannot tell a missing page from a
# broken server, nor either from a refused connection.
set -euo pipefail
version=8.2.1
dir=$(mktemp -d)
trap 'kill "${server:-}" 2>/dev/null || true; rm -rf "$dir"' EXIT
cd "$dir"
npm install --silent --no-audit --no-fund "loadtest@$version" >/dev/null 2>&1
cat > server.js <<'JS'
const server = require('http').createServer((request, response) => {
  response.statusCode = Number(request.url.slice(1))
  response.end('x')
})
server.listen(0, '127.0.0.1', () => console.log(server.address().port))
JS
node server.js > port &
server=$!
for _ in $(seq 50); do [ -s port ] && break; sleep 0.1; done
echo "loadtest $version"
changed=0
for status in 404 500 503; do
    codes=$(timeout 30 node -e '
require("loadtest").loadTest({ url: process.argv[1], maxRequests: 4, concurrency: 2, quiet: true })
  .then(result => { console.log(JSON.stringify(result.errorCodes)); process.exit() })' "http://127.0.0.1:$(cat port)/$status")
    echo "4 answers with $status: errorCodes $codes"
    [ "$codes" = '{"-1":4}' ] || changed=1
done
[ $changed = 0 ] && echo "as described" || echo "CHANGED"
exit $changed
