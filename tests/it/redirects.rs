//! Redirects are followed within one sample, and each is counted.

use std::net::SocketAddr;

use gregaria::scenario::{Step, Task, User, WaitTime};
use gregaria::session::Session;

use crate::cookies::with_headers;
use crate::support::api::{Ran, go_until, ms, scenario};
use crate::support::{Answer, Output, Run, Seen, Server, ok, plain_server, toml};

/// Makes a redirect with a body and these headers.
fn redirect(status: u16, location: &str, headers: &str) -> Answer {
    let head = format!("HTTP/1.1 {status} Elsewhere\r\nContent-Length: 5\r\n{headers}");
    Answer::Send(format!("{head}Location: {location}\r\n\r\nmoved").into_bytes())
}

/// Runs one user until the server has seen this many requests.
fn run(server: &Server, step: Step, requests: u64) -> Ran {
    let user = User::new("u").task(step).wait_time(WaitTime::constant(ms(5)));
    go_until(scenario(server, user), 1, server, requests)
}

/// Checks that all requests that the server saw are counted.
#[track_caller]
fn check_conserved(ran: &Ran, seen: u64) {
    let counts = &ran.total().counts;
    let counted = ran.total().requests + counts.redirects + counts.challenges + counts.retries;
    // The server may have seen a cancelled request more than once, or not at all.
    let all = counted..=counted + counts.cancelled;
    assert!(all.contains(&seen), "{seen} seen, {counts:?}");
}

#[test]
fn a_chain_is_one_sample_under_its_first_name() {
    let server = Server::start(|request| match &*request.line {
        "GET /3" => redirect(302, "2?q=a b", ""),
        "GET /2?q=a%20b" => redirect(301, "/1", ""),
        "GET /1" => redirect(308, "//127.0.0.1/nowhere", "").to(request, "/0"),
        _ => ok(),
    });
    let ran = run(&server, Step::get("/3"), 12);
    assert_eq!(ran.summary.snapshot.entries.len(), 1);
    let row = ran.row("/3");
    assert!(row.requests >= 2 && row.failures == 0, "{row:?}");
    assert!(row.counts.redirects >= 3 * row.requests, "{row:?}");
    assert_eq!(row.mean_body_bytes(), 2.0, "the last response's");
    check_conserved(&ran, server.total());
    let lines: Vec<_> = server.seen().into_iter().take(4).map(|request| request.line).collect();
    assert_eq!(lines, ["GET /3", "GET /2?q=a%20b", "GET /1", "GET /0"]);
    assert_eq!(server.connections(), 1, "the connection is kept");
}

trait To {
    fn to(self, request: &Seen, path: &str) -> Answer;
}

impl To for Answer {
    /// With an absolute URL on the same server.
    fn to(self, request: &Seen, path: &str) -> Answer {
        let host = request.header("host").unwrap();
        redirect(308, &format!("http://{host}{path}"), "")
    }
}

/// Method, body and headers change as in Python's requests. The first request is a constant one.
#[test]
fn methods_bodies_and_headers_change_as_with_requests() {
    for (status, method, keeps_body) in
        [(301, "GET", false), (303, "GET", false), (307, "POST", true)]
    {
        let server = Server::start(move |request| match &*request.line {
            "POST /from" => redirect(status, "/to", ""),
            _ => ok(),
        });
        let name = http::HeaderName::from_static("x-a");
        let step = Step::post("/from")
            .json(serde_json::json!({"a": 1}))
            .header(name, "1".parse().unwrap())
            .header(http::header::COOKIE, "by=hand".parse().unwrap())
            .bearer_auth("token");
        let ran = run(&server, step, 2);
        assert_eq!(ran.total().failures, 0);
        let seen = &server.seen()[1];
        assert_eq!(seen.line, format!("{method} /to"));
        assert_eq!(seen.body, if keeps_body { &b"{\"a\":1}"[..] } else { b"" });
        let header = |name| seen.header(name);
        assert_eq!(header("content-type").is_some(), keeps_body, "{seen:?}");
        assert_eq!(header("content-length").is_some(), keeps_body, "{seen:?}");
        assert_eq!((header("x-a"), header("cookie")), (Some("1"), None));
        assert_eq!(header("authorization"), Some("Bearer token"));
    }
}

/// A user is redirected from one server to the other and back.
#[test]
fn credentials_stay_behind_and_connections_are_kept() {
    let other = Server::start(|request| {
        let back = request.header("x-back").unwrap();
        redirect(302, &format!("http://{back}/back"), "Set-Cookie: other=1; Path=/\r\n")
    });
    let to = other.address;
    let server = Server::start(move |request| match &*request.line {
        "GET /from" => redirect(302, &format!("http://{to}/to"), "Set-Cookie: own=1; Path=/\r\n"),
        _ => ok(),
    });
    let name = http::HeaderName::from_static("x-back");
    let back = server.address.to_string().parse().unwrap();
    let user = User::new("u").task(Step::get("/from")).header(name, back).basic_auth("al", "pw");
    let user = user.wait_time(WaitTime::constant(ms(5)));
    let ran = go_until(scenario(&server, user), 1, &server, 8);
    assert_eq!(ran.total().failures, 0);
    check_conserved(&ran, server.total() + other.total());
    assert_eq!((server.connections(), other.connections()), (1, 1));
    assert!(server.seen()[0].header("authorization").is_some());
    assert!(other.seen().iter().all(|request| request.header("authorization").is_none()));
    assert_eq!(server.seen()[1].header("authorization"), None, "it was let go of");
    assert_eq!(other.seen()[0].header("host"), Some(&*to.to_string()));
    // Cookies do not depend on the port.
    assert_eq!(other.seen()[0].header("cookie"), Some("own=1"));
    assert_eq!(server.seen()[1].header("cookie"), Some("own=1; other=1"));
}

/// Returns the failure of a request to this server, and the number of requests that the server saw.
fn failure(answer: impl Fn(&Seen) -> Answer + Send + Sync + 'static) -> (String, u64) {
    let server = Server::start(answer);
    let scenario = toml("1h", "wait_time = \"5s\"\n[[user.task]]\nget = \"/\"");
    let running = Run::of(&scenario).host(server.address).args(["--csv", "out", "-t", "1s"]);
    let output: Output = running.go().code(1);
    let failures = output.csv("out_failures.csv");
    let errors = failures.column("Error");
    assert_eq!(errors.len(), 1, "{errors:?}");
    (errors[0].to_owned(), server.total())
}

#[test]
fn what_cannot_be_followed_is_a_failure() {
    let looped = failure(|_| redirect(302, "/", ""));
    assert_eq!(looped, ("more than 30 redirects".to_owned(), 31));
    for (location, text) in [
        ("ftp://h/x", "redirect to an unsupported scheme: ftp"),
        ("http://[::1", "redirect to a malformed URL"),
    ] {
        let failed = failure(move |_| redirect(302, location, ""));
        assert_eq!(failed, (text.to_owned(), 1));
    }
    let nobody = SocketAddr::from(([127, 0, 0, 1], 1));
    let (text, _) = failure(move |_| redirect(302, &format!("http://{nobody}/"), ""));
    assert_eq!(text, "connection refused");
}

#[test]
fn the_timeout_is_that_of_the_whole_way() {
    let server = Server::start(|_| Answer::Late(ms(80), Box::new(redirect(302, "/", ""))));
    let user = User::new("u").task(Step::get("/").timeout(ms(300)));
    let ran = go_until(scenario(&server, user), 1, &server, 8);
    let row = ran.row("/");
    assert_eq!(row.failures, row.requests);
    let max = row.latency.figures.as_ref().expect("some times").max.as_millis();
    assert!((300..380).contains(&max), "{max} ms");
    check_conserved(&ran, server.total());
}

#[test]
fn a_status_without_a_location_is_a_response() {
    for answer in [
        with_headers("").status("302 Found"),
        redirect(302, "", ""),
        redirect(300, "/x", ""),
        with_headers("Location: /x\r\n"),
    ] {
        let server = Server::start(move |_| answer.clone());
        let ran = run(&server, Step::get("/"), 3);
        assert_eq!((ran.total().failures, ran.total().counts.redirects), (0, 0));
        assert!(server.seen().iter().all(|request| request.line == "GET /"));
    }
}

/// A `Host` header and digest credentials are not sent to another server.
#[test]
fn what_was_said_to_one_server_is_not_said_to_another() {
    let other = Server::start(|_| {
        let challenge = "WWW-Authenticate: Digest realm=\"r\", nonce=\"n\"\r\n";
        with_headers(challenge).status("401 Unauthorized")
    });
    let to = other.address;
    let server = Server::start(move |request| match &*request.line {
        "GET /from" => redirect(302, "/same", ""),
        _ => redirect(302, &format!("http://{to}/"), ""),
    });
    let host = http::HeaderValue::from_static("shop.example");
    let step = Step::get("/from").header(http::header::HOST, host).digest_auth("al", "pw");
    let ran = run(&server, step, 4);
    assert_eq!(ran.total().failures, ran.total().requests, "401 is the answer");
    assert_eq!(ran.total().counts.challenges, 0);
    check_conserved(&ran, server.total() + other.total());
    assert_eq!(server.seen()[1].header("host"), Some("shop.example"));
    assert_eq!(other.seen()[0].header("host"), Some(&*to.to_string()));
}

trait Status {
    fn status(self, status: &str) -> Answer;
    /// As the response to a HEAD request.
    fn without_body(self, request: &Seen) -> Answer;
}

impl Status for Answer {
    fn status(self, status: &str) -> Answer {
        let Answer::Send(bytes) = self else { panic!("{self:?}") };
        Answer::Send(String::from_utf8(bytes).unwrap().replace("200 OK", status).into_bytes())
    }

    fn without_body(self, request: &Seen) -> Answer {
        let Answer::Send(mut bytes) = self else { panic!("{self:?}") };
        if request.line.starts_with("HEAD ") {
            let end = bytes.windows(4).position(|end| end == b"\r\n\r\n").unwrap();
            bytes.truncate(end + 4);
        }
        Answer::Send(bytes)
    }
}

#[test]
fn redirects_are_looked_at_where_they_are_not_followed() {
    let server = Server::start(|_| redirect(302, "/next", "Set-Cookie: sid=1\r\n"));
    let task = Task::new("code", async |session: &mut Session| {
        let response = session.get("/call").redirects(false).send().await?;
        assert_eq!((response.status(), response.is_success()), (302, true));
        assert_eq!(response.header("location"), Some(&b"/next"[..]));
        assert_eq!(response.body(), b"moved");
        Ok(())
    });
    let user = User::new("u").task(task).task(Step::get("/step").redirects(false));
    let ran = go_until(scenario(&server, user.wait_time(WaitTime::constant(ms(5)))), 1, &server, 8);
    assert_eq!((ran.total().failures, ran.total().counts.redirects), (0, 0));
    assert_eq!(server.count_of("GET /next"), 0);
    assert_eq!(server.seen()[1].header("cookie"), Some("sid=1"));

    let user = User::new("u").redirects(false).task(Step::get("/class"));
    let ran =
        go_until(scenario(&server, user.wait_time(WaitTime::constant(ms(5)))), 1, &server, 14);
    assert_eq!((ran.total().failures, ran.total().counts.redirects), (0, 0));
}

/// `Session.head` of requests 2.34.2 and `client.head` of Locust 2.47's `HttpUser` follow no redirect by default.
/// They do follow redirects of OPTIONS, as we do.
#[test]
fn head_follows_where_it_says_so_itself() {
    let server = Server::start(|request| match request.line.rsplit_once('/') {
        Some((_, "from")) => redirect(302, "/to", "").without_body(request),
        _ => with_headers("").without_body(request),
    });
    let user = User::new("u")
        .redirects(true)
        .task(Task::steps(
            "t",
            vec![
                Step::head("/from").name("plain"),
                Step::head("/from").name("asks").redirects(true),
                Step::options("/from"),
            ],
        ))
        .wait_time(WaitTime::constant(ms(5)));
    let ran = go_until(scenario(&server, user), 1, &server, 10);
    assert_eq!(ran.total().failures, 0);
    let lines: Vec<_> = server.seen().into_iter().take(5).map(|request| request.line).collect();
    assert_eq!(lines, ["HEAD /from", "HEAD /from", "HEAD /to", "OPTIONS /from", "GET /to"]);
    assert_eq!(ran.row("plain").counts.redirects, 0);
    check_conserved(&ran, server.total());
}

/// The end of a redirect's long body is not waited for.
#[test]
fn nobody_waits_for_the_long_body_of_a_redirect() {
    let server = Server::start(|request| match &*request.line {
        "GET /" => {
            let head =
                "HTTP/1.1 302 Found\r\nLocation: /next\r\nContent-Length: 1000000000\r\n\r\n";
            Answer::Send([head.as_bytes(), &[b'x'; 200_000]].concat())
        }
        _ => ok(),
    });
    let ran = run(&server, Step::get("/"), 4);
    assert_eq!(ran.total().failures, 0);
    check_conserved(&ran, server.total());
}

/// Followed redirects are counted below the tables of the command.
#[test]
fn the_command_tells_of_redirects() {
    let other = plain_server();
    let to = other.address;
    let server = Server::start(move |_| redirect(302, &format!("http://{to}/"), ""));
    let scenario = toml("1s", "wait_time = \"20ms\"\n[[user.task]]\nget = \"/\"");
    let output =
        Run::of(&scenario).host(server.address).args(["--stop-timeout", "5s"]).go().code(0);
    let (requests, _) = output.aggregated();
    let line = format!("Requests sent to follow redirects: {requests} ");
    assert!(output.stdout.contains(&line), "{}", output.stdout);
    assert_eq!((server.total(), other.total()), (requests, requests));
}
