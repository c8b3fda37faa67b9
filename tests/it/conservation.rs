//! Every request is counted once: the tables agree with the server, however the run and its connections
//! end.

use std::time::{Duration, Instant};

use crate::support::{
    Answer, Output, Run, Server, Signal, get_root, ok, plain_server, response, toml,
};

/// The counts that a run reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Books {
    requests: u64,
    failures: u64,
    cancelled: u64,
    retries: u64,
}

impl Books {
    /// Reads the console and the files, which must agree to the last request.
    #[track_caller]
    fn of(output: &Output) -> Self {
        let (requests, failures) = output.aggregated();
        let stats = output.csv("out_stats.csv");
        for (column, total) in [("Request Count", requests), ("Failure Count", failures)] {
            assert_eq!(stats.count("Aggregated", column), total, "{column}");
            let rows = stats.counts(column);
            assert_eq!(rows.iter().sum::<u64>(), 2 * total, "the rows' sum of {column}");
        }
        let occurrences = output.csv("out_failures.csv").counts("Occurrences");
        assert_eq!(occurrences.iter().sum::<u64>(), failures, "failures by their text");
        let history = output.csv("out_stats_history.csv");
        assert_eq!(history.counts("Total Request Count").last(), Some(&requests));
        assert_eq!(history.counts("Total Failure Count").last(), Some(&failures));
        assert_eq!(output.csv("out_exceptions.csv").len(), 0);
        Books { requests, failures, cancelled: output.cancelled(), retries: output.retries() }
    }

    /// Checks that nothing failed, and that the server saw exactly these requests, from users that keep their
    /// connections. On a busy machine, a user may not have sent its first request.
    #[track_caller]
    fn check_exact(self, server: &Server) {
        let Books { requests, failures, cancelled, retries } = self;
        assert_eq!((failures, retries), (0, 0));
        assert!(requests > 0);
        let absent = u64::from(USERS) - server.users();
        assert_eq!(server.total(), requests + cancelled - absent, "{self:?}");
    }

    /// For a server that closes connections after it has read a request. It has seen both sends of each
    /// request, but none of one that was cancelled while it connected.
    #[track_caller]
    fn check_told(self, server: &Server) {
        let Books { requests, failures, cancelled, retries } = self;
        assert_eq!(failures, 0);
        assert!(retries > 0);
        let seen = server.total();
        let sure = requests + retries;
        assert!((sure..=sure + cancelled).contains(&seen), "{seen} seen, {self:?}");
    }

    /// For connections that are closed at any time. A request that was cancelled or sent twice may not have
    /// reached the server.
    #[track_caller]
    fn check_between(self, seen: u64) {
        let Books { requests, failures, cancelled, retries } = self;
        assert!(seen >= requests - failures, "{seen} seen, {self:?}");
        assert!(seen <= requests + cancelled + retries, "{seen} seen, {self:?}");
    }
}

const USERS: u32 = 4;

/// Makes a run of users who start at once, with CSV files, against this server.
fn run(server: &Server, scenario: &str) -> Run {
    Run::of(scenario).host(server.address).users(USERS).args(["--csv", "out"])
}

#[test]
fn at_the_end_of_the_run_time_nothing_is_missing() {
    let server = plain_server();
    let scenario =
        toml("1s", "[[user.task]]\nget = \"/\"\n[[user.task]]\nget = \"/users\"\nweight = 2");
    let output = run(&server, &scenario).go().code(0);
    Books::of(&output).check_exact(&server);
    let stats = output.csv("out_stats.csv");
    let seen = server.seen();
    for path in ["/", "/users"] {
        let line = format!("GET {path}");
        let seen = seen.iter().filter(|request| request.line == line).count() as u64;
        let unseen = seen.checked_sub(stats.count(path, "Request Count"));
        assert!(unseen.is_some_and(|unseen| unseen <= output.cancelled()), "{path}: {seen} seen");
    }
}

#[track_caller]
fn check_signal(signal: Signal, name: &str) {
    let server = plain_server();
    let mut running = run(&server, &get_root("1h")).start();
    server.await_users(USERS as usize, 20);
    running.signal(signal);
    running.stderr_line(&format!("Got {name}, stopping"));
    let output = running.wait().code(0);
    assert!(output.stderr.contains("Shutting down (exit code 0)"), "{}", output.stderr);
    Books::of(&output).check_exact(&server);
}

#[test]
fn after_ctrl_c_in_the_middle_nothing_is_missing() {
    check_signal(Signal::INT, "SIGINT");
}

#[test]
fn after_sigterm_in_the_middle_nothing_is_missing() {
    check_signal(Signal::TERM, "SIGTERM");
}

#[test]
fn a_run_with_failures_that_is_interrupted_says_so_by_its_exit_code() {
    let server = Server::start(|request| match request.number % 10 {
        9 => Answer::Send(response("500 Internal Server Error", "")),
        _ => ok(),
    });
    let output = run(&server, &get_root("1h")).go_until(&server, 200).code(1);
    let books = Books::of(&output);
    assert!(books.failures > 0, "{books:?}");
    books.check_between(server.total());
}

#[test]
fn a_server_that_drops_dead_is_failures_and_not_a_hang() {
    let mut server = plain_server();
    let running = run(&server, &get_root("2s")).start();
    server.await_requests(100);
    server.kill();
    let output = running.wait().code(1);
    let books = Books::of(&output);
    books.check_between(server.count());
    let errors = output.csv("out_failures.csv");
    let refused = |error: &&str| *error == "connection refused";
    assert!(errors.column("Error").iter().any(refused), "{errors:?}");
}

#[test]
fn a_server_that_closes_after_every_answer_costs_no_failure_and_no_retry() {
    let text = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok";
    let server = Server::start(move |_| Answer::Close(text.into()));
    let output = run(&server, &get_root("1h")).go_until(&server, 300).code(0);
    let books = Books::of(&output);
    books.check_between(server.total());
    assert_eq!((books.failures, books.retries), (0, 0));
    assert!(server.connections() as u64 >= books.requests, "one connection each");
}

#[test]
fn a_server_that_closes_without_a_word_costs_no_failure() {
    let server = Server::start(|request| match request.number {
        4 => Answer::Close(response("200 OK", "ok")),
        _ => ok(),
    });
    let output = run(&server, &get_root("1h")).go_until(&server, 300).code(0);
    let books = Books::of(&output);
    books.check_between(server.total());
    assert_eq!(books.failures, 0);
}

#[test]
fn a_request_that_a_dying_connection_swallows_is_sent_again_and_told() {
    let server = Server::start(|request| match request.number {
        5 => Answer::Close(Vec::new()),
        _ => ok(),
    });
    let output = run(&server, &get_root("1h")).go_until(&server, 300).code(0);
    let books = Books::of(&output);
    books.check_told(&server);
}

#[test]
fn a_request_on_a_connection_that_is_reset_is_sent_again_and_told() {
    let server = Server::start(|request| match request.number {
        5 => Answer::Reset(Vec::new()),
        _ => ok(),
    });
    let output = run(&server, &get_root("1h")).go_until(&server, 300).code(0);
    let books = Books::of(&output);
    books.check_told(&server);
}

#[test]
fn connections_that_the_server_closed_while_users_waited_are_not_used() {
    let server = Server::closing_idle(Duration::from_millis(50));
    let scenario = "wait_time = \"300ms\"\n[[user.task]]\nget = \"/\"";
    let output = run(&server, &toml("1h", scenario)).go_until(&server, 13).code(0);
    let books = Books::of(&output);
    books.check_between(server.total());
    assert_eq!((books.failures, books.retries), (0, 0), "the end was seen before the next request");
    assert_eq!(server.connections() as u64, server.count());
}

#[test]
fn requests_in_flight_at_the_stop_are_cancelled_and_told() {
    let server = Server::start(|_| Answer::Never);
    // No request came to its end, so the run fails.
    let output = run(&server, &get_root("1h")).go_until(&server, 4).code(1);
    let books = Books::of(&output);
    assert_eq!(books, Books { requests: 0, failures: 0, cancelled: 4, retries: 0 });
    assert_eq!(server.total(), 4);
}

#[test]
fn within_the_stop_timeout_requests_in_flight_finish() {
    let server = Server::start(|_| Answer::Late(Duration::from_millis(300), Box::new(ok())));
    let running = run(&server, &get_root("1h")).args(["--stop-timeout", "20"]).start();
    server.await_users(USERS as usize, 2);
    let stopped = Instant::now();
    running.signal(Signal::INT);
    let output = running.wait().code(0);
    assert!(stopped.elapsed() < Duration::from_secs(10), "it waits no longer than it must");
    let books = Books::of(&output);
    assert_eq!(books.cancelled, 0);
    books.check_exact(&server);
}

#[test]
fn a_stop_timeout_ends_what_does_not_finish() {
    let server = Server::start(|_| Answer::Never);
    let running = run(&server, &get_root("1h")).args(["--stop-timeout", "1"]).start();
    server.await_requests(4);
    let stopped = Instant::now();
    running.signal(Signal::INT);
    let output = running.wait().code(1);
    assert!(stopped.elapsed() >= Duration::from_secs(1), "they may go on for that long");
    assert_eq!(Books::of(&output).cancelled, 4);
}

#[test]
fn a_second_signal_exits_at_once_even_if_a_task_hangs() {
    let server = Server::start(|_| Answer::Never);
    let mut running = run(&server, &get_root("1h")).args(["--stop-timeout", "1h"]).start();
    server.await_requests(4);
    running.signal(Signal::INT);
    running.stderr_line("Got SIGINT, stopping; once more exits at once");
    running.signal(Signal::INT);
    running.wait().code(130);
}
