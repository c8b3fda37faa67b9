//! Compares our CSV files and tables with Locust's. A real Locust has written `tests/golden/` in
//! `scripts/locust_golden.py`. Its runs are rebuilt here as snapshots.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use gregaria::report::Report;
use gregaria::report::console::{Final, Progress, Screen};
use gregaria::report::csv::{self, CsvFiles, History};
use gregaria::stats::{
    Counts, Distribution, EntryKey, ExceptionRow, FailureRow, Figures, PERCENTILES, Phases, Rates,
    Row, Snapshot, Statuses, UserCount,
};

/// Those that Locust has.
const KINDS: [&str; 4] = ["stats", "stats_history", "failures", "exceptions"];
pub(crate) const SECONDS: u64 = 20;

pub(crate) fn golden(file: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(file);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A finished request, in the second of the run in which it ended.
pub(crate) struct Ended {
    second: u64,
    method: &'static str,
    name: &'static str,
    time: Duration,
    body_bytes: u64,
    error: Option<&'static str>,
}

type Request = (&'static str, &'static str, u64, Option<&'static str>);

/// Makes the same requests every second, of 100 ms each.
fn every_second(requests: &[Request]) -> Vec<Ended> {
    let time = Duration::from_millis(100);
    (1..=SECONDS)
        .flat_map(|second| {
            requests.iter().map(move |&(method, name, body_bytes, error)| Ended {
                second,
                method,
                name,
                time,
                body_bytes,
                error,
            })
        })
        .collect()
}

pub(crate) fn steady() -> Vec<Ended> {
    let long = "/a/very/long/namea/very/long/namea/very/long/namea/very/long/namea/very/long/name\
                a/very/long/namea/very/long/name";
    let mut requests = vec![("DELETE", "/", 1, Some("no response within 0.1 s"))];
    requests.extend([("GET", "/hello", 54, None); 13]);
    requests.extend([("POST", "/login", 1234, None); 12]);
    requests.push(("POST", "/login", 1234, Some("status was 500, not 200")));
    requests.extend([("PROPFIND", "/naïve/日本", 7, None), ("GET", long, 0, None)]);
    every_second(&requests)
}

pub(crate) fn exceptions() -> [ExceptionRow; 2] {
    let exception = |count, message: &str, traceback: &str| ExceptionRow {
        count,
        message: message.to_owned(),
        traceback: traceback.to_owned(),
    };
    [
        exception(2, "boom", "shopper, task \"browse\"\n    line 3, in t"),
        exception(1, "a \"quoted\", one", "shopper"),
    ]
}

fn awkward() -> Vec<Ended> {
    every_second(&[
        ("GET", " leading, trailing ", 10, Some("naïve; 'quoted'\tand tabbed")),
        ("GET", "/two\nlines", 10, Some("one\r\ntwo")),
        ("GET", "/search?q=\"a,b\"", 10, Some("said \"no\", twice")),
        ("GET", "'single'", 10, Some("#comment")),
    ])
}

fn spread() -> Vec<Ended> {
    let request = |step: u64, name, nanos| Ended {
        second: (step - 1) / 5 + 1,
        method: "GET",
        name,
        time: Duration::from_nanos(step * nanos),
        body_bytes: 100,
        error: None,
    };
    (1..=100)
        .flat_map(|step| [request(step, "/spread", 370_000), request(step, "/fast", 3_700)])
        .collect()
}

/// Computes the statistics of these requests at this second.
pub(crate) fn snapshot(all: &[Ended], second: u64, exceptions: &[ExceptionRow]) -> Snapshot {
    let ended: Vec<&Ended> = all.iter().filter(|request| request.second <= second).collect();
    let mut keys: Vec<_> = ended.iter().map(|request| (request.name, request.method)).collect();
    keys.sort_unstable();
    keys.dedup();
    let of_key = |&(name, method): &(&str, &str)| {
        let of: Vec<_> =
            ended.iter().copied().filter(|r| (r.name, r.method) == (name, method)).collect();
        row(method, name, &of, second)
    };
    let mut failures: Vec<FailureRow> = Vec::new();
    for request in &ended {
        let Some(message) = request.error else { continue };
        let key = EntryKey { method: request.method.to_owned(), name: request.name.to_owned() };
        let seen = Duration::from_secs(request.second);
        match failures.iter_mut().find(|row| row.key == key && row.message == message) {
            Some(row) => (row.occurrences, row.last_seen) = (row.occurrences + 1, seen),
            None => failures.push(FailureRow {
                key,
                message: message.to_owned(),
                occurrences: 1,
                first_seen: seen,
                last_seen: seen,
                example: None,
            }),
        }
    }
    Snapshot {
        started_at: UNIX_EPOCH + Duration::from_secs(1_790_000_000),
        elapsed: Duration::from_secs(second),
        users: [("reader", 6), ("writer", 4)]
            .map(|(class, running)| UserCount { class: class.to_owned(), running })
            .to_vec(),
        entries: keys.iter().map(of_key).collect(),
        total: row("", "Aggregated", &ended, second),
        failures,
        exceptions: exceptions.to_vec(),
        ..Snapshot::before_the_run(Vec::new())
    }
}

fn row(method: &str, name: &str, ended: &[&Ended], second: u64) -> Row {
    let recent: Vec<&Ended> =
        ended.iter().copied().filter(|request| request.second + 10 > second).collect();
    let failures = |of: &[&Ended]| of.iter().filter(|request| request.error.is_some()).count();
    let rates = |of: &[&Ended], seconds| Rates {
        requests: of.len() as f64 / seconds,
        failures: failures(of) as f64 / seconds,
    };
    Row {
        key: EntryKey { method: method.to_owned(), name: name.to_owned() },
        requests: ended.len() as u64,
        failures: failures(ended) as u64,
        service_time: None,
        phases: Phases::default(),
        latest: Duration::from_secs(second),
        detail: None,
        statuses: Statuses::default(),
        counts: Counts {
            body_bytes: ended.iter().map(|request| request.body_bytes).sum(),
            ..Counts::default()
        },
        latency: distribution(ended),
        recent_latency: distribution(&recent),
        rates: rates(ended, second as f64),
        recent_rates: rates(&recent, 10.0),
    }
}

fn distribution(ended: &[&Ended]) -> Distribution {
    let mut times: Vec<Duration> = ended.iter().map(|request| request.time).collect();
    times.sort_unstable();
    let at = |fraction| times[((times.len() as f64 * fraction) as usize).min(times.len() - 1)];
    let figures = (!times.is_empty()).then(|| Figures {
        min: at(0.0),
        max: at(1.0),
        mean: times.iter().sum::<Duration>() / times.len() as u32,
        percentiles: PERCENTILES.map(at),
    });
    Distribution { count: times.len() as u64, figures }
}

/// Writes the files of a run with these snapshots, the last of which is its end.
struct Files(tempfile::TempDir);

impl Files {
    fn of(history: History, snapshots: &[Snapshot]) -> Self {
        let files = Self(tempfile::tempdir().unwrap());
        let mut report = CsvFiles::create(&files.prefix(), history).unwrap();
        let (last, course) = snapshots.split_last().expect("a run has an end");
        for snapshot in course {
            report.update(snapshot).unwrap();
        }
        report.finish(last).unwrap();
        files
    }

    /// The folder does not exist yet.
    fn prefix(&self) -> PathBuf {
        self.0.path().join("results/today/run")
    }

    fn read(&self, kind: &str) -> String {
        fs::read_to_string(format!("{}_{kind}.csv", self.prefix().display())).unwrap()
    }
}

fn check_files(name: &str, all: &[Ended], exceptions: &[ExceptionRow]) {
    let course = [19, 20].map(|second| snapshot(all, second, exceptions));
    let files = Files::of(History::Aggregated, &course);
    for kind in KINDS {
        assert_eq!(files.read(kind), golden(&format!("{name}_{kind}.csv")), "{name} {kind}");
    }
    let files = Files::of(History::Full, &course);
    let full = golden(&format!("{name}_stats_history_full.csv"));
    assert_eq!(files.read("stats_history"), full, "{name}, full history");
}

/// What is written in a run's course, and at its end.
fn console(snapshot: &Snapshot, screen: Screen) -> [String; 2] {
    let (mut progress, mut last) = (Vec::new(), Vec::new());
    Progress::new(&mut progress, || screen).update(snapshot).unwrap();
    Final::new(&mut last, || screen).finish(snapshot).unwrap();
    [progress, last].map(|text| String::from_utf8(text).unwrap())
}

/// Compares with Locust's table for this width of names. Locust approximates percentiles, so they differ.
fn golden_console(name: &str, width: usize) -> [String; 2] {
    let text = |phase| golden(&format!("{name}_{phase}_{width}.txt"));
    let ours = "(ms, within 0.1 % or 1 us)";
    ["progress", "final"].map(|phase| text(phase).replace("(approximated)", ours))
}

/// The records of a CSV text, and a number of one of them.
fn records(text: &str) -> Vec<Vec<String>> {
    let mut reader = ::csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
    reader.records().map(|line| line.unwrap().iter().map(str::to_owned).collect()).collect()
}

fn number(field: &str) -> f64 {
    field.parse().unwrap_or_else(|_| panic!("{field:?} is not a number"))
}

#[test]
fn files_are_locusts_byte_for_byte_where_locusts_rounding_rounds_nothing() {
    check_files("steady", &steady(), &exceptions());
}

#[test]
fn files_are_locusts_byte_for_byte_where_fields_need_quotes() {
    check_files("awkward", &awkward(), &[]);
}

#[test]
fn files_are_locusts_byte_for_byte_without_a_request() {
    check_files("empty", &[], &[]);
}

#[test]
fn tables_in_a_file_are_locusts_byte_for_byte_where_locusts_rounding_rounds_nothing() {
    for (name, all) in [("steady", steady()), ("empty", Vec::new())] {
        let ours = console(&snapshot(&all, SECONDS, &[]), Screen::Pipe);
        assert_eq!(ours, golden_console(name, 80), "{name}");
    }
}

/// In a terminal, long names and types of eight letters shift Locust's rows, and at 80 columns there is no room
/// for names. Our rows have the same words in another layout, and our percentiles fit into the terminal,
/// where Locust's are 15 columns wider.
#[test]
fn tables_in_a_terminal_have_locusts_words_and_its_rows_where_names_fit() {
    // Without spaces, because a name may be wrapped.
    let is_word = |word: &&str| !word.contains("--");
    let words = |text: &str| text.split_whitespace().filter(is_word).collect::<String>();
    let is_moved = |line: &str| line.contains("/long") || line.contains("PROPFIND");
    let shown = snapshot(&steady(), SECONDS, &[]);
    for (columns, width) in [(200, 80), (120, 40), (81, 1), (80, 0)] {
        let [progress, last] = console(&shown, Screen::Terminal(columns));
        let [locusts_progress, locusts_last] = golden_console("steady", width);
        assert_eq!(words(&progress), words(&locusts_progress), "{columns}");
        let shown = [(100, progress, locusts_progress), (180, last, locusts_last)];
        for (from, ours, locusts) in shown {
            let ours: Vec<_> = ours.lines().collect();
            let rows = locusts.lines().map(str::trim_end).filter(|line| !is_moved(line));
            for row in rows.filter(|_| columns >= from) {
                assert!(ours.contains(&row), "{columns}: {row}\n{ours:#?}");
            }
        }
    }
}

#[test]
fn no_line_is_wider_than_its_terminal() {
    for columns in [40, 60, 80, 100, 120, 200] {
        for all in [steady(), spread(), awkward()] {
            for text in console(&snapshot(&all, SECONDS, &exceptions()), Screen::Terminal(columns))
            {
                let widest = text.lines().map(textwrap::core::display_width).max();
                assert!(widest <= Some(columns), "{columns}:\n{text}");
            }
        }
    }
}

#[test]
fn digits_that_locust_rounds_away_move_no_column() {
    // The ends of words, because numbers are aligned at the right.
    let ends = |line: &str| -> Vec<usize> {
        let chars: Vec<char> = line.chars().chain([' ']).collect();
        (1..chars.len()).filter(|&i| chars[i] == ' ' && chars[i - 1] != ' ').collect()
    };
    for (screen, width) in [(Screen::Pipe, 80), (Screen::Terminal(175), 80)] {
        let ours = console(&snapshot(&spread(), SECONDS, &[]), screen);
        for (ours, locusts) in ours.iter().zip(golden_console("spread", width)) {
            assert_eq!(ours.lines().count(), locusts.lines().count());
            for (ours, locusts) in ours.lines().zip(locusts.lines()) {
                assert_eq!(ends(ours), ends(locusts), "\n{ours}\n{locusts}");
            }
        }
    }
}

#[test]
fn times_in_files_are_within_locusts_rounding_of_locusts() {
    let files = Files::of(History::Aggregated, &[snapshot(&spread(), SECONDS, &[])]);
    let (ours, locusts) = (records(&files.read("stats")), records(&golden("spread_stats.csv")));
    assert_eq!(ours.len(), locusts.len());
    assert_eq!(ours[0], locusts[0]);
    for (ours, locusts) in ours.iter().zip(&locusts).skip(1) {
        assert_eq!(ours[..4], locusts[..4]);
        for column in 4..ours.len() {
            // Average, minimum and maximum are exact in both; Locust's percentiles are not.
            let tolerance = if (5..11).contains(&column) { 1e-6 } else { 0.5 + 1e-6 };
            let off = (number(&ours[column]) - number(&locusts[column])).abs();
            assert!(off <= tolerance, "column {column}:\n{ours:?}\n{locusts:?}");
        }
    }
    let fast = ours.iter().find(|record| record[1] == "/fast").expect("there is such a row");
    assert_eq!(fast[4], "0.189", "the median of 3.7 us, 7.4 us, ... 370 us");
}

#[test]
fn what_an_earlier_run_left_stays_until_this_one_begins() {
    let folder = tempfile::tempdir().unwrap();
    let path = |kind: &str| folder.path().join(format!("run_{kind}.csv"));
    let earlier = "what an earlier run left\r\n".repeat(99);
    KINDS.iter().for_each(|kind| fs::write(path(kind), &earlier).unwrap());
    let mut files = CsvFiles::create(&folder.path().join("run"), History::Aggregated).unwrap();
    for kind in KINDS {
        assert_eq!(fs::read_to_string(path(kind)).unwrap(), earlier, "{kind}");
    }
    files.update(&snapshot(&[], 0, &[])).unwrap();
    for kind in KINDS {
        let text = fs::read_to_string(path(kind)).unwrap();
        let header = |text: &str| text.split_inclusive('\n').next().map(str::to_owned);
        assert_eq!(header(&text), header(&golden(&format!("empty_{kind}.csv"))), "{kind}");
        assert!(text.ends_with("\r\n") && !text.contains("earlier"), "{kind}: {text}");
    }
    let left = fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(left, KINDS.len() + 1, "and nothing but status codes beside them");
}

#[test]
fn the_final_rewrite_leaves_nothing_of_longer_contents() {
    let (long, short) = (snapshot(&awkward(), 20, &[]), snapshot(&awkward()[..1], 21, &[]));
    let files = Files::of(History::Full, &[long, short.clone()]);
    assert_eq!(files.read("stats").as_bytes(), csv::render_stats(&short));
    assert_eq!(files.read("failures").as_bytes(), csv::render_failures(&short));
    assert_eq!(files.read("exceptions").as_bytes(), csv::render_exceptions(&short));
}

#[test]
fn a_path_that_cannot_be_written_is_named_with_the_reason_before_the_run_starts() {
    let folder = tempfile::tempdir().unwrap();
    let check = |prefix: &str, file: &str, reason: &str| {
        let prefix = folder.path().join(prefix);
        let error = CsvFiles::create(&prefix, History::Full).expect_err("it must not work");
        let file = folder.path().join(file);
        assert_eq!(error.to_string(), format!("cannot write {}: {reason}", file.display()));
    };
    fs::create_dir(folder.path().join("a_failures.csv")).unwrap();
    check("a", "a_failures.csv", "Is a directory");
    fs::write(folder.path().join("file"), "").unwrap();
    check("file/b", "file/b_stats.csv", "Not a directory");
    // A device reports that it is full when it is written to.
    let full = folder.path().join("c_stats_history.csv");
    symlink("/dev/full", &full).unwrap();
    let mut files = CsvFiles::create(&folder.path().join("c"), History::Full).unwrap();
    let error = files.update(&snapshot(&[], 0, &[])).unwrap_err();
    let expected = format!("cannot write {}: No space left on device", full.display());
    assert_eq!(error.to_string(), expected);
}

#[test]
fn rows_add_up_to_aggregated_in_the_files_and_in_the_console() {
    const KEYS: [(&str, &str); 4] = [("GET", "/"), ("POST", "/"), ("GET", "/b"), ("PUT", "/c,d")];
    for seed in 0..30 {
        let mut random = fastrand::Rng::with_seed(seed);
        let all: Vec<Ended> = (0..random.usize(0..400))
            .map(|_| {
                let (method, name) = KEYS[random.usize(0..KEYS.len())];
                Ended {
                    second: random.u64(1..=SECONDS),
                    method,
                    name,
                    time: Duration::from_nanos(random.u64(1..10_000_000_000)),
                    body_bytes: random.u64(0..100),
                    error: random.bool().then_some("no"),
                }
            })
            .collect();
        let course = [18, 19, 20].map(|second| snapshot(&all, second, &[]));
        let files = Files::of(History::Full, &course);
        let expected = [all.len(), all.iter().filter(|request| request.error.is_some()).count()];
        check_sums(&files, &console(&course[2], Screen::Pipe)[1], expected, seed);
    }
}

/// Checks requests and failures in every file, in the sum of the rows, in `Aggregated`, and in the last row
/// of the console.
fn check_sums(files: &Files, console: &str, expected: [usize; 2], seed: u64) {
    let sums = |records: &[Vec<String>], columns: [usize; 2]| {
        columns.map(|column| records.iter().map(|row| number(&row[column]) as usize).sum::<usize>())
    };
    let stats = records(&files.read("stats"));
    let (total, rows) = stats[1..].split_last().expect("there is an aggregated row");
    assert_eq!(sums(rows, [2, 3]), expected, "seed {seed}");
    assert_eq!(sums(std::slice::from_ref(total), [2, 3]), expected, "seed {seed}");
    let history = records(&files.read("stats_history"));
    let last: Vec<_> = history.into_iter().filter(|row| row[0] == "1790000020").collect();
    let (total, rows) = last.split_last().expect("there is an aggregated row");
    assert_eq!(sums(rows, [17, 18]), expected, "seed {seed}");
    assert_eq!(sums(std::slice::from_ref(total), [17, 18]), expected, "seed {seed}");
    let failures = records(&files.read("failures"));
    assert_eq!(sums(&failures[1..], [3, 3])[0], expected[1], "seed {seed}");
    let line = console.lines().find(|line| line.contains("Aggregated")).expect("it has a row");
    let words: Vec<&str> = line.split_whitespace().collect();
    let failed = words[2].split('(').next().expect("a split has a first part");
    assert_eq!([words[1], failed].map(|word| number(word) as usize), expected, "seed {seed}");
}
