//! Connections that are kept, shared and closed, as the server sees them.

use std::collections::BTreeMap;
use std::fs;
use std::net::Ipv6Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use gregaria::executor::allowed_cores;
use gregaria::plan::Options;
use gregaria::scenario::{KeepAlive, Parallel, Step, Task, User, WaitTime};
use gregaria::session::{Session, status};
use gregaria::target::{Options as TargetOptions, Server as Target};

use crate::support::api::{begin, go, ms, scenario, users};
use crate::support::{Answer, Run, Server, Signal, ok, plain_server, response, toml};

/// Returns the number of requests on each connection.
fn per_connection(server: &Server) -> Vec<usize> {
    let mut carried = BTreeMap::new();
    for request in server.seen() {
        *carried.entry(request.connection).or_insert(0) += 1;
    }
    carried.into_values().collect()
}

#[test]
fn a_connection_is_closed_after_its_last_request_without_a_word() {
    let server = plain_server();
    let text = toml("1h", "max_requests_per_connection = 3\n[[user.task]]\nget = \"/\"");
    let output = Run::of(&text).host(server.address).users(2).go_until(&server, 100).code(0);
    let seen = server.total();
    let (requests, _) = output.aggregated();
    // A request that was cancelled while it connected has not reached the server.
    assert!((requests..=requests + output.cancelled()).contains(&seen), "{requests} of {seen}");
    assert_eq!(output.retries(), 0);
    let carried = per_connection(&server);
    // The two connections that were open at the stop may have had fewer requests.
    let whole = carried.iter().filter(|&&requests| requests == 3).count();
    assert!(whole + 2 >= carried.len() && carried.iter().all(|&n| n <= 3), "{carried:?}");
    assert!(server.seen().iter().all(|request| request.header("connection").is_none()));
}

#[test]
fn a_connection_for_one_request_says_so() {
    let server = plain_server();
    let text = toml("1h", "max_requests_per_connection = 1\n[[user.task]]\nget = \"/\"");
    Run::of(&text).host(server.address).go_until(&server, 20).code(0);
    assert!(server.total() >= 20 && per_connection(&server).iter().all(|&n| n == 1));
    assert!(server.seen().iter().all(|request| request.header("connection") == Some("close")));
}

/// Starts a slow server that counts the most requests at the same time.
fn slow_server(delay: u64) -> (Server, Arc<AtomicUsize>) {
    let (most, under_way) = (Arc::<AtomicUsize>::default(), AtomicUsize::new(0));
    let seen = most.clone();
    let server = Server::start(move |request| {
        seen.fetch_max(under_way.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        std::thread::sleep(ms(delay));
        under_way.fetch_sub(1, Ordering::SeqCst);
        if request.line.contains("/bad") { Answer::Send(response("500 Oops", "")) } else { ok() }
    });
    (server, most)
}

/// A page of ten parts.
fn page(connections: u32) -> Task {
    let steps = (0..10).map(|n| Step::get(format!("/part/{n}")).name("part")).collect();
    let parallel = Parallel::new(steps).connections(connections);
    Task::instructions(
        "page",
        vec![Step::get("/").into(), parallel.into(), Step::get("/end").into()],
    )
}

/// One user, who fetches one page and then waits.
fn one_page(task: Task) -> (User, Options) {
    let user = User::new("u").task(task).wait_time(WaitTime::constant(ms(3_600_000)));
    (user, Options { iterations: Some(1), ..users(1, ms(10_000)) })
}

#[test]
fn parallel_requests_share_as_many_connections_as_they_are_given() {
    for (connections, expected) in [(1, 1), (3, 3), (6, 6), (100, 10)] {
        let (server, most) = slow_server(20);
        let (user, options) = one_page(page(connections));
        let ran = go(scenario(&server, user), options);
        assert_eq!((ran.total().requests, ran.total().failures), (12, 0));
        assert_eq!(server.total(), 12);
        assert_eq!((server.connections(), most.load(Ordering::SeqCst)), (expected, expected));
        // The parallel part begins after the step before it, and ends before the step after it.
        let seen = server.seen();
        assert_eq!((&*seen[0].line, &*seen[11].line), ("GET /", "GET /end"));
        let mut parts: Vec<_> = seen[1..11].iter().map(|request| request.line.clone()).collect();
        parts.sort();
        assert_eq!(parts, (0..10).map(|n| format!("GET /part/{n}")).collect::<Vec<_>>());
    }
}

/// A request that waits for a connection has not started: ten requests over two connections each take as
/// long as one.
#[test]
fn each_parallel_request_has_its_own_clock() {
    let (server, _) = slow_server(40);
    let (user, options) = one_page(page(2));
    let ran = go(scenario(&server, user), options);
    let slowest = ran.row("part").latency.figures.as_ref().unwrap().max;
    assert!((ms(40)..ms(160)).contains(&slowest), "{slowest:?}");
    assert!(ran.took >= ms(7 * 40), "{:?}", ran.took);
}

#[test]
fn parallel_requests_in_code_are_checked_as_single_ones_are() {
    let (server, most) = slow_server(20);
    let task = Task::new("code", async |session: &mut Session| {
        let paths = ["/a", "/bad", "/c", "/d"];
        let requests = paths.map(|path| session.get(path).check(status(200)).later());
        let none = session.get("/e").header("no such", "name").later();
        let responses = session.parallel(requests.into_iter().chain([none]), 3).await;
        let statuses: Vec<_> =
            responses.iter().map(|r| r.as_ref().map_or(0, |r| r.status())).collect();
        assert_eq!(statuses, [200, 500, 200, 200, 0]);
        assert!(session.parallel([], 0).await.is_empty());
        Ok(())
    });
    let (user, options) = one_page(task);
    let ran = go(scenario(&server, user), options);
    assert_eq!(ran.summary.snapshot.exceptions, []);
    assert_eq!((ran.total().requests, ran.total().failures), (5, 2));
    assert_eq!((server.total(), most.load(Ordering::SeqCst)), (4, 3));
}

/// A cookie that one request gets is sent by all others of the user, over every connection.
#[test]
fn the_cookies_of_a_user_are_those_of_all_its_lanes() {
    let server = Server::start(|request| match &*request.line {
        "GET /" => {
            Answer::Send(b"HTTP/1.1 204 No Content\r\nSet-Cookie: a=1; Path=/\r\n\r\n".to_vec())
        }
        "GET /part/3" => {
            Answer::Send(b"HTTP/1.1 204 No Content\r\nSet-Cookie: b=2; Path=/\r\n\r\n".to_vec())
        }
        _ => ok(),
    });
    let (user, options) = one_page(page(4));
    let ran = go(scenario(&server, user), options);
    assert_eq!((ran.total().requests, ran.total().failures), (12, 0));
    let seen = server.seen();
    assert_eq!(seen[0].header("cookie"), None);
    let parts = &seen[1..11];
    assert!(parts.iter().all(|part| part.header("cookie").is_some_and(|c| c.contains("a=1"))));
    let last = seen[11].header("cookie").unwrap();
    assert!(last.contains("a=1") && last.contains("b=2"), "{last}");
}

#[test]
fn the_lanes_of_a_task_are_closed_with_it() {
    let (server, _) = slow_server(1);
    let user = User::new("u").task(page(4)).keep_alive(KeepAlive::Task);
    let user = user.wait_time(WaitTime::constant(ms(3_600_000)));
    let (run, control) = begin(scenario(&server, user), users(1, ms(3_600_000)));
    server.await_requests(12);
    // All connections are closed while the user waits.
    assert_eq!((server.total(), server.connections()), (12, 4));
    control.stop();
    assert_eq!(run.recv().unwrap().total().requests, 12);
}

#[test]
fn parallel_requests_that_the_stop_cuts_off_are_cancelled_once_each() {
    let server = Server::start(|_| Answer::Never);
    let user = User::new("u").task(Task::instructions(
        "page",
        vec![Parallel::new((0..10).map(|n| Step::get(format!("/{n}"))).collect()).into()],
    ));
    let (run, control) = begin(scenario(&server, user), users(3, ms(3_600_000)));
    server.await_requests(18);
    control.stop();
    let ran = run.recv().unwrap();
    assert_eq!((ran.total().requests, ran.total().counts.cancelled), (0, 18));
    assert_eq!(server.total(), 18);
}

#[test]
fn parallel_requests_are_no_more_than_are_allowed() {
    let (server, _) = slow_server(5);
    let options = Options { requests: Some(17), ..users(1, ms(10_000)) };
    let ran = go(scenario(&server, User::new("u").task(page(6))), options);
    assert_eq!((ran.total().requests, ran.total().counts.cancelled), (17, 0));
    assert_eq!(server.total(), 17);
}

/// Returns columns of the kernel's table of connections to this port: local port, state, timer.
fn table(port: u16) -> Vec<(String, String, String)> {
    let table = fs::read_to_string("/proc/net/tcp").unwrap();
    let rows = table.lines().skip(1).filter_map(|line| {
        let columns: Vec<_> = line.split_whitespace().map(str::to_owned).collect();
        let is_ours = columns[2].ends_with(&format!(":{port:04X}"));
        is_ours.then(|| (columns[1].clone(), columns[3].clone(), columns[5].clone()))
    });
    rows.collect()
}

/// The kernel's view of one user who waits with an open connection, and one who has closed its own.
#[track_caller]
fn check_tcp(options: &str, keep_alive: &str, is_so: impl Fn(&[(String, String, String)]) -> bool) {
    let server = plain_server();
    let class = format!("tcp = {options}\nkeep_alive = {keep_alive}\nwait_time = \"1h\"");
    let text = toml("1h", &format!("{class}\n[[user.task]]\nget = \"/\""));
    // An earlier server may have had the port. Its connections stay in the table for a minute.
    let earlier = table(server.address.port());
    let rows = || {
        let mut rows = table(server.address.port());
        rows.retain(|row| !earlier.iter().any(|other| other.0 == row.0));
        rows
    };
    let run = Run::of(&text).host(server.address).start();
    server.await_requests(1);
    let begin = Instant::now();
    while !is_so(&rows()) {
        assert!(begin.elapsed() < ms(5_000), "{options}: {:?}", rows());
        std::thread::sleep(ms(5));
    }
    run.signal(Signal::INT);
    assert_eq!(run.wait().code(0).aggregated(), (1, 0));
}

#[test]
fn tcp_options_are_what_the_kernel_sees() {
    const ESTABLISHED: &str = "01";
    const TIME_WAIT: &str = "06";
    let keepalive = |is: bool| {
        move |rows: &[(String, String, String)]| match rows {
            // Timer 2 of the kernel is that of keep-alive probes.
            [(_, state, timer)] => state == ESTABLISHED && timer.starts_with("02:") == is,
            _ => false,
        }
    };
    check_tcp("{ keepalive = \"30s\" }", "true", keepalive(true));
    check_tcp("{ nodelay = false }", "true", keepalive(false));
    // The side that closes keeps its port in use, but not after a reset.
    check_tcp("{}", "\"task\"", |rows| matches!(rows, [(_, state, _)] if state == TIME_WAIT));
    check_tcp("{ linger = \"0s\" }", "\"task\"", <[_]>::is_empty);
}

#[test]
fn ipv6_is_as_good() {
    let cores = vec![*allowed_cores().last().unwrap()];
    let address = (Ipv6Addr::LOCALHOST, 0).into();
    let server =
        Target::start(TargetOptions { cores, address, ..TargetOptions::default() }).unwrap();
    let port = server.address().port();
    let text = toml("200ms", "[[user.task]]\nget = \"/\"");
    let resolve = format!("name.invalid:{port}:::1");
    let at = |host: &str, args: &[&str]| {
        let before = server.counters().requests;
        let output = Run::of(&text).host(format!("{host}:{port}")).args(args).go().code(0);
        let (requests, failures) = output.aggregated();
        let seen = server.counters().requests - before;
        assert!((requests..=requests + output.cancelled()).contains(&seen), "{requests} of {seen}");
        assert!(requests > 0 && failures == 0);
    };
    at("[::1]", &[]);
    at("[::1]", &["--local-address", "::1"]);
    at("name.invalid", &["--resolve", &resolve, "--local-address", "::1"]);
    at("first.invalid", &["--proxy", &format!("http://[::1]:{port}")]);
    let other = ["--local-address", "127.0.0.2"];
    let refused = Run::of(&text).host(format!("[::1]:{port}")).args(other).go().code(2);
    assert!(refused.stderr.contains("one is IPv4, the other IPv6"), "{}", refused.stderr);
}
