#!/usr/bin/env bash
# In locust.conf a comment may follow a value: `users = 5 # at most` is 5. Behind a flag without a value it is the
# value: `headless # no page` stands for "# no page", and Locust refuses its own file.
# Behind `=` alone it is so as well: `csv = # none` sets the prefix "# none".
set -euo pipefail
locust_version=2.47.0 parser_version=1.9.0
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check "locust==$locust_version" "configargparse==$parser_version"
parsed=$(venv/bin/python -c '
import io, json
from configargparse import DefaultConfigFileParser
lines = "users = 5 # at most\nheadless # no page\ncsv = # none\n"
print(json.dumps(DefaultConfigFileParser().parse(io.StringIO(lines))))')
printf 'from locust import User, task\nclass A(User):\n    @task\n    def t(self): pass\n' > locustfile.py
printf 'headless # no page\n' > locust.conf
said=$(HOME=$dir timeout 60 venv/bin/locust -t 1s 2>&1 | grep -o "Unexpected value for headless: '# no page'" || true)
echo "configargparse $parser_version: $parsed"
echo "locust $locust_version: ${said:-accepted}"
if [ "$parsed" = '{"users": "5", "headless": "# no page", "csv": "# none"}' ] && [ -n "$said" ]; then
    echo "as described"
else
    echo "CHANGED"; exit 1
fi
