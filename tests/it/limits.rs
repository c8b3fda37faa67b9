//! A resource that is used up during a run is named, with what helps, and the run ends on time.

use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use gregaria::executor::allowed_cores;
use gregaria::target::{Options, Pathology, Server as Target};

use crate::support::{Answer, Output, Run, Server, toml};

/// Long enough for a second of load on any machine, far too short for a hang.
const ON_TIME: Duration = Duration::from_secs(10);

/// Makes a scenario of slow requests, each on its own connection.
fn crowd(timeout: &str) -> String {
    let class = format!("keep_alive = \"task\"\ntimeout = {timeout}\nwait_time = \"50ms\"");
    toml("1s", &format!("{class}\n[[user.task]]\nget = \"/\""))
}

/// Checks that some requests failed for this reason, that the run says what helps, and that it ends on time.
#[track_caller]
fn check(run: Run, error: &str, cure: &str) -> Output {
    let begin = Instant::now();
    let output = run.args(["--csv", "out"]).go().code(1);
    assert!(begin.elapsed() < ON_TIME, "{:?}", begin.elapsed());
    let failures = output.csv("out_failures.csv");
    let errors = failures.column("Error");
    assert!(errors.contains(&error), "{errors:?}");
    let told = output.stdout.clone() + &output.stderr;
    assert!(told.contains(cure), "no '{cure}' in:\n{told}");
    output
}

#[test]
fn descriptors_that_run_out_are_named_and_those_who_have_one_go_on() {
    let delay = Duration::from_millis(200);
    let pathology = Pathology { delay, ..Pathology::default() };
    let cores = vec![*allowed_cores().last().unwrap()];
    let server = Target::start(Options { cores, pathology, ..Options::default() }).unwrap();
    let Some(run) = Run::with_open_files(120, &crowd("\"5s\"")) else {
        return println!("skipped: this process may raise the limit on open files");
    };
    let run = run.host(server.address()).users(300);
    let output = check(run, "too many open files", "raise ulimit -n");
    let (requests, failures) = output.aggregated();
    assert!(requests > failures, "some had one");
    let seen = server.counters().requests;
    assert!((requests - failures..=requests - failures + output.cancelled()).contains(&seen));
}

/// The network namespace has sixteen ports.
#[test]
fn local_ports_that_run_out_are_named() {
    let Some(run) = Run::with_local_ports("40000 40015", &crowd("\"5s\"")) else {
        return println!("skipped: this process may have no network of its own");
    };
    let run = run.host("127.0.0.1:5000").users(60);
    check(run, "no local port left", "--local-address here");
}

#[test]
fn a_server_that_accepts_and_never_answers_is_given_up_and_the_run_ends() {
    let server = Server::start(|_| Answer::Never);
    let run = Run::of(&crowd("{ first_byte = \"300ms\" }")).host(server.address).users(20);
    check(run, "timed out waiting for the first byte after 300 ms", "");
    // Each request takes longer than the run.
    let begin = Instant::now();
    let output = Run::of(&crowd("\"1h\"")).host(server.address).users(20).go();
    assert!(begin.elapsed() < ON_TIME && output.cancelled() == 20, "{}", output.cancelled());
    check_nothing_completed(&output.code(1));
}

/// The numbers of such a run are empty, which must not look like success.
#[track_caller]
fn check_nothing_completed(output: &Output) {
    let line = "\nWarning: no request came to its end: 20 were cut off at the stop";
    assert!(output.stdout.contains(line), "{}", output.stdout);
    // The log says the same once, when every core has reported.
    let logged = output.stderr.matches("no request came to its end: ").count();
    let whole = "health: no request came to its end: 20 were cut off at the stop";
    assert!(logged == 1 && output.stderr.contains(whole), "{}", output.stderr);
}

#[test]
fn a_run_whose_connections_find_a_full_queue_has_completed_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    rustix::net::listen(&listener, 0).unwrap();
    let address = listener.local_addr().unwrap();
    let connect = || TcpStream::connect_timeout(&address, Duration::from_millis(200)).ok();
    let _queue_that_is_full: Vec<_> = std::iter::from_fn(connect).collect();
    let output = Run::of(&crowd("\"1h\"")).host(address).users(20).go();
    check_nothing_completed(&output.code(1));
    let asked = ["--exit-code-on-error", "7"];
    Run::of(&crowd("\"1h\"")).host(address).users(20).args(asked).go().code(7);
}

#[test]
fn an_accept_queue_that_is_full_is_named() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    rustix::net::listen(&listener, 0).unwrap();
    let address = listener.local_addr().unwrap();
    let connect = || TcpStream::connect_timeout(&address, Duration::from_millis(200)).ok();
    let _queue_that_is_full: Vec<_> = std::iter::from_fn(connect).collect();
    let text =
        crowd("{ connect = \"1s\" }").replacen("run_time = \"1s\"", "run_time = \"2500ms\"", 1);
    let run = Run::of(&text).host(address).users(5);
    check(run, "timed out connecting after 1 s", "net.core.somaxconn");
}
