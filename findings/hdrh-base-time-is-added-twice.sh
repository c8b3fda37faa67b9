#!/usr/bin/env bash
# HdrHistogram's Python package writes interval logs that its own reader, and that of the JavaScript
# package, place half a century late. Its writer has `output_base_time`, which writes the line that tells
# readers to add a base to each start, but there is no way to have the base taken off the starts
# that it writes: they stay absolute, and the reader adds the base to them. A tag of the histogram is
# not written, and `output_start_time` raises for every time there is (it takes the milliseconds for seconds).
# What works: no base line, starts in seconds passed by hand.
set -euo pipefail
version=0.10.8
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check "hdrhistogram==$version"
echo "hdrhistogram $version (Python)"
venv/bin/python - <<'PY'
import sys
from hdrh.histogram import HdrHistogram
from hdrh.log import HistogramLogReader, HistogramLogWriter

START = 1_700_000_000_123                                   # ms since 1970: 14 November 2023
histogram = HdrHistogram(1, 3_600_000_000, 3)
histogram.record_value(1_000)
histogram.set_start_time_stamp(START)
histogram.set_end_time_stamp(START + 1_000)
histogram.set_tag("users")

def read(write):
    with open("log", "w") as log:
        write(HistogramLogWriter(log))
    return HistogramLogReader("log", histogram).get_next_interval_histogram()

def with_base(writer):
    writer.output_base_time(1_700_000_000_000)
    writer.output_interval_histogram(histogram)

based = read(with_base)
absolute = read(lambda writer: writer.output_interval_histogram(histogram))
print(f"written: start {START}, tag {histogram.get_tag()!r}")
print(f"read with a base line:    start {based.get_start_time_stamp():.0f}, tag {based.get_tag()!r}")
print(f"read without a base line: start {absolute.get_start_time_stamp():.0f}, tag {absolute.get_tag()!r}")
try:
    read(lambda writer: writer.output_start_time(START))
    raised = None
except ValueError as error:
    raised = error
print(f"output_start_time raises: {raised}")
seen = (based.get_start_time_stamp() == START + 1_700_000_000_000 and absolute.get_start_time_stamp() == START
        and based.get_tag() is None and raised is not None)
print("as described" if seen else "CHANGED")
sys.exit(not seen)
PY
