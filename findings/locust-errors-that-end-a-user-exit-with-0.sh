#!/usr/bin/env bash
# Where an exception makes a Locust run fail depends on the method it comes from. In a task or in on_start it is a row and
# exit code 1. In on_stop, or as an InterruptTaskSet that no task set is there for, there is a traceback among the log lines,
# no row, and exit code 0.
set -euo pipefail
version=2.47.0
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check "locust==$version"
cat > locustfile.py <<'PY'
from locust import User, constant, task
from locust.exception import InterruptTaskSet
class Quiet(User):
    abstract = True
    wait_time = constant(0.2)
    @task
    def work(self): pass
class OnStart(Quiet):
    def on_start(self): raise ValueError("no good")
class InTask(Quiet):
    @task
    def fail(self): raise ValueError("no good")
class OnStop(Quiet):
    @task
    def leave(self): self.stop()
    def on_stop(self): raise ValueError("no good")
class Interrupted(Quiet):
    @task
    def fail(self): raise InterruptTaskSet()
PY
echo "locust $version"
for class in OnStart InTask OnStop Interrupted; do
    code=0
    HOME=$dir timeout 60 venv/bin/locust --headless -u 1 -t 4s --only-summary --csv "$class" "$class" >/dev/null 2>err || code=$?
    rows=$(grep -c 'no good\|Interrupt' "${class}_exceptions.csv" || true)
    echo "$class exit code $code, exceptions: $([ "$rows" = 0 ] && echo none || echo some), tracebacks: $(grep -q Traceback err && echo some || echo none)"
done | tee seen
if [ "$(awk '{print $4 $6 $8}' seen | paste -sd' ')" = "1,some,some 1,some,some 0,none,some 0,none,some" ]; then
    echo "as described"
else
    echo "CHANGED"; exit 1
fi
