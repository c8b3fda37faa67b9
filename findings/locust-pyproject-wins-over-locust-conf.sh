#!/usr/bin/env bash
# Where both files are there, [tool.locust] of pyproject.toml wins over locust.conf. And a pyproject.toml is read whether
# it has anything for Locust or not, so that one with a mistake elsewhere in it keeps Locust from starting.
set -euo pipefail
version=2.47.0
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check "locust==$version"
cat > locustfile.py <<'PY'
from locust import User, constant, events, task
class A(User):
    wait_time = constant(1)
    @task
    def t(self): pass
@events.init.add_listener
def show(environment, **_): print("users:", environment.parsed_options.num_users)
PY
run() { HOME=$dir timeout 60 venv/bin/locust 2>&1 | grep -oE "users: .*|Couldn't parse TOML file" | head -n 1 || true; }
printf 'headless = true\nrun-time = 1s\nusers = 5\n' > locust.conf
alone=$(run)
printf '[tool.locust]\nusers = 3\n' > pyproject.toml
both=$(run)
printf '[tool.other]\nkey value\n' > pyproject.toml
broken=$(run)
echo "locust $version"
echo "locust.conf says 5:                     $alone"
echo "and pyproject.toml says 3:              $both"
echo "a mistake in another tool's table of it: $broken"
if [ "$alone|$both|$broken" = "users: 5|users: 3|Couldn't parse TOML file" ]; then echo "as described"; else echo "CHANGED"; exit 1; fi
