//! Bodies of requests: files, forms with files, large ones, and those that wait to be asked for.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use gregaria::scenario::{Scenario, Step, Task, User, WaitTime};
use gregaria::session::{Part, Session, Upload, status};

use crate::support::api::{Ran, go, go_until, ms, scenario, users};
use crate::support::{Answer, Run, Server, ok, plain_server, toml};

fn pattern(len: usize) -> Vec<u8> {
    (0..len).map(|n| (n * 7 + n / 251) as u8).collect()
}

/// Makes a request as a step and from code.
fn forms_of(path: &'static str, upload: &Upload) -> [Task; 2] {
    let in_code = upload.clone();
    let code = Task::new("code", async move |session: &mut Session| {
        session.post(path).upload(&in_code).send().await?;
        Ok(())
    });
    [Task::from(Step::post(path).upload(upload.clone())), code]
}

#[test]
fn bodies_of_any_length_arrive_as_they_are() {
    for len in [0, 1, 64 << 10, (64 << 10) + 1, 10 << 20] {
        let body = pattern(len);
        let in_code = body.clone();
        let bytes = Task::new("bytes", async move |session: &mut Session| {
            session.post("/up").body(in_code.clone()).send().await?;
            Ok(())
        });
        let kept = Task::from(Step::post("/up").body(body.clone()));
        let uploads = forms_of("/up", &Upload::from(body.clone()));
        for task in uploads.into_iter().chain([bytes, kept]) {
            let server = plain_server();
            let user = User::new("u").task(task).wait_time(WaitTime::constant(ms(1)));
            let ran = go_until(scenario(&server, user), 1, &server, 3);
            assert_eq!((ran.total().failures, server.connections()), (0, 1), "{len} bytes");
            for seen in server.seen() {
                assert_eq!(seen.header("content-length"), Some(&*len.to_string()));
                assert_eq!(seen.header("content-type"), None);
                assert!(seen.body == body, "{len} bytes differ");
            }
        }
    }
}

#[test]
fn many_users_send_one_file_at_once() {
    let body = pattern(3 << 20);
    let [step, code] = forms_of("/up", &Upload::from(body.clone()));
    let server = plain_server();
    let user = User::new("u").task(step).task(code).timeout(Duration::from_secs(15));
    let ran = go_until(scenario(&server, user), 10, &server, 40);
    assert_eq!(ran.total().failures, 0);
    assert!(server.seen().iter().all(|seen| seen.body == body));
}

#[test]
fn a_scenario_file_sends_files_and_forms() {
    let server = plain_server();
    let steps = toml(
        "1h",
        "wait_time = 3600\n[[user.task]]\nsteps = [ { put = \"/file\", body_file = \"s.toml\" }, \
         { post = \"/form\", multipart = [ { name = \"a\", value = \"b\" }, \
         { name = \"f\", file = \"s.toml\", content_type = \"text/plain\" } ] }, { get = \"/end\" } ]",
    );
    let run = Run::of(&steps).host(server.address).users(1);
    run.go_until(&server, 3).code(0);
    let seen = server.seen();
    assert_eq!(seen[0].body, steps.as_bytes());
    let text = http::HeaderValue::from_static("text/plain");
    let file = Upload::from(steps.into_bytes()).content_type(text);
    let form = Upload::multipart(&[Part::value("a", "b"), Part::file("f", "s.toml", file)]);
    assert!(seen[1].body == form.bytes());
    let content_type = "multipart/form-data; boundary=gregaria-form-0000000000000000";
    assert_eq!(seen[1].header("content-type"), Some(content_type));
}

#[test]
fn a_file_that_is_not_there_is_an_error_before_the_run() {
    let text = toml("1s", "[[user.task]]\nput = \"/\"\nbody_file = \"none\"");
    let output = Run::of(&text).host("127.0.0.1:9").go().code(2);
    assert!(output.stderr.contains("s.toml:7:13: cannot read 'none'"), "{}", output.stderr);
}

/// Starts a server that runs this function for each connection, on its own thread.
fn serve(
    each: impl Fn(&mut TcpStream) -> io::Result<()> + Send + Sync + 'static,
) -> (SocketAddr, Receiver<()>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let (ended, ends) = channel();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            // A client that closes is no error.
            let _ = each(&mut stream);
            drop(stream);
            if ended.send(()).is_err() {
                return;
            }
        }
    });
    (address, ends)
}

/// Reads a head, and no more.
fn read_head(stream: &mut TcpStream) -> io::Result<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    Ok(String::from_utf8(head).unwrap())
}

/// Runs one user with this step for a short time.
fn run_step(address: SocketAddr, step: Step) -> Ran {
    let user = User::new("u").task(step).wait_time(WaitTime::constant(ms(3_600_000)));
    let user = user.timeout(Duration::from_secs(10));
    go(Scenario::new(format!("http://{address}")).user(user), users(1, ms(2_500)))
}

const TOO_LARGE: &[u8] = b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 2\r\n\r\nno";

fn large() -> Step {
    Step::put("/large").upload(Upload::from(pattern(10 << 20)))
}

/// Returns the failure of the only request.
#[track_caller]
fn only_failure(ran: &Ran) -> &str {
    assert_eq!(ran.total().requests, 1);
    let [failure] = &ran.summary.snapshot.failures[..] else { panic!("{:?}", ran.total()) };
    &failure.message
}

#[test]
fn an_answer_before_the_end_of_the_body_is_the_outcome() {
    let (closes, _ends) = serve(|stream| {
        read_head(stream)?;
        stream.write_all(TOO_LARGE)
    });
    assert_eq!(only_failure(&run_step(closes, large())), "413 Payload Too Large");
    let checked = run_step(closes, large().check(status(413)));
    assert_eq!((checked.total().requests, checked.total().failures), (1, 0));

    let (keeps, ends) = serve(|stream| {
        read_head(stream)?;
        stream.write_all(TOO_LARGE)?;
        // Stops reading, and waits until the client closes.
        while stream.peek(&mut [0]).is_ok_and(|count| count > 0) {
            thread::sleep(ms(5));
            let mut sink = [0; 4096];
            if stream.read(&mut sink)? == 0 {
                break;
            }
        }
        Ok(())
    });
    assert_eq!(only_failure(&run_step(keeps, large())), "413 Payload Too Large");
    ends.recv_timeout(Duration::from_secs(10)).expect("the client closes what it has not sent");
}

#[test]
fn a_close_inside_the_body_without_an_answer_is_a_failure() {
    let (address, _ends) = serve(|stream| {
        read_head(stream)?;
        stream.read_exact(&mut [0; 100_000])
    });
    let ran = run_step(address, large());
    let message = only_failure(&ran);
    assert!(
        ["connection reset before the response", "connection closed before the response"]
            .contains(&message),
        "{message}"
    );
}

/// Runs a request with `Expect` against a server that answers its head like this. Returns the run, the body that the
/// server got, and how long that took.
fn expecting(answer: &'static [u8], body: usize) -> (Ran, Vec<u8>, Duration) {
    let (saw, seen) = channel();
    let (address, _ends) = serve(move |stream| {
        let head = read_head(stream)?;
        assert!(head.contains("\r\nexpect: 100-continue\r\n"), "{head}");
        let begin = Instant::now();
        stream.write_all(answer)?;
        let mut got = vec![0; body];
        let came = stream.read_exact(&mut got);
        let _ = saw.send((if came.is_ok() { got } else { Vec::new() }, begin.elapsed()));
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    });
    let ran = run_step(address, Step::put("/").body(pattern(body)).expect_continue());
    let (got, took) = seen.recv_timeout(Duration::from_secs(10)).unwrap();
    (ran, got, took)
}

#[test]
fn a_body_waits_until_it_is_asked_for() {
    for len in [1, 100_000] {
        let (ran, got, took) = expecting(b"HTTP/1.1 100 Continue\r\n\r\n", len);
        assert_eq!(ran.total().failures, 0);
        assert!(got == pattern(len) && took < ms(700), "{took:?}");
    }
}

#[test]
fn a_body_waits_for_a_second_where_nobody_asks() {
    let (ran, got, took) = expecting(b"", 1000);
    assert_eq!(ran.total().failures, 0);
    assert!(got == pattern(1000) && (ms(900)..ms(2_000)).contains(&took), "{took:?}");
}

#[test]
fn a_body_is_not_sent_after_a_final_answer() {
    let (ran, got, took) = expecting(TOO_LARGE, 1000);
    assert_eq!(only_failure(&ran), "413 Payload Too Large");
    assert!(got.is_empty() && took < ms(700), "the connection is closed: {took:?}");
}

/// What a server saw of each request: whether it had `Expect`, and its body.
type Asked = Receiver<(bool, Vec<u8>)>;

/// Starts a server that answers `Expect` with 417. It closes if `closes`, and refuses every request if `always`.
fn refusing(closes: bool, always: bool) -> (SocketAddr, Asked, Receiver<()>) {
    let (saw, seen) = channel();
    let (address, ends) = serve(move |stream| {
        loop {
            let head = read_head(stream)?;
            let expects = head.contains("\r\nexpect: ");
            let mut body = vec![0; if expects { 0 } else { 1000 }];
            stream.read_exact(&mut body)?;
            let _ = saw.send((expects, body));
            stream.write_all(match expects || always {
                true => b"HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n",
                false => b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
            })?;
            if closes {
                return Ok(());
            }
        }
    });
    (address, seen, ends)
}

/// As RFC 9110 section 10.1.1 says and curl does. The server has seen both requests, so both are counted.
#[test]
fn a_refused_expectation_is_dropped_once() {
    for (closes, always) in [(false, false), (true, false), (false, true)] {
        let code = Task::new("code", async |session: &mut Session| {
            session.put("/").body(pattern(1000)).expect_continue().send().await?;
            Ok(())
        });
        let step = Step::put("/").body(pattern(1000)).expect_continue();
        for task in [Task::from(step), code] {
            let (address, seen, _ends) = refusing(closes, always);
            let user = User::new("u").task(task).wait_time(WaitTime::constant(ms(3_600_000)));
            let user = user.timeout(Duration::from_secs(10));
            let ran = go(Scenario::new(format!("http://{address}")).user(user), users(1, ms(900)));
            let total = ran.total();
            assert_eq!((total.requests, total.failures), (1, u64::from(always)));
            assert_eq!((total.counts.without_expect, total.counts.retries), (1, 0));
            let seen: Vec<_> = seen.try_iter().collect();
            assert_eq!(seen, [(true, Vec::new()), (false, pattern(1000))]);
        }
    }
}

/// A request without `Expect` is not sent again.
#[test]
fn a_417_without_an_expectation_is_the_answer() {
    let answer = "HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n";
    let server = Server::start(move |_| Answer::Send(answer.into()));
    let ran = run_step(server.address, Step::put("/").body("body"));
    assert_eq!(only_failure(&ran), "417 Expectation Failed");
    assert_eq!((server.total(), ran.total().counts.without_expect), (1, 0));
}

#[test]
fn a_request_without_a_body_expects_nothing() {
    let server = plain_server();
    let step = Step::get("/").expect_continue();
    let user = User::new("u").task(step).wait_time(WaitTime::constant(ms(3_600_000)));
    go_until(scenario(&server, user), 1, &server, 1);
    assert_eq!(server.seen()[0].header("expect"), None);
}

#[test]
fn a_redirect_that_keeps_the_body_sends_it_again() {
    let server = Server::start(|seen| match &*seen.line {
        "PUT /first" => Answer::Send(
            b"HTTP/1.1 307 Over There\r\nLocation: /second\r\nContent-Length: 0\r\n\r\n".to_vec(),
        ),
        _ => ok(),
    });
    for (step, requests) in [(Step::put("/first"), 2), (Step::put("/first").expect_continue(), 4)] {
        let step = step.upload(Upload::from(pattern(100_000))).check(status(200));
        let user = User::new("u").task(step).wait_time(WaitTime::constant(ms(3_600_000)));
        let ran = go_until(scenario(&server, user), 1, &server, requests);
        assert_eq!(ran.total().failures, 0);
    }
    let seen = server.seen();
    assert_eq!(seen.len(), 4);
    assert!(seen.iter().all(|request| request.body == pattern(100_000)));
    assert!(seen[2..].iter().all(|request| request.header("expect").is_some()));
}
