#!/usr/bin/env bash
# timeout=(connect, read) of requests: a TLS handshake that gets no answer ends after the connect limit and is called a
# read timeout; a body that stalls ends after the read limit and is no Timeout at all, but a ConnectionError. So
# `except Timeout` misses the second, and `except ConnectTimeout` the first.
set -euo pipefail
version=2.34.2
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check "requests==$version"
echo "requests $version"
cat > phases.py <<'PY'
import socket, threading, time, requests
def serve(answer):
    listener = socket.create_server(("127.0.0.1", 0))
    def each():
        while True:
            peer = listener.accept()[0]
            threading.Thread(target=answer, args=(peer,), daemon=True).start()
    threading.Thread(target=each, daemon=True).start()
    return listener.getsockname()[1]
def mute(peer):
    time.sleep(5)
def half(peer):
    peer.recv(4096)
    peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345")
    time.sleep(5)
def ask(url, timeout):
    begin = time.monotonic()
    try:
        requests.get(url, timeout=timeout, verify=False)
    except requests.RequestException as error:
        return type(error).__name__, isinstance(error, requests.Timeout), time.monotonic() - begin
seen = {
    "handshake, (0.3, 2)": ask(f"https://127.0.0.1:{serve(mute)}/", (0.3, 2)),
    "head, (2, 0.3)": ask(f"http://127.0.0.1:{serve(mute)}/", (2, 0.3)),
    "body, (2, 0.3)": ask(f"http://127.0.0.1:{serve(half)}/", (2, 0.3)),
}
for what, (name, is_timeout, took) in seen.items():
    print(f"{what}: {name}, {'a' if is_timeout else 'no'} Timeout, after {took:.1f} s")
kinds = [(name, is_timeout) for name, is_timeout, took in seen.values() if took < 1]
raise SystemExit(kinds != [("ReadTimeout", True), ("ReadTimeout", True), ("ConnectionError", False)])
PY
if venv/bin/python -W ignore phases.py; then echo "as described"; else echo "CHANGED"; exit 1; fi
