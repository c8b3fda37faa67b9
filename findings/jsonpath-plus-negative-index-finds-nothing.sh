#!/usr/bin/env bash
# RFC 9535 (2.3.3) counts a negative index from the end: $.a[-1] is the last element. jsonpath-plus finds
# nothing there, and raises nothing either; the slice $.a[-1:] works. Its filters compare as JavaScript
# does, so that "20" > 5 holds, where the RFC (2.3.5.2.2) says that a string and a number do not compare.
# A check or a capture that is moved from one tool to another changes without a word.
set -euo pipefail
javascript_version=10.4.0 python_version=2.2.2
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check "python-jsonpath==$python_version"
npm install --silent --no-audit --no-fund "jsonpath-plus@$javascript_version" >/dev/null 2>&1
document='{"a": [{"id": 1, "p": 10}, {"id": 2, "p": "20"}, {"id": 3}]}'
javascript() { node -e '
const { JSONPath } = require("jsonpath-plus")
console.log(JSON.stringify(JSONPath({ path: process.argv[1], json: JSON.parse(process.argv[2]) })))' "$1" "$document"; }
python() { venv/bin/python -c '
import json, jsonpath, sys
print(json.dumps(jsonpath.findall(sys.argv[1], json.loads(sys.argv[2])), separators=(",", ":")))' "$1" "$document"; }
echo "jsonpath-plus $javascript_version (JavaScript), python-jsonpath $python_version"
found=""
for path in '$.a[-1].id' '$.a[-1:].id' '$.a[?(@.p > 5)].id'; do
    line="$(javascript "$path") $(python "$path")"
    echo "$path: $line"
    found+="$line;"
done
if [ "$found" = "[] [3];[3] [3];[1,2] [1];" ]; then echo "as described"; else echo "CHANGED"; exit 1; fi
