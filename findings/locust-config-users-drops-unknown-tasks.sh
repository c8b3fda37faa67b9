#!/usr/bin/env bash
# --config-users chooses tasks of a class by their names. A name that no task has is dropped without a word,
# and the class may be left with none: users are started, each logs an error again and again, and
# the run ends with no request at all.
set -euo pipefail
version=2.47.0
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check "locust==$version"
printf 'from locust import User, task\nclass A(User):\n    @task\n    def browse(self): pass\n' > locustfile.py
ratios() { HOME=$dir timeout 60 venv/bin/locust --show-task-ratio-json --config-users "{\"user_class_name\": \"A\", \"tasks\": [\"$1\"]}" 2>said |
    venv/bin/python -c 'import json, sys; text = sys.stdin.read(); print(json.dumps(json.loads(text[text.index("{"):])["total"]["A"]))'; }
known=$(ratios browse)
unknown=$(ratios browze)
warned=$(grep -c browze said || true)
echo "locust $version"
echo "tasks [\"browse\"]: $known"
echo "tasks [\"browze\"]: $unknown, lines that name it: $warned"
if [ "$known" = '{"ratio": 1.0, "tasks": {"browse": {"ratio": 1.0}}}' ] && [ "$unknown" = '{"ratio": 1.0, "tasks": {}}' ] && [ "$warned" = 0 ]; then
    echo "as described"
else
    echo "CHANGED"; exit 1
fi
