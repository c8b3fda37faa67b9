//! Clients that were written for Locust's page work with ours: an exporter like the well-known one in Go, and a
//! pusher from PyPI, unchanged. They read a made-up run, and an active run, whose page shows the same.

use std::collections::HashMap;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;
use std::time::{Duration, Instant, UNIX_EPOCH};

use gregaria::stats::{Clocks, EntryKey, ExceptionRow, Outcome, Recorder, RowLimits, Sample};
use gregaria::stats::{Snapshot, Totals};
use gregaria::web::locust::{exceptions, stats_requests};

use serde_json::Value;

use crate::harness::{Run, Running, shipped};
use crate::script::{Script, python_with};
use crate::server::wait_for;

/// Four requests of 2.5 ms, one of which failed.
fn run() -> Snapshot {
    let (start, latency) = (Instant::now(), Duration::from_micros(2_500));
    let mut core = Recorder::new(0, start, RowLimits::default());
    let started_at = UNIX_EPOCH + Duration::from_secs(1_790_000_000);
    let mut totals = Totals::new(started_at, vec!["reader".to_owned()], RowLimits::default());
    let entry = core.entry("GET", "/say \"hello\"");
    for at in 1..=4 {
        let ended = start + Duration::from_millis(200 * at);
        let clocks = Clocks { intended: ended - latency, started: ended - latency, ended };
        let outcome = if at == 4 { Outcome::Failure("it said \"no\"") } else { Outcome::Success };
        core.record(Sample { entry, clocks, body_bytes: 50, status: Some(200), outcome });
    }
    totals.add(core.take(0, start + Duration::from_secs(1))).unwrap();
    let mut run = totals.last_snapshot(Duration::from_secs(1));
    run.exceptions =
        vec![ExceptionRow { count: 3, message: "boom".to_owned(), traceback: String::new() }];
    run
}

/// Starts a server with the responses of our page about this run.
fn page(run: Option<&Snapshot>) -> Option<Script> {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("stats")).unwrap();
    let state = if run.is_some() { "running" } else { "ready" };
    let stats = stats_requests(run, state).to_string();
    fs::write(dir.path().join("stats/requests"), stats).unwrap();
    fs::write(dir.path().join("exceptions"), exceptions(run).to_string()).unwrap();
    let mut command = python_with("http.server")?;
    command.args(["-u", "-m", "http.server", "0", "--bind", "127.0.0.1", "--directory"]);
    command.arg(dir.path());
    Some(Script::run(command, dir))
}

/// Returns what a client prints about the page.
fn told(mut python: Command, url: &str, arguments: &[&str]) -> String {
    let script = format!("{}/tests/real/exporter.py", env!("CARGO_MANIFEST_DIR"));
    let output = python.arg(script).arg(url).args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[track_caller]
fn check_has(text: &str, lines: &[&str]) {
    for line in lines {
        assert!(text.lines().any(|told| told == *line), "{line} is not in\n{text}");
    }
}

#[test]
fn an_exporter_reads_the_page() {
    let (run, [Some(python), Some(again)]) = (run(), [(); 2].map(|()| python_with("json"))) else {
        return;
    };
    assert_eq!(
        run.entries[0].key,
        EntryKey { method: "GET".into(), name: "/say \"hello\"".into() }
    );
    let text = told(python, &page(Some(&run)).unwrap().url(), &[]);
    let of = |name: &str, value: &str| {
        format!(r#"locust_requests_{name}{{method="GET",name="/say \"hello\""}} {value}"#)
    };
    check_has(
        &text,
        &[
            "locust_total_rps{} 4.0",
            "locust_fail_ratio{} 0.25",
            "locust_user_count{} 0",
            r#"locust_state{state="running"} 1"#,
            "locust_response_time_percentile_0.95{} 2.5",
            &of("num_requests", "4"),
            &of("num_failures", "1"),
            &of("median_response_time", "2.5"),
            &of("avg_content_length", "50.0"),
            r#"locust_errors{method="GET",name="/say \"hello\"",error="it said \"no\""} 1"#,
            r#"locust_exceptions{msg="boom"} 3"#,
        ],
    );
    let text = told(again, &page(None).unwrap().url(), &[]);
    check_has(&text, &[r#"locust_state{state="ready"} 1"#, "locust_fail_ratio{} 0.0"]);
    check_has(&text, &["locust_response_time_percentile_0.5{} NaN"]);
}

#[test]
fn a_pusher_from_pypi_reads_the_page() {
    let Some(python) = python_with("locust_victoria_metrics.pusher") else { return };
    let text = told(python, &page(Some(&run())).unwrap().url(), &["push"]);
    check_has(
        &text,
        &[
            "product_locust_state{} 1",
            "product_locust_fail_ratio{} 0.25",
            "product_locust_total_avg_response_time{} 2.5",
            r#"product_locust_requests_num_requests{name="/say "hello"",method="GET"} 4"#,
            r#"product_locust_requests_response_time_percentile_95{name="/say "hello"",method="GET"} 2.5"#,
        ],
    );
}

/// Starts a run of the binary that is long enough for two clients.
fn gregaria<'a>(args: impl IntoIterator<Item = &'a str>) -> Running {
    let scenario = shipped("checks.toml", r#"["5ms", "15ms"]"#);
    Run::new(args).file("scenario.toml", &scenario).limit(Duration::from_secs(120)).start()
}

/// The page's own interface.
fn ask(address: &str, method: &str, path: &str) -> Value {
    let mut connection = TcpStream::connect(address).unwrap();
    let head = format!("{method} /api/v1/{path} HTTP/1.0\r\nHost: {address}\r\n");
    write!(connection, "{head}Content-Type: application/json\r\nContent-Length: 0\r\n\r\n")
        .unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.contains(" 200 "), "{answer}");
    serde_json::from_str(body).unwrap()
}

/// The samples that an exporter prints, by the text before the value.
struct Samples(HashMap<String, f64>);

impl Samples {
    fn of(text: &str) -> Samples {
        let sample = |line: &str| {
            let (name, value) = line.rsplit_once(' ')?;
            Some((name.to_owned(), value.parse().ok()?))
        };
        Samples(text.lines().filter_map(sample).collect())
    }

    #[track_caller]
    fn get(&self, name: &str) -> f64 {
        *self.0.get(name).unwrap_or_else(|| panic!("no {name} in {:?}", self.0))
    }
}

/// Returns the text of a figure of a row, as a client prints it.
type Named = fn(figure: &str, row: &Value) -> String;

/// Checks that the counts of a client are between those of two views.
fn check_between(samples: &Samples, named: Named, [before, after]: [&Value; 2]) {
    let rows = before["entries"].as_array().unwrap();
    assert_eq!(rows.len(), 3, "{before}");
    for row in rows {
        let later = after["entries"].as_array().unwrap();
        let later = later.iter().find(|later| later["name"] == row["name"]).unwrap();
        for figure in ["num_requests", "num_failures"] {
            let (least, most) = (row[figure].as_f64().unwrap(), later[figure].as_f64().unwrap());
            let got = samples.get(&named(figure, row));
            assert!((least..=most).contains(&got), "{least} <= {got} <= {most}: {figure} of {row}");
        }
    }
}

/// Checks that all figures of an ended run are those of the view, except for digits of percentiles that Locust drops.
fn check_same(samples: &Samples, named: Named, p95: &str, view: &Value) {
    for row in view["entries"].as_array().unwrap() {
        let figures = [
            ("num_requests", &row["num_requests"]),
            ("num_failures", &row["num_failures"]),
            ("avg_response_time", &row["avg_response_time"]),
            ("min_response_time", &row["min_response_time"]),
            ("max_response_time", &row["max_response_time"]),
            ("avg_content_length", &row["avg_content_length"]),
            (p95, &row["percentiles"]["95%"]),
        ];
        for (figure, expected) in figures {
            let (got, expected) = (samples.get(&named(figure, row)), expected.as_f64().unwrap());
            let slack = if figure == p95 { (0.05 * expected).max(0.5) } else { 1e-3 };
            assert!((got - expected).abs() <= slack, "{got}, not {expected}: {figure} of {row}");
        }
    }
}

/// Compares what a client prints about an active run and about the stopped run.
fn check_living(client: &[&str], named: Named, total: &str, p95: &str) {
    let clients = [(); 2].map(|()| python_with("locust_victoria_metrics.pusher"));
    let [Some(first), Some(second)] = clients else { return };
    let mut server = gregaria(["serve", "--port", "0", "--drop-rate", "0.5"]);
    let host = format!("http://{}", server.serving_at());
    let flags =
        ["scenario.toml", "--web", "--web-port", "0", "--autostart", "-u", "5", "-r", "100"];
    let mut run = gregaria(flags.into_iter().chain(["--host", &host]));
    let address = run.page_at();
    let url = format!("http://{address}");
    let view = |wanted: &str, least: u64| {
        wait_for(wanted, || {
            let view = ask(&address, "GET", "view");
            let is_there = view["total"]["num_failures"].as_u64() >= Some(least);
            (view["state"] == wanted && is_there).then_some(view)
        })
    };

    let before = view("running", 5);
    let text = told(first, &url, client);
    let after = view("running", before["total"]["num_failures"].as_u64().unwrap());
    let samples = Samples::of(&text);
    check_between(&samples, named, [&before, &after]);
    assert_eq!(samples.get(&format!("{total}user_count{{}}")), 5.0);

    ask(&address, "POST", "run/stop");
    let over = view("stopped", 5);
    let text = told(second, &url, client);
    let samples = Samples::of(&text);
    check_same(&samples, named, p95, &over);
    let [requests, failures] =
        ["num_requests", "num_failures"].map(|key| over["total"][key].as_f64().unwrap());
    let ratio = samples.get(&format!("{total}fail_ratio{{}}"));
    assert!((ratio - failures / requests).abs() < 1e-9, "{ratio} of {over}");
    assert_eq!(samples.get(&format!("{total}user_count{{}}")), 0.0);
}

#[test]
fn an_exporter_tells_what_a_living_page_does() {
    let named: Named = |figure, row| {
        format!("locust_requests_{figure}{{method={},name={}}}", row["method"], row["name"])
    };
    check_living(&[], named, "locust_", "response_time_percentile_0.95");
}

#[test]
fn a_pusher_from_pypi_tells_what_a_living_page_does() {
    let named: Named = |figure, row| {
        let (name, method) = (&row["name"], &row["method"]);
        format!("product_locust_requests_{figure}{{name={name},method={method}}}")
    };
    check_living(&["push"], named, "product_locust_", "response_time_percentile_95");
}
