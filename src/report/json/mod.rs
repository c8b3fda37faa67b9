//! The result of a run as JSON, for other programs.
//!
//! | report | where to | what |
//! |---|---|---|
//! | [`JsonList`], `--json` | stdout, and nothing else is written there | a list of entries, as Locust prints it |
//! | [`JsonFile`], `--json-file` | a file | one object with all that is known |
//!
//! Both are made from the last snapshot, like the final tables and the CSV files, so their numbers are
//! the same. Unlike with Locust's option, the tables are still printed.
//!
//! # Keys
//!
//! These rules also hold for the web API and the data of an HTML report ([`view`](super::view),
//! [`history`](super::history)), so that the same thing has the same key everywhere:
//!
//! - What Locust has in its `--json` or on its page has Locust's key.
//! - Any other time or size ends with its unit: `_s`, `_ms`, `_bytes`. `at_s` and `…_from_s` are seconds
//!   since the start of the run.
//! - Without a unit are: response times, percentiles and every `count`, `min`, `mean`, `max`, `percentiles`
//!   of times, which are milliseconds; and `started_at` with Locust's `start_time`, `first_seen`,
//!   `last_seen`, `last_request_timestamp`, which are seconds since 1970.
//!
//! Exact times have all their digits, in the file those from a histogram four (see
//! [`digits`](super::digits)). [`SCHEMA`] counts the changes of a key's name or meaning.
//!
//! # An entry
//!
//! One per (method, name) with requests, sorted by name and method. First what Locust 2.46 has:
//!
//! | key | what |
//! |---|---|
//! | `name`, `method` | what the entry is about |
//! | `last_request_timestamp` | end of the latest request, in seconds since 1970 |
//! | `start_time` | when its counting began: the start of the run or a reset, likewise |
//! | `num_requests`, `num_failures` | finished requests, failures included; failed ones |
//! | `num_none_requests` | 0: here every request has a time |
//! | `total_response_time`, `max_response_time`, `min_response_time` | exact |
//! | `total_content_length` | the same as `body_bytes` |
//! | `response_times` | how many requests took how many milliseconds, by Locust's rounding. They are rounded from a histogram: a time within 0.05 % (half a microsecond below 1 ms) of a rounding limit may be counted on its other side. Their sum is exact |
//! | `num_reqs_per_sec`, `num_fail_per_sec` | how many ended (failed) in a second, by seconds since 1970; seconds without any are left out. Of a run longer than half an hour steps of 2, 4, 8, … seconds are listed, each by its first second, with the mean of a second |
//!
//! Then ours:
//!
//! | key | what |
//! |---|---|
//! | the other `COLUMNS` of `src/report/columns.rs` | times are `null` where there is no request |
//! | `percentiles` | of response times, by the names of `_stats.csv`: `50%` to `100%`; `null` likewise |
//! | `service_time` | times from the start of each request instead of from the time intended for it; `null` where the two were never different |
//! | `phases` | `dns`, `connect`, `tls`, `first_byte`, `transfer`: how long each part took, of the exchanges in which it happened, or `null`: a request that was redirected has several, and cancelled ones are there with what they had; [`Phases`](crate::stats::Phases) says what each is. Percentiles at most 1 % too high |
//! | `statuses` | how many requests ended with which status, by code: that of the last response, where a request was redirected or challenged |
//! | `handshakes` | TLS handshakes made: `full` and `resumed` |
//!
//! `service_time` and each phase are `count`, `min`, `mean`, `max`, `percentiles`.
//!
//! # The object
//!
//! | key | what |
//! |---|---|
//! | `schema` | [`SCHEMA`] |
//! | `version`, `seed` | of gregaria; of the run's random choices |
//! | `started_at`, `elapsed_s` | start in seconds since 1970; length of the run |
//! | `counted_from_s` | where the counting began: 0, or the latest reset |
//! | `entries`, `total` | as above; all together, as an entry without a method that is called `Aggregated` |
//! | `failures` | `method`, `name`, `error`, `occurrences`, `first_seen`, `last_seen` in seconds since 1970, and `example`: the first of them, or `null` of failures that share a row |
//! | `example` | `core`, `request` (which of the core's requests it was, from 1, by their ends), `at_s`, `status` or `null`, `body`: its first 200 bytes as text, or `null` where it was not kept. What is no UTF-8 stands there as `\xff`. Kept are bodies that a check or a task looks at, and the beginning of those with a status of 400 and above. Credentials that were sent, and secrets of the scenario, are `***` |
//! | `exceptions` | `count`, `msg`, `traceback` |
//! | `cancelled`, `retries`, `redirects`, `challenges`, `without_expect` | those of `total`: what servers saw and `num_requests` does not count |
//! | `malformed_lines` | `name` and `count` of header lines that responses were read without |
//! | `commands` | what was asked of the run on its way: `at_s`, `what` |
//! | `broken` | `null`, or the level of `--abort-when` that the run broke: `level` as its user wrote it; what was `measured` of all requests (`method`, `name`), in milliseconds, as a share of 0 to 1, or per second; the `worst` entry (`method`, `name`, `measured`; or `null`); the stretch that was judged, `from_s`, `to_s`; whether it was found `at_end` and did not stop the run; all of it as a `text` |
//! | `open_load` | `null`, or what the console tells: `asked`, `due`, `started`, `delayed`, `backlog`, `backlog_peak`, `lateness`, `gap_errors`, `anderson_darling` (`null`, or `statistic`, `limit`, `sample`, `holds`) |
//! | `generator` | how the generator fared: `cores` (`core`, `busy`, `latest_busy`, `busiest_second`, `saturated_seconds`, `user_s`, `system_s`, `turns`, `busy_turns` that brought completions, `completions`, `kept_waiting_s` by what else ran there or by a limit, `longest_turn_ms`), `backend` that their sockets went through (`io_uring` or `epoll`), `lateness` of timers, `request_cpu_s` (`user`, `system`, `requests`: of the seconds in which a core made 1,000 or more), `limits` (`ports`, `files`, `slow_connects`, `unchecked_servers`, `look_ups`, `accept_queue`, which counts all processes of this host), `standstills` (`at_s`, `lasting_s`, `cores`, `what`), `warnings` as text |

pub(crate) mod entry;
pub(super) mod run;

use std::io::{self, Write};
use std::path::Path;

use serde::Serialize;
use serde_json::Serializer;
use serde_json::ser::PrettyFormatter;

use super::Report;
use super::destination::is_special;
use super::file::{Error, OutputFile};
use crate::stats::Snapshot;

/// The version of the keys of the JSON file, of a [`View`](super::view::View) and of a
/// [`History`](super::history::History). It changes when a key is renamed, removed, or changes its
/// meaning; not when keys are added.
pub const SCHEMA: u32 = 2;

/// The list of entries, written at the end of a run.
#[derive(Debug)]
pub struct JsonList<W> {
    out: W,
}

impl<W: Write> JsonList<W> {
    /// Writes to `out`.
    pub fn new(out: W) -> Self {
        Self { out }
    }
}

impl<W: Write> Report for JsonList<W> {
    fn update(&mut self, _: &Snapshot) -> io::Result<()> {
        Ok(())
    }

    fn finish(&mut self, snapshot: &Snapshot) -> io::Result<()> {
        self.out.write_all(&render_list(snapshot))?;
        self.out.flush()
    }
}

/// The file with the object, written at the end of a run.
#[derive(Debug)]
pub struct JsonFile {
    file: OutputFile,
    seed: u64,
}

impl JsonFile {
    /// Checks that the file can be written, and makes its folders. Its content stays until the end of
    /// the run. A name without an extension gets `.json`, as in Locust.
    ///
    /// # Errors
    ///
    /// Returns an error if it cannot be written.
    pub fn create(path: &Path, seed: u64) -> Result<Self, Error> {
        Ok(Self { file: OutputFile::new(path, ending(path))?, seed })
    }
}

/// `/dev/stdout` and pipes get no extension.
fn ending(path: &Path) -> &'static str {
    if path.extension().is_none() && !is_special(path) { ".json" } else { "" }
}

impl Report for JsonFile {
    fn update(&mut self, _: &Snapshot) -> io::Result<()> {
        Ok(())
    }

    fn finish(&mut self, snapshot: &Snapshot) -> io::Result<()> {
        Ok(self.file.replace(&render_run(snapshot, self.seed))?)
    }
}

/// Renders the list of entries.
pub(crate) fn render_list(snapshot: &Snapshot) -> Vec<u8> {
    render(&entry::Entries(snapshot))
}

/// Renders the object of a run with this seed.
pub fn render_run(snapshot: &Snapshot, seed: u64) -> Vec<u8> {
    render(&run::Run { snapshot, seed })
}

/// Writes each key on a line, indented by four spaces a level, as Locust does.
fn render(value: &impl Serialize) -> Vec<u8> {
    let mut text = Vec::new();
    let format = PrettyFormatter::with_indent(b"    ");
    let written = value.serialize(&mut Serializer::with_formatter(&mut text, format));
    written.expect("memory takes everything, and all keys are text");
    text.push(b'\n');
    text
}
