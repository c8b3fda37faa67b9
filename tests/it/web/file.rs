//! The scenario's file is read once for each run, and reports have the text that ran. What cannot be read twice is
//! kept.

use std::fs;
use std::mem::MaybeUninit;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread::spawn;
use std::time::{Duration, Instant};

use rustix::fd::OwnedFd;
use rustix::fs::inotify::{self, CreateFlags, ReadFlags, WatchFlags};
use serde_json::json;
use tempfile::TempDir;

use super::SCENARIO;
use crate::support::{Run, Server, Signal, plain_server};

/// A file that counts how often it is opened.
struct Watched {
    path: PathBuf,
    opened: OwnedFd,
    _dir: TempDir,
}

impl Watched {
    fn new(text: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("s.toml");
        fs::write(&path, text).unwrap();
        let opened = inotify::init(CreateFlags::NONBLOCK).unwrap();
        inotify::add_watch(&opened, &path, WatchFlags::OPEN | WatchFlags::CLOSE).unwrap();
        Watched { path, opened, _dir: dir }
    }

    fn write(&self, text: &str) {
        fs::write(&self.path, text).unwrap();
        assert_eq!(self.times_opened(), 1, "by us");
    }

    /// Returns how often since the last call. Equal events in a row would count once, but there are closings
    /// between them.
    fn times_opened(&self) -> usize {
        let mut space = [MaybeUninit::uninit(); 4096];
        let mut events = inotify::Reader::new(&self.opened, &mut space);
        let all = std::iter::from_fn(|| events.next().ok().map(|event| event.events()));
        all.filter(|event| event.contains(ReadFlags::OPEN)).count()
    }
}

/// The scenario, with this path.
fn of(path: &str) -> String {
    SCENARIO.replace("\"/\"", &format!("\"{path}\""))
}

fn make_pipe(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

fn run_of(path: &Path, server: &Server) -> Run {
    Run::new([path]).host(server.address).arg("--only-summary")
}

#[test]
fn each_start_reads_the_file_once_and_the_report_has_what_was_read() {
    let (server, file) = (plain_server(), Watched::new(&of("/shown")));
    let page = run_of(&file.path, &server).open_page();
    assert_eq!(page.view()["facts"]["scenario_text"], of("/shown"));
    assert_eq!(file.times_opened(), 1);
    for path in ["/first", "/second"] {
        file.write(&of(path));
        let before = server.count();
        page.command("/api/v1/runs", &json!({"users": 1}));
        assert_eq!(page.view()["facts"]["scenario_text"], of(path));
        server.await_requests(before + 2);
        page.read("/stop");
        let report = page.get("/stats/report").body;
        let has = |path: &str| report.contains(&format!("get = \\\"{path}\\\""));
        assert_eq!((has("/shown"), has(path)), (false, true), "{path}");
        assert!(server.count_of(&format!("GET {path}")) > 0, "{path}");
        assert_eq!(file.times_opened(), 1, "{path}");
    }
    assert_eq!(server.count_of("GET /shown"), 0);
    page.quit().code(0);
}

#[test]
fn what_can_be_read_only_once_is_kept_for_all_runs_of_the_page() {
    let (server, dir) = (plain_server(), tempfile::tempdir().unwrap());
    let pipe = dir.path().join("pipe");
    make_pipe(&pipe);
    let path = pipe.clone();
    let writer = spawn(move || fs::write(path, of("/piped")).unwrap());
    let stdin = Run::new(["/dev/stdin"]).host(server.address).arg("--only-summary");
    for run in [stdin.input(&of("/piped")), run_of(&pipe, &server)] {
        let page = run.open_page();
        for _ in 0..2 {
            let before = server.count_of("GET /piped");
            page.command("/api/v1/runs", &json!({"users": 1}));
            assert_eq!(page.view()["facts"]["scenario_text"], of("/piped"));
            // The second request is sent after the response to the first.
            server.await_requests(server.count() + 2);
            page.read("/stop");
            assert!(server.count_of("GET /piped") > before);
        }
        page.quit().code(0);
    }
    writer.join().unwrap();
}

/// A start from the page reads the scenario, and the files that it and the flags name.
#[test]
fn a_file_that_becomes_a_pipe_is_refused_at_once_and_the_page_goes_on() {
    let (server, dir) = (plain_server(), tempfile::tempdir().unwrap());
    let named = [
        ("post = \"/\"\nbody_file = \"FILE\"", "cannot read 'DIR/FILE'"),
        ("post = \"/\"\nmultipart = [{ name = \"f\", file = \"FILE\" }]", "cannot read 'DIR/FILE'"),
        ("get = \"/\"\n[tls]\nca = \"FILE\"", "ca: cannot read DIR/FILE"),
        ("get = \"/\"\n[tls]\ncert = \"FILE\"", "cert: cannot read DIR/FILE"),
    ];
    let scenario = dir.path().join("s.toml");
    let other = dir.path().join("other");
    make_pipe(&other);
    let user = SCENARIO.split("get").next().unwrap();
    fs::write(&scenario, SCENARIO).unwrap();
    let page = run_of(&scenario, &server).open_page();
    let refused = |expected: &str| {
        let begun = Instant::now();
        let answer = page.post("/api/v1/runs", &json!({"users": 1}));
        assert!(begun.elapsed() < Duration::from_secs(10), "{expected}");
        let expected = expected.replace("DIR/FILE", &other.display().to_string());
        assert_eq!(answer.status, 422);
        let is_told = answer.body.contains(&format!("{expected}: it is not a regular file"));
        assert!(is_told, "{expected}: {}", answer.body);
    };
    for (text, reason) in named {
        fs::write(&scenario, format!("{user}{}", text.replace("FILE", "other"))).unwrap();
        refused(reason);
    }
    fs::remove_file(&scenario).unwrap();
    make_pipe(&scenario);
    refused(&format!("cannot read {}", scenario.display()));
    page.running.signal(Signal::INT);
    page.running.wait().code(0);
}

#[test]
fn a_run_from_the_command_line_reads_the_file_once() {
    let (server, file) = (plain_server(), Watched::new(&of("/typed")));
    let output = run_of(&file.path, &server).args(["-i", "5", "--html", "out.html"]).go().code(0);
    let report = fs::read_to_string(output.path("out.html")).unwrap();
    assert!(report.contains("get = \\\"/typed\\\""));
    assert_eq!(file.times_opened(), 1);

    file.write(&of("/at-once"));
    let page = run_of(&file.path, &server).arg("--autostart").open_page();
    server.await_requests(10);
    assert_eq!(page.view()["facts"]["scenario_text"], of("/at-once"));
    page.quit().code(0);
    assert_eq!(server.count_of("GET /typed"), 5);
    assert_eq!(file.times_opened(), 1);
}

#[test]
fn a_file_that_comes_to_need_a_value_asks_for_it_and_leaves_the_rest_of_the_form() {
    let (server, dir) = (plain_server(), tempfile::tempdir().unwrap());
    let path = dir.path().join("s.toml");
    let text = format!("[load]\nrate = 5\n{SCENARIO}");
    fs::write(&path, &text).unwrap();
    let page = Run::new([&path]).host(server.address).open_page();
    let before = page.read("/api/v1/form");
    assert_eq!((&before["load"], &before["parameters"]), (&json!("rate"), &json!([])));
    fs::write(&path, format!("{text}\n[parameter.q]\nrequired = true\n")).unwrap();
    let refused = page.post("/api/v1/runs", &json!({"rate": 7.0}));
    assert_eq!((refused.status, refused.fields()), (422, vec!["parameters.q".to_owned()]));
    let mut after = page.read("/api/v1/form");
    assert_eq!(after["parameters"][0]["name"], "q");
    after["parameters"] = json!([]);
    assert_eq!(after, before);
    page.quit().code(0);
}
