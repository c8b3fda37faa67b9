//! The built-in server from the command line, and the demo that runs against it.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use gregaria::target::{Bimodal, Pathology};

use crate::support::{Run, Running, Signal};

/// Starts `gregaria serve` on a free port, and returns its address.
fn serve(args: &[&str]) -> (Running, String) {
    serving(Run::new(["serve", "--port", "0"]).args(args))
}

fn serving(run: Run) -> (Running, String) {
    let mut running = run.start();
    let address = running.serving_at();
    (running, address)
}

/// Returns all that the server sends for a GET.
fn get(address: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    text
}

#[test]
fn serve_answers_as_the_tutorials_api_and_says_what_it_saw() {
    let (running, address) = serve(&[]);
    for (path, body) in [
        ("/", r#"{"message": "Welcome to the API!"}"#),
        ("/users", r#"{"users": ["Alice", "Bob", "Charlie"]}"#),
        ("/status", r#"{"status": "healthy"}"#),
    ] {
        let text = get(&address, path);
        assert!(text.starts_with("HTTP/1.1 200 OK\r\n"), "{text}");
        assert!(text.to_lowercase().contains("content-type: application/json"), "{text}");
        assert!(text.ends_with(&format!("\r\n\r\n{body}")), "{text}");
    }
    running.signal(Signal::INT);
    let output = running.wait().code(0);
    let last = output.stdout.lines().last();
    assert_eq!(last, Some("Requests: 3, responses: 3, connections: 3"), "{}", output.stderr);
}

#[test]
fn a_port_that_is_taken_is_named() {
    let (_running, address) = serve(&[]);
    let port = address.rsplit_once(':').unwrap().1;
    let output = Run::new(["serve", "--port", port]).go().code(2);
    assert!(output.stderr.contains(port), "{}", output.stderr);
    assert!(output.stderr.to_lowercase().contains("in use"), "{}", output.stderr);
    assert_eq!(output.stdout, "");
}

#[test]
fn a_server_like_flasks_is_no_trouble_for_a_run() {
    let (running, address) = serve(&["--close"]);
    let output = Run::new([format!("http://{address}/users")]).args(["-t", "1s", "-u", "2"]).go();
    let (requests, failures) = output.code(0).aggregated();
    assert!(requests > 0 && failures == 0);
    running.signal(Signal::TERM);
    running.wait().code(0);
}

#[test]
fn the_demo_has_no_failures() {
    let output = Run::new(["demo", "-t", "1s"]).go().code(0);
    let (requests, failures) = output.aggregated();
    assert!(requests > 100 && failures == 0);
    for name in ["/", "/users", "/status"] {
        assert!(output.stdout.contains(&format!("GET      {name} ")), "{}", output.stdout);
    }
}

/// When a request was sent and when its response came, since the first request.
struct Times {
    sent: Duration,
    received: Duration,
}

/// Sends requests at these milliseconds, each on its own connection.
fn open_arrivals(address: &str, arrivals: &[u64]) -> Vec<Times> {
    let streams: Vec<_> = arrivals.iter().map(|_| TcpStream::connect(address).unwrap()).collect();
    let begin = Instant::now();
    let request = |(mut stream, &at): (TcpStream, &u64)| {
        thread::spawn(move || {
            thread::sleep(Duration::from_millis(at).saturating_sub(begin.elapsed()));
            let sent = begin.elapsed();
            stream.write_all(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n").unwrap();
            assert!(stream.read(&mut [0; 512]).unwrap() > 0);
            Times { sent, received: begin.elapsed() }
        })
    };
    let requests: Vec<_> = streams.into_iter().zip(arrivals).map(request).collect();
    requests.into_iter().map(|request| request.join().unwrap()).collect()
}

/// Responses come when the script says: never earlier, and not much later.
///
/// The script's clock starts when the first request arrives, a little after it was sent. So a request is held at
/// least as long as the script says for the instant when it was sent, unless that is very close to the start
/// of a silence.
#[track_caller]
fn check_script(run: impl Fn(Run) -> Run, pathology: Pathology, arrivals: &[u64]) {
    const FAR: Duration = Duration::from_millis(90);
    const LATE: Duration = Duration::from_millis(150);
    // A busy machine may be late for a while.
    for _ in 0..5 {
        let (_running, address) = serving(run(Run::new(["serve", "--port", "0"])));
        let all = open_arrivals(&address, arrivals);
        let late = |(times, nth): (&Times, u64)| {
            let due = times.sent + pathology.answer_time(times.sent, nth);
            times.received.as_secs_f64() - due.as_secs_f64()
        };
        let late: Vec<f64> = all.iter().zip(0..).map(late).collect();
        if late[0] > FAR.as_secs_f64() {
            continue;
        }
        assert!(late.iter().all(|&late| late >= 0.0), "{late:?}");
        if late.iter().all(|&late| late < LATE.as_secs_f64()) {
            return;
        }
    }
    panic!("the server was late five times");
}

#[test]
fn a_stall_is_served_as_its_flag_says() {
    let pathology = Pathology {
        delay: Duration::from_millis(20),
        stall: Some("400ms/1s".parse().unwrap()),
        ..Pathology::default()
    };
    let run = |run: Run| run.args(["--delay", "20ms", "--stall", "400ms/1s"]);
    check_script(run, pathology, &[0, 100, 200, 300, 500, 700, 850, 1100, 1200, 1500]);
}

#[test]
fn a_full_stop_is_served_as_its_variable_says() {
    let stop = Some("300ms/600ms".parse().unwrap());
    let run = |run: Run| run.env("GREGARIA_SERVE_STOP_AT", "300ms/600ms");
    let arrivals = [0, 100, 150, 400, 500, 600, 700, 1000];
    check_script(run, Pathology { stop, ..Pathology::default() }, &arrivals);
}

#[test]
fn a_slow_start_is_served_as_its_flag_says() {
    let slow_start = Some("800ms/1s".parse().unwrap());
    let run = |run: Run| run.args(["--slow-start", "800ms/1s"]);
    let arrivals = [0, 100, 200, 400, 600, 800, 1100];
    check_script(run, Pathology { slow_start, ..Pathology::default() }, &arrivals);
}

#[test]
fn two_answer_times_are_served_as_flag_and_seed_say() {
    let bimodal: Bimodal = "30%:50ms".parse().unwrap();
    let pathology = Pathology { bimodal: Some(bimodal.seed(5)), ..Pathology::default() };
    let (_running, address) = serve(&["--bimodal", "30%:50ms", "--seed", "5"]);
    let took = |nth| {
        let begin = Instant::now();
        get(&address, "/");
        (pathology.answer_time(Duration::ZERO, nth), begin.elapsed())
    };
    let times: Vec<_> = (0..30).map(took).collect();
    assert!(times.iter().all(|(script, time)| time >= script), "{times:?}");
    let slow = times.iter().filter(|(script, _)| !script.is_zero()).count();
    let took_long = times.iter().filter(|(_, time)| *time >= Duration::from_millis(50)).count();
    assert!((5..15).contains(&slow) && took_long <= slow + 3, "{times:?}");
}

#[test]
fn a_script_that_cannot_be_is_refused_with_the_reason() {
    for (flag, value, reason) in [
        ("--stall", "2s/1s", "a stall must be shorter than its period"),
        ("--stall", "100ms", "a stall and its period, such as 100ms/1s"),
        ("--stop-at", "3s/soon", "invalid duration 'soon'"),
        ("--slow-start", "200ms/0s", "a slow start must take some time"),
        ("--bimodal", "5:50ms", "a share between 0 and 1, or between 0% and 100%"),
    ] {
        let output = Run::new(["serve", "--port", "0", flag, value]).go().code(2);
        assert!(output.stderr.contains(reason), "{}", output.stderr);
        assert!(output.stderr.contains(flag), "{}", output.stderr);
    }
}
