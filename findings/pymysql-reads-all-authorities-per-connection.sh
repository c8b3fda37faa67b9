#!/usr/bin/env bash
# PyMySQL connects by TLS where the server offers it, without being asked. For that it makes an ssl.SSLContext for every
# connection before it knows whether the server does, and a context reads all authorities of the system: some 20 ms of CPU
# time, which a client with many connections (a user each) pays for each of them. `ssl_disabled=True` makes none.
set -euo pipefail
version=1.2.4
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check "pymysql==$version"
cat > count.py <<'PY'
import ssl, pymysql
made = 0
load = ssl.SSLContext.load_default_certs
def counted(self, *arguments):
    global made
    made += 1
    return load(self, *arguments)
ssl.SSLContext.load_default_certs = counted
def contexts(**options):
    global made
    made = 0
    for _ in range(5):
        pymysql.connections.Connection(host="127.0.0.1", defer_connect=True, **options)
    return made
print("5 connections:", contexts(), "times the authorities were read")
print("5 connections with ssl_disabled:", contexts(ssl_disabled=True))
PY
echo "pymysql $version"
venv/bin/python count.py | tee seen
if [ "$(grep -o '[0-9]*' seen | paste -sd' ')" = "5 5 5 0" ]; then
    echo "as described"
else
    echo "CHANGED"; exit 1
fi
