//! The CSV files of a run as typed rows.

use std::fs;
use std::ops::Deref;
use std::path::Path;
use std::time::Duration;

use super::{Output, Run, Running, repository};

/// The time limit: longer than the longest run under a server that misbehaves.
const LIMIT: Duration = Duration::from_secs(120);
const KINDS: [&str; 4] = ["stats", "stats_history", "failures", "exceptions"];

/// A run that has ended, with its CSV files.
pub(crate) struct Results {
    output: Output,
    /// Rows of `_stats.csv` without its header, Aggregated last.
    pub(crate) stats: Vec<Stats>,
    pub(crate) failures: Vec<Failure>,
    /// The Aggregated rows of `_stats_history.csv`, one each second.
    pub(crate) history: Vec<Second>,
}

/// The columns of `_stats.csv` that do not depend on speed.
#[derive(Debug, PartialEq)]
pub(crate) struct Stats {
    pub(crate) method: String,
    pub(crate) name: String,
    pub(crate) requests: u64,
    pub(crate) failures: u64,
    pub(crate) average_bytes: f64,
}

/// The counts up to the end of a second.
#[derive(Debug)]
pub(crate) struct Second {
    pub(crate) requests: u64,
    pub(crate) failures: u64,
}

/// A row of `_failures.csv`.
#[derive(Debug, PartialEq)]
pub(crate) struct Failure {
    pub(crate) method: String,
    pub(crate) name: String,
    pub(crate) error: String,
    pub(crate) occurrences: u64,
}

impl Run {
    /// Starts a run of this scenario with these flags and CSV files.
    pub(crate) fn start_with_csv(scenario: &str, flags: &[&str]) -> Running {
        Run::of(scenario).args(["--csv", "run"]).args(flags).limit(LIMIT).start()
    }
}

impl Running {
    /// Waits for the end of a run that was started by [`Run::start_with_csv`], and reads its files.
    pub(crate) fn results(self) -> Results {
        let output = self.wait();
        assert_ne!(output.status.code(), Some(2), "it could not run:\n{}", output.stderr);
        let tables = KINDS.map(|kind| rows(&output.path(&format!("run_{kind}.csv"))));
        let [stats, history, failures, _exceptions] = tables;
        Results {
            output,
            stats: stats.iter().map(Stats::parse).collect(),
            failures: failures.iter().map(Failure::parse).collect(),
            history: history.iter().map(Second::parse).collect(),
        }
    }
}

impl Deref for Results {
    type Target = Output;

    fn deref(&self) -> &Output {
        &self.output
    }
}

impl Results {
    /// The aggregated row. Checks that it is the sum of all others.
    pub(crate) fn aggregated(&self) -> &Stats {
        let (last, rows) = self.stats.split_last().unwrap();
        assert_eq!((last.method.as_str(), last.name.as_str()), ("", "Aggregated"));
        assert_eq!(last.requests, rows.iter().map(|row| row.requests).sum::<u64>());
        assert_eq!(last.failures, rows.iter().map(|row| row.failures).sum::<u64>());
        last
    }

    /// The row of one endpoint.
    pub(crate) fn row(&self, method: &str, name: &str) -> &Stats {
        let mut rows = self.stats.iter();
        let row = rows.find(|row| row.method == method && row.name == name);
        row.unwrap_or_else(|| panic!("no row {method} {name}:\n{}", self.stdout))
    }

    /// Checks that the server saw every counted request, and no others but those that the run reports.
    pub(crate) fn assert_conserved(&self, seen: u64) {
        let counted = self.aggregated().requests;
        let most = counted + self.cancelled() + self.retries() + self.followed();
        assert!((counted..=most).contains(&seen), "{counted} <= {seen} <= {most}\n{}", self.stdout);
    }

    /// Checks that there were requests and that none failed.
    pub(crate) fn assert_fine(&self) {
        assert_eq!(self.status.code(), Some(0), "{}\n{}", self.stderr, self.stdout);
        assert_eq!(self.failures, []);
        let all = self.aggregated();
        assert!(all.requests > 0 && all.failures == 0, "{}", self.stdout);
    }
}

impl Stats {
    fn parse(row: &csv::StringRecord) -> Stats {
        Stats {
            method: row[0].to_owned(),
            name: row[1].to_owned(),
            requests: row[2].parse().unwrap(),
            failures: row[3].parse().unwrap(),
            average_bytes: row[8].parse().unwrap(),
        }
    }
}

impl Second {
    fn parse(row: &csv::StringRecord) -> Second {
        Second { requests: row[17].parse().unwrap(), failures: row[18].parse().unwrap() }
    }
}

impl Failure {
    fn parse(row: &csv::StringRecord) -> Failure {
        Failure {
            method: row[0].to_owned(),
            name: row[1].to_owned(),
            error: row[2].to_owned(),
            occurrences: row[3].parse().unwrap(),
        }
    }
}

/// Reads the rows of a CSV file by a standard reader.
fn rows(path: &Path) -> Vec<csv::StringRecord> {
    let text =
        fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    csv::Reader::from_reader(text.as_bytes()).records().map(Result::unwrap).collect()
}

/// One of the scenarios in `scenarios/`, with shorter waits.
pub(crate) fn shipped(name: &str, wait: &str) -> String {
    let text = fs::read_to_string(repository(&format!("scenarios/{name}"))).unwrap();
    let short = text.replace(r#"["1s", "3s"]"#, wait);
    assert_ne!(text, short, "{name} does not wait as the tutorial does");
    short
}
