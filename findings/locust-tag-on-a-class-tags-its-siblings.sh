#!/usr/bin/env bash
# @tag on a class of users tags the functions that are its tasks, and those of a base class are the same functions in all
# that inherit them. So one tagged class changes what `--tags` chooses in its siblings: tasks without any tag run there.
set -euo pipefail
version=2.47.0
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check "locust==$version"
cat > locustfile.py <<'PY'
import os
from locust import User, constant, tag, task
class Base(User):
    abstract = True
    wait_time = constant(0.01)
    @tag("read")
    @task
    def tagged(self): print("Reader runs", "tagged")
    @task
    def untagged(self): print("Reader runs", "untagged")
class Reader(Base): pass
class Crawler(Base): weight = 0
if os.getenv("TAG"):
    Crawler = tag("read")(Crawler)
PY
ran() { TAG=$1 HOME=$dir timeout 60 venv/bin/locust --headless -u 1 -t 2s --tags read --only-summary 2>/dev/null | grep '^Reader runs' | sort -u | awk '{print $3}' | paste -sd, ; }
without=$(ran "")
with=$(ran 1)
echo "locust $version, --tags read"
echo "tasks of Reader that ran:                      $without"
echo "the same with @tag(\"read\") on its sibling:     $with"
if [ "$without" = tagged ] && [ "$with" = tagged,untagged ]; then echo "as described"; else echo "CHANGED"; exit 1; fi
