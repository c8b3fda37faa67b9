#!/usr/bin/env bash
# min_wait and max_wait, of which most locustfiles from before 1.0 have some, are still attributes of User and TaskSet,
# and still read by code that is never reached: the default wait_time of User comes first. Users do not wait at all,
# and nothing says so. A file that made one request a second and user makes hundreds.
set -euo pipefail
version=2.47.0
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check "locust==$version"
cat > locustfile.py <<'PY'
from locust import TaskSet, User, task
class Browsing(TaskSet):
    min_wait = max_wait = 1000
    @task
    def look(self): print("a task of a set")
class Old(User):
    fixed_count = 1
    min_wait = max_wait = 1000
    @task
    def look(self): print("a task of a user")
class OldSet(User):
    fixed_count = 1
    tasks = [Browsing]
PY
HOME=$dir timeout 60 venv/bin/locust --headless -u 2 -r 2 -t 3s --only-summary >out 2>err
echo "locust $version, min_wait = max_wait = 1000 (ms), 3 s"
of_set=$(grep -c 'of a set' out) of_user=$(grep -c 'of a user' out) told=$(grep -ciE 'min_wait|max_wait|WARNING' err || true)
echo "tasks run: $of_user by a user, $of_set by a task set; lines of the log that say so: $told"
if [ "$of_user" -gt 100 ] && [ "$of_set" -gt 100 ] && [ "$told" = 0 ]; then echo "as described"; else echo "CHANGED"; exit 1; fi
