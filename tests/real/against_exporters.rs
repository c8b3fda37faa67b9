//! Clients that were written for Locust's page read ours: an exporter as the well-known one in Go does
//! it, and a pusher from PyPI, unchanged.

use std::fs;
use std::process::Command;
use std::time::{Duration, Instant, UNIX_EPOCH};

use gregaria::stats::{Clocks, EntryKey, ExceptionRow, Limits, Outcome, Recorder, Sample};
use gregaria::stats::{Snapshot, Totals};
use gregaria::web::locust::{exceptions, stats_requests};

use crate::script::{Script, python_with};

/// Four requests of 2.5 ms, one of which failed.
fn run() -> Snapshot {
    let (start, latency) = (Instant::now(), Duration::from_micros(2_500));
    let mut core = Recorder::new(0, start, Limits::default());
    let started_at = UNIX_EPOCH + Duration::from_secs(1_790_000_000);
    let mut totals = Totals::new(started_at, vec!["reader".to_owned()], Limits::default());
    let entry = core.entry("GET", "/say \"hello\"");
    for at in 1..=4 {
        let ended = start + Duration::from_millis(200 * at);
        let clocks = Clocks { intended: ended - latency, started: ended - latency, ended };
        let outcome = if at == 4 { Outcome::Failure("it said \"no\"") } else { Outcome::Success };
        core.record(Sample { entry, clocks, body_bytes: 50, outcome });
    }
    totals.add(core.take(0, start + Duration::from_secs(1)));
    let mut run = totals.last_snapshot(Duration::from_secs(1));
    run.exceptions =
        vec![ExceptionRow { count: 3, message: "boom".to_owned(), traceback: String::new() }];
    run
}

/// A page that answers what ours would, of this run.
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

/// What a client tells of the page.
fn told(mut python: Command, page: &Script, arguments: &[&str]) -> String {
    let script = format!("{}/tests/real/exporter.py", env!("CARGO_MANIFEST_DIR"));
    let output = python.arg(script).arg(page.url()).args(arguments).output().unwrap();
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
    let text = told(python, &page(Some(&run)).unwrap(), &[]);
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
    let text = told(again, &page(None).unwrap(), &[]);
    check_has(&text, &[r#"locust_state{state="ready"} 1"#, "locust_fail_ratio{} 0.0"]);
    check_has(&text, &["locust_response_time_percentile_0.5{} NaN"]);
}

#[test]
fn a_pusher_from_pypi_reads_the_page() {
    let Some(python) = python_with("locust_victoria_metrics.pusher") else { return };
    let text = told(python, &page(Some(&run())).unwrap(), &["push"]);
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
