#!/usr/bin/env bash
# The column Interval_Max of HdrHistogram's interval log is the maximum divided by a ratio, which no
# line of the log tells. The Python package divides by 1,000,000 by default and rounds down to a
# whole number; the JavaScript package divides by 1,000 and keeps three digits. The
# same histogram, whose maximum is 0.25 s in microseconds, has the maxima 0 and 250 in the two logs.
# The compressed histogram is the only figure to trust: both readers take the maximum from there.
set -euo pipefail
python_version=0.10.8 javascript_version=3.0.1
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check "hdrhistogram==$python_version"
npm install --silent --no-audit --no-fund "hdr-histogram-js@$javascript_version" >/dev/null 2>&1
echo "hdrhistogram $python_version (Python), hdr-histogram-js $javascript_version"

venv/bin/python - <<'PY'
from hdrh.histogram import HdrHistogram
from hdrh.log import HistogramLogWriter
histogram = HdrHistogram(1, 3_600_000_000, 3)
histogram.record_value(250_000)
with open("python.hlog", "w") as log:
    HistogramLogWriter(log).output_interval_histogram(histogram, 1, 2)
PY
node - <<'JS'
const hdr = require('hdr-histogram-js')
const shape = { lowestDiscernibleValue: 1, highestTrackableValue: 3600000000, numberOfSignificantValueDigits: 3 }
const histogram = hdr.build(shape)
histogram.recordValue(250000)
let log = ''
new hdr.HistogramLogWriter(text => { log += text }).outputIntervalHistogram(histogram, 1, 2)
require('fs').writeFileSync('javascript.hlog', log)
JS
cut -d, -f1-3 python.hlog | sed 's/^/Python:     /'
cut -d, -f1-3 javascript.hlog | sed 's/^/JavaScript: /'
read_back=$(venv/bin/python - <<'PY'
from hdrh.histogram import HdrHistogram
from hdrh.log import HistogramLogReader
shape = HdrHistogram(1, 3_600_000_000, 3)
print([HistogramLogReader(name, shape).get_next_interval_histogram().get_total_count() for name in ("python.hlog", "javascript.hlog")])
PY
)
echo "samples that Python's reader finds in the two: $read_back"
if [ "$(cut -d, -f3 python.hlog)" = 0.000000 ] && [ "$(cut -d, -f3 javascript.hlog)" = 250.000 ] && [ "$read_back" = "[1, 1]" ]; then
    echo "as described"
else
    echo "CHANGED"; exit 1
fi
