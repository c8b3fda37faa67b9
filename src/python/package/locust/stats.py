"""The statistics of the run, read from the command that keeps them."""

import hashlib
import json
import time

import _gregaria

from ._missing import answer, no_attribute, refusing

# The settings that files change. The engine reads them after the file is loaded.
STATS_NAME_WIDTH = 80
STATS_TYPE_WIDTH = 8
STATS_AUTORESIZE = True
CSV_STATS_INTERVAL_SEC = 1
CSV_STATS_FLUSH_INTERVAL_SEC = 5
CONSOLE_STATS_INTERVAL_SEC = 2
HISTORY_STATS_INTERVAL_SEC = 5
CURRENT_RESPONSE_TIME_PERCENTILE_WINDOW = 10
PERCENTILES_TO_REPORT = [0.50, 0.66, 0.75, 0.80, 0.90, 0.95, 0.98, 0.99, 0.999, 0.9999, 1.0]
PERCENTILES_TO_STATISTICS = [0.95, 0.99]
PERCENTILES_TO_CHART = [0.5, 0.95]

_SETTINGS = (
    "STATS_NAME_WIDTH",
    "STATS_TYPE_WIDTH",
    "STATS_AUTORESIZE",
    "CSV_STATS_INTERVAL_SEC",
    "CSV_STATS_FLUSH_INTERVAL_SEC",
    "CONSOLE_STATS_INTERVAL_SEC",
    "HISTORY_STATS_INTERVAL_SEC",
    "CURRENT_RESPONSE_TIME_PERCENTILE_WINDOW",
    "PERCENTILES_TO_REPORT",
    "PERCENTILES_TO_STATISTICS",
    "PERCENTILES_TO_CHART",
)
_DEFAULTS = {name: json.dumps(globals()[name]) for name in _SETTINGS}

# How long a snapshot serves: a file that reads ten attributes asks the command once.
_FRESH_SECONDS = 0.05
_last = (float("-inf"), {})


def snapshot(fresh=False):
    """The command's latest snapshot of the run."""
    global _last
    now = time.monotonic()
    if fresh or now - _last[0] > _FRESH_SECONDS:
        _last = (time.monotonic(), json.loads(_gregaria.call("stats", "{}")) or {})
    return _last[1]


def forget():
    """Makes the next reading ask the command."""
    global _last
    _last = (float("-inf"), {})


def changed_settings():
    """The settings of this module that the file has changed."""
    return {
        name: globals()[name] for name in _SETTINGS if json.dumps(globals()[name]) != _DEFAULTS[name]
    }


def calculate_response_time_percentile(response_times, num_requests, percent):
    """The time in ms that `percent` (0 to 1) of the requests did not exceed.

    The rule is Locust's: the value at position int(n * percent), counted from 0.
    """
    beyond = num_requests - int(num_requests * percent)
    counted = 0
    for milliseconds in sorted(response_times, reverse=True):
        counted += response_times[milliseconds]
        if counted >= beyond:
            return milliseconds
    return 0


class StatsEntry:
    """The statistics of one name and method, or of all."""

    def __init__(self, stats, name, method):
        self.stats = stats
        self.name = name
        self.method = method

    def _row(self):
        shown = snapshot()
        if self is self.stats.total:
            return shown.get("total") or {}
        for row in shown.get("entries", ()):
            if row["name"] == self.name and row["method"] == self.method:
                return row
        return {}

    def __getattr__(self, name):
        if name not in _EMPTY:
            if name.startswith("__"):
                raise AttributeError(name)
            raise no_attribute("stats entry", name, f"it has {', '.join(sorted(_EMPTY))}")
        value = self._row().get(name, _EMPTY[name])
        if isinstance(value, dict):
            return {int(float(key)): count for key, count in value.items()}
        return value

    @property
    def _timed(self):
        return self.num_requests - self.num_none_requests

    @property
    def fail_ratio(self):
        """Failures per request, 0 to 1."""
        requests, failures = self.num_requests, self.num_failures
        return failures / requests if requests else float(failures > 0)

    @property
    def avg_response_time(self):
        """The mean in ms, 0 without a request."""
        return self.total_response_time / self._timed if self._timed else 0.0

    @property
    def median_response_time(self):
        """The median in ms, within the least and the greatest time."""
        if not self.response_times:
            return 0
        median = self.get_response_time_percentile(0.5)
        low, high = self.min_response_time or 0, self.max_response_time
        return int(min(max(median, low), high))

    @property
    def avg_content_length(self):
        """The mean length of a response in bytes."""
        return self.total_content_length / self.num_requests if self.num_requests else 0

    @property
    def total_rps(self):
        """Requests per second over the whole run."""
        return self._per_second(self.num_requests)

    @property
    def total_fail_per_sec(self):
        """Failures per second over the whole run."""
        return self._per_second(self.num_failures)

    def _per_second(self, count):
        shown = snapshot()
        last, start = shown.get("last_request_timestamp"), shown.get("start_time")
        return count / (last - start) if last and start and last > start else 0.0

    @property
    def current_rps(self):
        """Requests per second, over the ten seconds that ended two seconds before the last request."""
        return self._current(self.num_reqs_per_sec)

    @property
    def current_fail_per_sec(self):
        """Failures per second, over the same seconds."""
        return self._current(self.num_fail_per_sec)

    def _current(self, by_second):
        shown = snapshot()
        last, start = shown.get("last_request_timestamp"), shown.get("start_time")
        if not last or not start:
            return 0
        window = range(max(int(start), int(last) - 12), int(last) - 2)
        counts = [by_second.get(second, 0) for second in window]
        return sum(counts) / len(counts) if counts else 0

    def get_response_time_percentile(self, percent):
        """The time in ms that this share (0 to 1) of the requests did not exceed."""
        return calculate_response_time_percentile(self.response_times, self._timed, percent)

    def get_current_response_time_percentile(self, percent):
        """As get_response_time_percentile: the engine keeps one histogram for the run."""
        return self.get_response_time_percentile(percent) if self._timed else None

    def to_dict(self, escape_string_values=False):
        """The row of the page's table."""
        row = {
            "method": self.method,
            "name": self.name,
            "num_requests": self.num_requests,
            "num_failures": self.num_failures,
            "min_response_time": self.min_response_time or 0,
            "max_response_time": self.max_response_time,
            "current_rps": self.current_rps,
            "current_fail_per_sec": self.current_fail_per_sec,
            "avg_response_time": self.avg_response_time,
            "median_response_time": self.median_response_time,
            "total_rps": self.total_rps,
            "total_fail_per_sec": self.total_fail_per_sec,
            "avg_content_length": self.avg_content_length,
        }
        for percent in PERCENTILES_TO_STATISTICS:
            row[f"response_time_percentile_{percent}"] = self.get_response_time_percentile(percent)
        return row

    def serialize(self):
        """The row as Locust's --json has it."""
        return {"name": self.name, "method": self.method} | {
            key: getattr(self, key) for key in _EMPTY
        }

    def log(self, response_time, content_length):
        """Counts a request under this name."""
        self.stats.log_request(self.method, self.name, response_time, content_length)

    def log_error(self, error):
        """Locust's second half of a failure."""
        self.stats.log_error(self.method, self.name, error)


_EMPTY = {
    "last_request_timestamp": None,
    "start_time": None,
    "num_requests": 0,
    "num_none_requests": 0,
    "num_failures": 0,
    "total_response_time": 0,
    "max_response_time": 0,
    "min_response_time": None,
    "total_content_length": 0,
    "response_times": {},
    "num_reqs_per_sec": {},
    "num_fail_per_sec": {},
}


class StatsError:
    """One failure of one name, with how often it occurred."""

    def __init__(self, method, name, error, occurrences=0, first_seen=None, last_seen=None):
        self.method = method
        self.name = name
        self.error = error
        self.occurrences = occurrences
        self.first_seen = first_seen
        self.last_seen = last_seen

    @classmethod
    def create_key(cls, method, name, error):
        """The key of a failure in `stats.errors`."""
        return hashlib.sha256(f"{method}.{name}.{error!r}".encode()).hexdigest()

    def to_name(self):
        """The failure as one line."""
        return f"{self.method} {self.name}: {self.error}"

    def to_dict(self):
        """The failure as the page's table has it."""
        return dict(vars(self))

    serialize = to_dict


class RequestStats:
    """All statistics: `total`, `entries`, `errors`."""

    def __init__(self, use_response_times_cache=True):
        self.total = StatsEntry(self, "Aggregated", "")
        self.history = []

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        raise no_attribute("stats", name, "gregaria's statistics have no such attribute")

    @property
    def entries(self):
        """The entries by (name, method)."""
        return {
            (row["name"], row["method"]): StatsEntry(self, row["name"], row["method"])
            for row in snapshot().get("entries", ())
        }

    @property
    def errors(self):
        """The failures by a key of their own; the values are StatsError."""
        rows = [StatsError(**_error(row)) for row in snapshot().get("errors", ())]
        return {StatsError.create_key(row.method, row.name, row.error): row for row in rows}

    def get(self, name, method):
        """The entry of a name and method, empty where there is none."""
        return StatsEntry(self, name, method)

    num_requests = property(lambda self: self.total.num_requests)
    num_none_requests = property(lambda self: self.total.num_none_requests)
    num_failures = property(lambda self: self.total.num_failures)
    last_request_timestamp = property(lambda self: snapshot().get("last_request_timestamp"))
    start_time = property(lambda self: snapshot().get("start_time"))

    def log_request(self, method, name, response_time, content_length):
        """Counts a request of the file's own."""
        _gregaria.record(method, name, response_time, content_length or 0, None, None)

    def log_error(self, method, name, error):
        """Locust's second half of a failure; here a failure is one call."""
        raise no_attribute(
            "stats", "log_error", "write `events.request.fire(…, exception=error)`, once for both"
        )

    def clear_all(self):
        """Locust's way to forget what was counted."""
        raise no_attribute("stats", "clear_all", "use --reset-stats, or the page's button")

    reset_all = clear_all

    def serialize_stats(self):
        """All entries, as Locust's --json has them."""
        return [entry.serialize() for entry in self.entries.values()]

    def serialize_errors(self):
        """All failures by their keys."""
        return {key: error.to_dict() for key, error in self.errors.items()}


def _error(row):
    keys = ("method", "name", "error", "occurrences", "first_seen", "last_seen")
    return {key: row[key] for key in keys if key in row}


def sort_stats(stats):
    """The entries in the order of their keys."""
    return [stats[key] for key in sorted(stats)]


_PRINTS = "the command prints the tables itself, to stderr"
_WRITES = "the command writes the files itself: --csv, --json-file, --html"
print_stats = refusing(__name__, "print_stats", _PRINTS)
print_percentile_stats = refusing(__name__, "print_percentile_stats", _PRINTS)
print_error_report = refusing(__name__, "print_error_report", _PRINTS)
print_stats_json = refusing(__name__, "print_stats_json", "write --json")
stats_printer = refusing(__name__, "stats_printer", _PRINTS)
get_stats_summary = refusing(__name__, "get_stats_summary", _PRINTS)
get_percentile_stats_summary = refusing(__name__, "get_percentile_stats_summary", _PRINTS)
get_error_report_summary = refusing(__name__, "get_error_report_summary", _PRINTS)
stats_history = refusing(__name__, "stats_history", _WRITES)
save_stats_json = refusing(__name__, "save_stats_json", _WRITES)
StatsCSV = refusing(__name__, "StatsCSV", _WRITES)
StatsCSVFileWriter = refusing(__name__, "StatsCSVFileWriter", _WRITES)


def __getattr__(name):
    answer(__name__, name)
