#!/usr/bin/env bash
# A t-digest is used for latencies because it is exact at the ends. In the middle it interpolates between
# neighbours even where it still holds every sample: of 5, 5, 5, 5 and 100 ms, the packages for
# Python and JavaScript both give 24 as the median. So the percentiles of short runs are of values that
# nobody measured, and far from any of them.
set -euo pipefail
python_version=0.5.2.2 javascript_version=0.1.3
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check "tdigest==$python_version"
npm install --silent --no-audit --no-fund "tdigest@$javascript_version" >/dev/null 2>&1
python=$(venv/bin/python -c '
from tdigest import TDigest
digest = TDigest()
for value in (5, 5, 5, 5, 100): digest.update(value)
print([round(digest.percentile(p)) for p in (0, 50, 80, 100)])')
javascript=$(node -e '
const digest = new (require("tdigest").TDigest)();
[5, 5, 5, 5, 100].forEach(value => digest.push(value));
digest.compress();
console.log(JSON.stringify([0, 0.5, 0.8, 1].map(p => Math.round(digest.percentile(p)))).replaceAll(",", ", "))')
echo "p0, p50, p80, p100 of 5, 5, 5, 5, 100"
echo "tdigest $python_version (Python):     $python"
echo "tdigest $javascript_version (JavaScript): $javascript"
if [ "$python" = "[5, 24, 81, 100]" ] && [ "$javascript" = "[5, 24, 81, 100]" ]; then echo "as described"; else echo "CHANGED"; exit 1; fi
