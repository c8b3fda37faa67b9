//! `_stats_history.csv`: the run, second by second.

use std::path::Path;
use std::time::Duration;

use super::tables::{Lines, WHOLE_RUN, fields, percentile_fields};
use crate::report::columns::RECENT;
use crate::report::file::{Error, GrowingFile, OutputFile};
use crate::report::percentiles;
use crate::report::ticker::Ticker;
use crate::report::utc::unix_seconds;
use crate::stats::{Row, Snapshot};

/// The end of its name.
pub(super) const SUFFIX: &str = "_stats_history.csv";

/// How often rows are written to the file, as in Locust (stats.py:109).
const FLUSH_PERIOD: Duration = Duration::from_secs(5);

/// The rows of the history for each second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum History {
    /// `Aggregated` alone, with percentiles since the start of the run.
    Aggregated,
    /// Every entry and then `Aggregated`, with percentiles of the last ten seconds.
    Full,
}

/// Returns the header line.
pub(crate) fn render_history_header() -> Vec<u8> {
    let rates = RECENT.iter().map(|column| column.csv);
    let first = ["Timestamp", "User Count", "Type", "Name"].into_iter().chain(rates);
    let totals = WHOLE_RUN.iter().map(|column| format!("Total {}", column.csv));
    let columns = first.map(str::to_owned).chain(percentiles::headers()).chain(totals);
    Lines::with_header(columns).into_bytes()
}

/// Returns the rows of one instant.
pub(crate) fn render_history_rows(snapshot: &Snapshot, history: History) -> Vec<u8> {
    let mut lines = Lines::new();
    if history == History::Full {
        for row in &snapshot.entries {
            lines.push(line(snapshot, row, history));
        }
    }
    lines.push(line(snapshot, &snapshot.total, history));
    lines.into_bytes()
}

fn line(snapshot: &Snapshot, row: &Row, history: History) -> Vec<String> {
    let mut line = vec![
        unix_seconds(snapshot.at()).to_string(),
        snapshot.user_count().to_string(),
        row.key.method.clone(),
        row.key.name.clone(),
        // Locust's `:2f` means a width of two and the default of six decimals.
        format!("{:.6}", row.recent_rates.requests),
        format!("{:.6}", row.recent_rates.failures),
    ];
    let times = match history {
        History::Aggregated => &row.latency,
        History::Full => &row.recent_latency,
    };
    line.extend(percentile_fields(row, times));
    line.extend(fields(&WHOLE_RUN, row));
    line
}

/// The file, and the rows that wait to be written to it.
#[derive(Debug)]
pub(super) struct HistoryFile {
    output: OutputFile,
    /// The file of this run, once it has rows.
    file: Option<GrowingFile>,
    history: History,
    flush: Ticker,
    waiting: Vec<u8>,
    last: Option<Group>,
}

/// The most bytes of rows that wait while the disk is full. Later rows are lost; the error of the file
/// has been reported.
const WAITING_MAX: usize = 16 * 1024 * 1024;

/// The rows of the latest instant: their time as written, and their offset in the file.
#[derive(Debug, Clone, Copy)]
struct Group {
    timestamp: i64,
    start: u64,
}

impl HistoryFile {
    pub(super) fn create(prefix: &Path, history: History) -> Result<Self, Error> {
        Ok(Self {
            output: OutputFile::new(prefix, SUFFIX)?,
            file: None,
            history,
            flush: Ticker::every(FLUSH_PERIOD),
            waiting: render_history_header(),
            last: None,
        })
    }

    /// Adds the rows of this instant.
    pub(super) fn update(&mut self, snapshot: &Snapshot) -> Result<(), Error> {
        if self.waiting.len() < WAITING_MAX {
            let written = self.file.as_ref().map_or(0, GrowingFile::len);
            let start = written + self.waiting.len() as u64;
            self.last = Some(Group { timestamp: unix_seconds(snapshot.at()), start });
            self.waiting.extend(render_history_rows(snapshot, self.history));
        }
        if self.flush.due(snapshot.elapsed) {
            self.write_out()?;
        }
        Ok(())
    }

    /// Adds the last rows. They replace the latest rows of the same second, because programs that plot
    /// the file expect one value per second.
    pub(super) fn finish(&mut self, snapshot: &Snapshot) -> Result<(), Error> {
        let timestamp = unix_seconds(snapshot.at());
        let same = self.last.filter(|last| last.timestamp == timestamp);
        let rows = render_history_rows(snapshot, self.history);
        let file = self.write_out()?;
        file.replace_from(same.map_or(file.len(), |last| last.start), &rows)
    }

    /// Writes all rows to the file and returns it. After a failure the same bytes go to the same offset
    /// next time, so a disk that was full for a while leaves no gap.
    fn write_out(&mut self) -> Result<&mut GrowingFile, Error> {
        let file = match self.file.take() {
            None => self.output.begin(&self.waiting)?,
            Some(mut file) => match file.append(&self.waiting) {
                Ok(()) => file,
                Err(error) => {
                    self.file = Some(file);
                    return Err(error);
                }
            },
        };
        self.waiting.clear();
        Ok(self.file.insert(file))
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::report::samples::{row, snapshot};

    const MS: Duration = Duration::from_millis(1);

    /// The timestamps in the file after updates at the first instants, and after the end at the
    /// last, all in milliseconds of the run.
    fn timestamps(updates: &[u64], end: Option<u64>) -> Vec<u64> {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let prefix = folder.path().join("run");
        let mut history = HistoryFile::create(&prefix, History::Full).unwrap();
        let at = |ms| {
            let run = snapshot(vec![row("GET", "/", 10, MS)], MS);
            Snapshot { elapsed: Duration::from_millis(ms), ..run }
        };
        for &ms in updates {
            history.update(&at(ms)).unwrap();
        }
        if let Some(ms) = end {
            history.finish(&at(ms)).unwrap();
        }
        let text = fs::read_to_string(folder.path().join("run_stats_history.csv")).unwrap();
        let aggregated = text.lines().filter(|line| line.contains("Aggregated"));
        aggregated.map(|line| line[..10].parse::<u64>().unwrap() - 1_790_000_000).collect()
    }

    #[test]
    fn rows_reach_the_file_at_once_and_then_every_five_seconds() {
        assert_eq!(timestamps(&[0], None), [0]);
        assert_eq!(timestamps(&[0, 1000, 2000, 3000, 4000], None), [0]);
        assert_eq!(timestamps(&[0, 1000, 2000, 3000, 4000, 5000], None), [0, 1, 2, 3, 4, 5]);
    }

    #[test]
    fn the_end_writes_what_waited_and_adds_its_own_rows() {
        assert_eq!(timestamps(&[0, 1000, 2000], Some(3100)), [0, 1, 2, 3]);
        assert_eq!(timestamps(&[], Some(500)), [0]);
    }

    #[test]
    fn the_end_replaces_rows_of_the_same_second_written_or_waiting() {
        assert_eq!(timestamps(&[0, 1000, 2000], Some(2007)), [0, 1, 2]);
        assert_eq!(timestamps(&[0], Some(20)), [0]);
    }

    #[test]
    fn full_history_shows_the_last_ten_seconds_and_the_short_one_the_whole_run() {
        let mut entry = row("GET", "/", 10, MS);
        entry.recent_latency = row("GET", "/", 3, 5 * MS).latency;
        let mut run = snapshot(vec![entry.clone()], MS);
        run.total.recent_latency = entry.recent_latency;
        let rows = |history| String::from_utf8(render_history_rows(&run, history)).unwrap();
        let line = |method, name, percentile: &str| {
            let percentiles = format!(",{percentile}").repeat(11);
            format!(
                "1790000010,3,{method},{name},2.000000,0.000000{percentiles},\
                 10,0,1,1.0,1.0,1.0,54.0\r\n"
            )
        };
        assert_eq!(rows(History::Aggregated), line("", "Aggregated", "1"));
        assert_eq!(rows(History::Full), line("GET", "/", "5") + &line("", "Aggregated", "5"));
    }
}
