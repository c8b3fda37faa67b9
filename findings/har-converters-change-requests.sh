#!/usr/bin/env bash
# Two converters of HAR recordings write other requests than were recorded, and exit with 0:
# * har-to-k6 joins repeated form fields by a comma: a=1 and a=2 become one field, a=1%2C2. A body that
#   is given as text, not as fields, stays as it is.
# * har-to-k6 takes `${x}` in a recorded body for a variable of its own and refuses the whole recording: no file is
#   written, and the exit code is 0 all the same.
# * har2locust keeps the order of the file, not of startedDateTime: HAR says only that writers should sort, and
#   those that write an entry when its response has ended put a slow first request last.
# * har2locust writes repeated request headers as one dictionary, of which Python keeps the last.
set -euo pipefail
k6_version=0.14.16 locust_version=0.9.4
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check "har2locust==$locust_version" "ruff==0.14.0"
npm install --silent --no-audit --no-fund "har-to-k6@$k6_version" >/dev/null 2>&1

python3 - <<'PY'
import json
def entry(method, path, second, headers=(), body=None):
    request = {"method": method, "url": "http://app.test" + path, "httpVersion": "HTTP/1.1", "cookies": [],
               "headers": [{"name": name, "value": value} for name, value in headers], "queryString": [],
               "headersSize": -1, "bodySize": -1}
    if body:
        request["postData"] = body
    response = {"status": 200, "statusText": "OK", "httpVersion": "HTTP/1.1", "cookies": [], "headers": [],
                "content": {"size": 0, "mimeType": "text/html"}, "redirectURL": "", "headersSize": -1, "bodySize": -1}
    return {"startedDateTime": f"2026-01-01T00:00:0{second}.000Z", "time": 10, "request": request, "response": response,
            "cache": {}, "timings": {"send": 1, "wait": 8, "receive": 1}}
def write(name, *entries):
    log = {"version": "1.2", "creator": {"name": "by hand", "version": "1"}, "entries": list(entries)}
    json.dump({"log": log}, open(name, "w"))
form = {"mimeType": "application/x-www-form-urlencoded",
        "params": [{"name": "a", "value": "1"}, {"name": "a", "value": "2"}]}
write("recorded.har", entry("GET", "/second", 5), entry("GET", "/first", 1, [("X-Id", "1"), ("X-Id", "2")]),
      entry("POST", "/form", 6, [("Content-Type", form["mimeType"])], form))
text = {"mimeType": "text/plain", "text": "costs ${price}"}
write("template.har", entry("POST", "/text", 1, [("Content-Type", "text/plain")], text))
PY
PATH=$PWD/venv/bin:$PATH har2locust recorded.har > locustfile.py 2>/dev/null
node_modules/.bin/har-to-k6 recorded.har -o recorded.js >/dev/null
status=0
node_modules/.bin/har-to-k6 template.har -o template.js > refusal 2>&1 || status=$?
refused=$(grep -o 'undefined variable: price' refusal || true)
[ ! -e template.js ] || refused=""

fields=$(grep -o "a=1[^']*" recorded.js)
order=$(grep -oE '/(first|second)' locustfile.py | tr '\n' ' ')
kept=$(venv/bin/python -c '
import ast
tree = ast.parse(open("locustfile.py").read())
for node in ast.walk(tree):
    if isinstance(node, ast.Dict) and "X-Id" in [key.value for key in node.keys]:
        print(ast.literal_eval(node))')
echo "har-to-k6 $k6_version:  fields a=1, a=2 become $fields; a body with \${price}: $refused, exit code $status, no file"
echo "har2locust $locust_version: order $order(/first was first); X-Id: 1 and X-Id: 2 become $kept"
if [ "$fields" = "a=1%2C2" ] && [ "$order" = "/second /first " ] && [ "$kept" = "{'X-Id': '2'}" ] && [ -n "$refused" ] && [ $status = 0 ]; then
    echo "as described"
else
    echo "CHANGED"; exit 1
fi
