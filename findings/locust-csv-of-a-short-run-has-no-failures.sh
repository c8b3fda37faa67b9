#!/usr/bin/env bash
# Locust writes its CSV files once a second and not at the end. What happens after the last time is not in them: of a run
# that ends itself within its first second there are neither rows, failures nor exceptions, while the exit code says that
# there were some.
set -euo pipefail
version=2.47.0
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check "locust==$version"
cat > locustfile.py <<'PY'
import gevent
from locust import User, task
class Short(User):
    @task
    def fail(self):
        gevent.sleep(0.3)
        self.environment.events.request.fire(request_type="JOB", name="failed", response_time=1, response_length=0,
                                             exception=ValueError("no good"))
        self.environment.runner.quit()
PY
code=0
HOME=$dir timeout 60 venv/bin/locust --headless -u 1 --csv out --json >out.json 2>/dev/null || code=$?
rows=$(grep -c failed out_stats.csv || true) failures=$(tail -n +2 out_failures.csv | wc -l)
told=$(venv/bin/python -c 'import json; print(json.load(open("out.json"))[0]["num_failures"])')
echo "locust $version"
echo "exit code $code; failures by --json: $told; rows in stats.csv: $rows; in failures.csv: $failures"
if [ "$code" = 1 ] && [ "$told" = 1 ] && [ "$rows" = 0 ] && [ "$failures" = 0 ]; then echo "as described"; else echo "CHANGED"; exit 1; fi
