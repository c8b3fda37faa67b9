#!/usr/bin/env bash
# A browser's "copy as cURL" writes cookies as `-b 'name=value'`. uncurl, which turns such a line into a
# call of Python's requests, takes -b for --data-binary: the cookies become the body, and the GET becomes a
# POST. Of several -d, which curl joins by `&`, it keeps the last one.
set -euo pipefail
version=0.0.11
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check "uncurl==$version"
echo "uncurl $version"
venv/bin/python - <<'PY'
import sys, uncurl
cookies = uncurl.parse_context("curl 'http://127.0.0.1/' -b 'session=1; theme=dark'")
twice = uncurl.parse_context("curl 'http://127.0.0.1/' -d 'a=1' -d 'b=2'")
print("-b 'session=1; theme=dark':", cookies.method, "data", repr(cookies.data), "cookies", dict(cookies.cookies))
print("-d 'a=1' -d 'b=2':        ", twice.method, "data", repr(twice.data))
seen = (cookies.method == "post" and cookies.data == "session=1; theme=dark" and not cookies.cookies
        and twice.data == "b=2")
print("as described" if seen else "CHANGED")
sys.exit(not seen)
PY
