//! The scenario's file, which is read once for each start: a report has the text that ran.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::PathBuf;
use std::process::Command;
use std::thread::{JoinHandle, spawn};

use serde_json::json;
use tempfile::TempDir;

use super::SCENARIO;
use crate::support::{Run, Server, plain_server};

/// A file with another text for each who reads it, and none for one too many, who waits: a pipe.
struct Pipe {
    path: PathBuf,
    _dir: TempDir,
}

impl Pipe {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("s.toml");
        assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
        Pipe { path, _dir: dir }
    }

    /// Has this text for who reads it next; ended when it is read.
    fn give(&self, text: String) -> JoinHandle<()> {
        let path = self.path.clone();
        spawn(move || {
            let mut pipe = OpenOptions::new().write(true).open(path).unwrap();
            pipe.write_all(text.as_bytes()).unwrap();
        })
    }

    /// A run of it against this server.
    fn run(&self, server: &Server) -> Run {
        Run::new([&self.path]).host(server.address).arg("--only-summary")
    }
}

/// The scenario, with this path.
fn of(path: &str) -> String {
    SCENARIO.replace("\"/\"", &format!("\"{path}\""))
}

#[test]
fn each_start_reads_the_file_once_and_the_report_has_what_was_read() {
    let (server, pipe) = (plain_server(), Pipe::new());
    pipe.give(of("/shown"));
    let page = pipe.run(&server).open_page();
    assert_eq!(page.view()["facts"]["scenario_text"], of("/shown"));
    for path in ["/first", "/second"] {
        let (given, before) = (pipe.give(of(path)), server.count());
        page.command("/api/v1/runs", &json!({"users": 1}));
        given.join().unwrap();
        assert_eq!(page.view()["facts"]["scenario_text"], of(path));
        server.await_requests(before + 1);
        page.read("/stop");
        let report = page.get("/stats/report").body;
        let has = |path: &str| report.contains(&format!("get = \\\"{path}\\\""));
        assert_eq!((has("/shown"), has(path)), (false, true), "{path}");
        assert!(server.count_of(&format!("GET {path}")) > 0, "{path}");
    }
    assert_eq!(server.count_of("GET /shown"), 0);
    page.quit().code(0);
}

#[test]
fn a_run_from_the_command_line_reads_the_file_once() {
    let (server, pipe) = (plain_server(), Pipe::new());
    pipe.give(of("/typed"));
    let output = pipe.run(&server).args(["-i", "5", "--html", "out.html"]).go().code(0);
    let report = std::fs::read_to_string(output.path("out.html")).unwrap();
    assert!(report.contains("get = \\\"/typed\\\""));

    pipe.give(of("/at-once"));
    let page = pipe.run(&server).arg("--autostart").open_page();
    server.await_requests(10);
    assert_eq!(page.view()["facts"]["scenario_text"], of("/at-once"));
    page.quit().code(0);
    assert_eq!(server.count_of("GET /typed"), 5);
}

#[test]
fn a_file_that_comes_to_need_a_value_asks_for_it_and_leaves_the_rest_of_the_form() {
    let (server, dir) = (plain_server(), tempfile::tempdir().unwrap());
    let path = dir.path().join("s.toml");
    let text = format!("[load]\nrate = 5\n{SCENARIO}");
    std::fs::write(&path, &text).unwrap();
    let page = Run::new([&path]).host(server.address).open_page();
    let before = page.read("/api/v1/form");
    assert_eq!((&before["load"], &before["parameters"]), (&json!("rate"), &json!([])));
    std::fs::write(&path, format!("{text}\n[parameter.q]\nrequired = true\n")).unwrap();
    let refused = page.post("/api/v1/runs", &json!({"rate": 7.0}));
    assert_eq!((refused.status, refused.fields()), (422, vec!["parameters.q".to_owned()]));
    let mut after = page.read("/api/v1/form");
    assert_eq!(after["parameters"][0]["name"], "q");
    after["parameters"] = json!([]);
    assert_eq!(after, before);
    page.quit().code(0);
}
