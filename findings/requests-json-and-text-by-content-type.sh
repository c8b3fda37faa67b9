#!/usr/bin/env bash
# What Python's requests makes of the same bytes depends on the content type in ways one would not guess:
# * JSON behind a byte order mark is an error as application/json and fine as application/problem+json, because for
#   application/json a charset is assumed and the bytes are decoded with it first.
# * A short Latin-1 text without a content type is guessed to be Chinese: the body `caf\xe9` is two characters.
# A check of a body that holds for one server fails for another that sends the same bytes.
set -euo pipefail
requests_version=2.34.2 normalizer_version=3.5.3
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check "requests==$requests_version" "charset_normalizer==$normalizer_version"
echo "requests $requests_version, charset_normalizer $normalizer_version"
cat > read.py <<'PY'
import http.server, sys, threading
import requests
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        content_type, body = CASES[int(self.path[1:])]
        self.send_response(200)
        if content_type:
            self.send_header("Content-Type", content_type)
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_): pass
MARKED = b'\xef\xbb\xbf{"a": 1}'
CASES = [("application/json", MARKED), ("application/problem+json", MARKED), (None, b"caf\xe9"), ("text/plain", b"caf\xe9")]
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer)
threading.Thread(target=server.serve_forever, daemon=True).start()
def ask(number):
    response = requests.get(f"http://127.0.0.1:{server.server_port}/{number}", timeout=10)
    if number > 1:
        return response.text
    try:
        return str(response.json())
    except requests.exceptions.JSONDecodeError as error:
        return f"error: {error}"
answers = [ask(number) for number in range(4)]
for (content_type, body), answer in zip(CASES, answers):
    print(f"{content_type or 'no content type':25} {body!r:30} {ascii(answer)}")
seen = (answers[0].startswith("error: Unexpected UTF-8 BOM") and answers[1] == "{'a': 1}"
        and answers[3] == "caf\xe9" and len(answers[2]) == 2 and all("\u4e00" <= c <= "\u9fff" for c in answers[2]))
print("as described" if seen else "CHANGED")
sys.exit(not seen)
PY
venv/bin/python read.py
