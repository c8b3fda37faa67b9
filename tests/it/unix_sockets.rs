//! Servers on Unix sockets.

use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread;

use tempfile::TempDir;

use crate::support::{Output, Run, toml};

/// A server that answers everything and records the heads by connection.
struct UnixServer {
    path: PathBuf,
    seen: Arc<Mutex<Vec<Vec<String>>>>,
    _folder: TempDir,
}

impl UnixServer {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("app.sock");
        let listener = UnixListener::bind(&path).unwrap();
        let seen: Arc<Mutex<Vec<Vec<String>>>> = Arc::default();
        let shared = seen.clone();
        thread::spawn(move || {
            while let Ok((stream, _)) = listener.accept() {
                let shared = shared.clone();
                let number = {
                    let mut seen = shared.lock().unwrap();
                    seen.push(Vec::new());
                    seen.len() - 1
                };
                thread::spawn(move || serve(stream, &shared, number));
            }
        });
        UnixServer { path, seen, _folder: folder }
    }

    fn heads(&self) -> Vec<String> {
        self.seen.lock().unwrap().concat()
    }
}

fn serve(mut stream: UnixStream, seen: &Mutex<Vec<Vec<String>>>, number: usize) {
    let (mut input, mut piece) = (Vec::new(), [0; 4096]);
    while let Ok(count @ 1..) = stream.read(&mut piece) {
        input.extend_from_slice(&piece[..count]);
        while let Some(end) = input.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8(input.drain(..end + 4).collect()).unwrap();
            seen.lock().unwrap()[number].push(head);
            if stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").is_err() {
                return;
            }
        }
    }
}

fn scenario(class: &str) -> String {
    let steps = "steps = [ { get = \"/a\" }, { get = \"http://other.invalid:81/b\" } ]";
    toml("300ms", &format!("{class}\n[[user.task]]\n{steps}"))
}

#[track_caller]
fn check(output: &Output, server: &UnixServer) {
    let (heads, (requests, failures)) = (server.heads(), output.aggregated());
    let seen = heads.len() as u64;
    assert!((requests..=requests + output.cancelled()).contains(&seen), "{requests} of {seen}");
    assert!(requests > 10 && failures == 0);
    // Each user has one connection for both hosts, which are not resolved.
    assert_eq!(server.seen.lock().unwrap().len(), 3);
    let is = |head: &String, line: &str, host: &str| {
        head.starts_with(line) && head.contains(&format!("\r\nHost: {host}\r\n"))
    };
    assert!(heads.iter().all(|head| {
        is(head, "GET /a HTTP", "app.invalid") || is(head, "GET /b HTTP", "other.invalid:81")
    }));
}

#[test]
fn every_connection_goes_to_the_path_and_urls_say_what_is_asked_there() {
    let server = UnixServer::start();
    let class = format!("unix_socket = \"{}\"", server.path.display());
    check(&Run::of(&scenario(&class)).host("app.invalid").users(3).go().code(0), &server);
    let server = UnixServer::start();
    let run = Run::of(&scenario("proxy = \"http://nowhere.invalid\"")).host("app.invalid").users(3);
    check(&run.arg("--unix-socket").arg(&server.path).go().code(0), &server);
}

fn output_at(path: &Path) -> Output {
    let run = Run::of(&scenario("wait_time = \"10ms\"")).host("app.invalid");
    run.arg("--unix-socket").arg(path).args(["--csv", "out"]).go()
}

#[test]
fn a_path_without_a_server_is_doubted_and_fails() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("none.sock");
    let output = output_at(&path).code(1);
    assert!(output.stderr.contains(&format!("No server is at {}", path.display())));
    let failures = output.csv("out_failures.csv");
    let mut errors = failures.column("Error");
    errors.dedup();
    assert_eq!(errors, ["cannot connect: no such file or directory"]);
    std::fs::write(&path, "").unwrap();
    assert!(output_at(&path).code(1).stderr.contains("none.sock is not a socket"));
    let long = output_at(Path::new(&format!("/{}", "x".repeat(107)))).code(2);
    assert!(long.stderr.contains("1 to 107 bytes"), "{}", long.stderr);
}

#[test]
fn a_server_at_a_path_that_accepts_nobody_is_given_up() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("app.sock");
    let listener = UnixListener::bind(&path).unwrap();
    rustix::net::listen(&listener, 0).unwrap();
    let _queued = UnixStream::connect(&path).unwrap();
    let text = scenario("timeout = { connect = \"200ms\" }");
    let run = Run::of(&text).host("app.invalid").users(3).args(["--csv", "out"]);
    let output = run.arg("--unix-socket").arg(&path).go().code(1);
    let failures = output.csv("out_failures.csv");
    let mut errors = failures.column("Error");
    errors.dedup();
    assert_eq!(errors, ["timed out connecting after 200 ms"]);
}
