//! HTTP/1.0, alone and behind a proxy that speaks 1.1.

use crate::daemon::PAGE;
use crate::load::{run, scenario, scenario_with};
use crate::nginx;
use crate::script::{Script, python_with};

const TASKS: [&str; 2] = [
    "get = \"/page\"\ncheck = { status = 200, body_contains = \"one page\" }",
    "get = \"/open\"\ncheck = { status = 200, body_contains = \"one page\" }",
];

fn start() -> Option<Script> {
    Some(Script::start(python_with("http.server")?, "old_http.py", &[]))
}

#[test]
fn a_server_of_http_1_0_ends_every_body_with_its_connection() {
    let Some(server) = start() else { return };
    let run = run(&scenario_with("wait_time = \"10ms\"", &TASKS), &server.url());
    run.assert_fine();
    for name in ["/page", "/open"] {
        assert_eq!(run.row("GET", name).average_bytes, PAGE.len() as f64, "{name}");
    }
    assert_eq!((run.cancelled(), run.retries()), (0, 0), "{}", run.stdout);
    assert_eq!(server.requests(), run.aggregated().requests);
}

#[test]
fn behind_a_proxy_it_is_kept_alive_and_chunked() {
    let Some(server) = start() else { return };
    let proxied = format!("location / {{ proxy_pass {}; }}", server.url());
    let Some(nginx) = nginx::start_with(&proxied) else { return };
    let tasks = TASKS.map(|task| task.replace("200,", "200, header = \"server\","));
    let chunked = tasks[1]
        .replace("header = \"server\"", "header_equals = { transfer-encoding = \"chunked\" }");
    let run = run(&scenario(&[&tasks[0], &chunked]), &nginx.url());
    run.assert_fine();
    let log = nginx.close();
    assert_eq!(log.len() as u64, run.aggregated().requests);
    assert_eq!(server.requests(), run.aggregated().requests);
    let connections: std::collections::HashSet<u64> = log.iter().map(|line| line.number).collect();
    assert!(connections.len() * 2 < log.len(), "{} connections", connections.len());
}
