//! A run of the `gregaria` command and everything it leaves behind.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

/// No run here lasts longer than a few seconds; one that does hangs.
const HANG: Duration = Duration::from_secs(60);
const KINDS: [&str; 4] = ["stats", "stats_history", "failures", "exceptions"];

/// A run on its way.
pub(crate) struct Run {
    child: Child,
    dir: TempDir,
}

/// A run that has ended.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
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

/// What there had been by the end of a second.
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
    /// Starts a run of this scenario with these flags, and CSV files of its own.
    pub(crate) fn start(scenario: &str, flags: &[&str]) -> Run {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name);
        fs::write(path("scenario.toml"), scenario).unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_gregaria"))
            .current_dir(dir.path())
            .args(["scenario.toml", "--csv", "run"])
            .args(flags)
            .stdin(Stdio::null())
            .stdout(File::create(path("stdout")).unwrap())
            .stderr(File::create(path("stderr")).unwrap())
            .spawn()
            .unwrap();
        Run { child, dir }
    }

    pub(crate) fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).unwrap();
    }

    /// Waits for its end and reads what it wrote.
    pub(crate) fn finish(mut self) -> Finished {
        let started = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            if started.elapsed() > HANG {
                self.child.kill().unwrap();
                panic!("the run hangs:\n{}", read(self.dir.path(), "stderr"));
            }
            thread::sleep(Duration::from_millis(10));
        };
        let dir = self.dir.path();
        assert_ne!(status.code(), Some(2), "it could not run:\n{}", read(dir, "stderr"));
        let tables = KINDS.map(|kind| rows(&read(dir, &format!("run_{kind}.csv"))));
        let [stats, history, failures, _exceptions] = tables;
        Finished {
            code: status.code(),
            stdout: read(dir, "stdout"),
            stderr: read(dir, "stderr"),
            stats: stats.iter().map(Stats::parse).collect(),
            failures: failures.iter().map(Failure::parse).collect(),
            history: history.iter().map(Second::parse).collect(),
        }
    }
}

impl Finished {
    /// The row over all others, whose counts it sums.
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

    /// Requests that were cut off by the stop; the server may have seen them.
    pub(crate) fn cancelled(&self) -> u64 {
        self.told("Requests cancelled at the stop: ")
    }

    /// Requests that were sent a second time; the server may have seen both.
    pub(crate) fn retries(&self) -> u64 {
        self.told("Requests sent again after a dead kept-alive connection: ")
    }

    /// Requests that were sent inside a sample, by the server's own will.
    pub(crate) fn asked_for(&self) -> u64 {
        self.told("Requests sent to follow redirects: ")
            + self.told("Requests sent again with the answer to a challenge: ")
    }

    /// The number that the final words give; nothing is said of none.
    fn told(&self, what: &str) -> u64 {
        let line = self.stdout.lines().find_map(|line| line.strip_prefix(what));
        line.map_or(0, |line| line.split(' ').next().unwrap().parse().unwrap())
    }

    /// The server saw each counted request, and nothing that the run does not tell of.
    pub(crate) fn assert_conserved(&self, seen: u64) {
        let counted = self.aggregated().requests;
        let most = counted + self.cancelled() + self.retries() + self.asked_for();
        assert!((counted..=most).contains(&seen), "{counted} <= {seen} <= {most}\n{}", self.stdout);
    }

    /// Nothing went wrong, and something went on.
    pub(crate) fn assert_fine(&self) {
        assert_eq!(self.code, Some(0), "{}\n{}", self.stderr, self.stdout);
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

/// The rows of a file as any reader of CSV sees them.
fn rows(text: &str) -> Vec<csv::StringRecord> {
    csv::Reader::from_reader(text.as_bytes()).records().map(Result::unwrap).collect()
}

fn read(dir: &Path, name: &str) -> String {
    let path = dir.join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A scenario that ships, with shorter waits than a person would want to watch.
pub(crate) fn shipped(name: &str, wait: &str) -> String {
    let scenarios = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let text = read(&scenarios, name);
    let short = text.replace(r#"["1s", "3s"]"#, wait);
    assert_ne!(text, short, "{name} does not wait as the tutorial does");
    short
}
