//! Runs through the Rust API: tasks, classes, and how they are counted.

use std::collections::BTreeMap;
use std::io;
use std::time::Duration;

use gregaria::plan::Options;
use gregaria::scenario::{Scenario, Step, Task, User, WaitTime};
use gregaria::session::{Session, status};

use crate::support::api::{get, go, go_until, ms, scenario, users};
use crate::support::{Answer, Server, ok, plain_server, response};

#[test]
fn on_start_and_on_stop_run_once_per_user_even_if_its_task_hangs() {
    let server = Server::start(|request| match &*request.line {
        "GET /hang" => Answer::Never,
        _ => ok(),
    });
    let user = User::new("u").task(get("/hang"));
    let user = user.on_start(async |session: &mut Session| {
        session.get("/login").send().await?;
        Ok(())
    });
    let user = user.on_stop_steps(vec![Step::get("/logout")]);
    let ran = go_until(scenario(&server, user), 6, &server, 12);
    for path in ["GET /login", "GET /hang", "GET /logout"] {
        assert_eq!(server.count_of(path), 6, "{path}");
    }
    assert_eq!((ran.total().requests, ran.total().failures), (12, 0));
    assert_eq!(ran.summary.snapshot.total.counts.cancelled, 6);
    assert_eq!(ran.summary.snapshot.user_count(), 0, "nobody is left");
}

#[test]
fn a_user_whose_start_fails_goes_no_further_and_a_run_without_users_ends() {
    let server = plain_server();
    let user = User::new("u").task(get("/never")).on_start(async |session: &mut Session| {
        session.get("/login").send().await?;
        Err(io::Error::other("no such account").into())
    });
    let options = Options { run_time: None, ..users(3, ms(0)) };
    let ran = go(scenario(&server, user), options);
    assert_eq!((server.count_of("GET /login"), server.count_of("GET /never")), (3, 0));
    let exceptions = &ran.summary.snapshot.exceptions;
    assert_eq!((exceptions[0].count, &*exceptions[0].message), (3, "no such account"));
}

#[test]
fn errors_and_panics_of_tasks_are_exceptions_and_the_user_goes_on() {
    let server = plain_server();
    let error = Task::new("error", async |session: &mut Session| {
        session.get("/before").send().await?;
        Err(io::Error::other("out of stock").into())
    });
    let panic = Task::new("panic", async |session: &mut Session| {
        let _held = session.get("/held").send().await?;
        panic!("bad arithmetic");
    });
    let user = User::new("u").task(error).task(panic).wait_time(WaitTime::constant(ms(5)));
    let ran = go_until(scenario(&server, user), 2, &server, 60);
    let mut exceptions: Vec<_> = ran.summary.snapshot.exceptions.iter().collect();
    exceptions.sort_by_key(|row| &row.message);
    let texts: Vec<_> = exceptions.iter().map(|row| (&*row.message, &*row.traceback)).collect();
    let panic = ("panic: bad arithmetic", "user u, task panic");
    assert_eq!(texts, [("out of stock", "user u, task error"), panic]);
    for (row, name) in exceptions.iter().zip(["/before", "/held"]) {
        assert!(row.count > 2, "{row:?}");
        assert_eq!(ran.row(name).requests, row.count, "the request itself went well");
    }
    assert_eq!(ran.total().failures, 0);
}

#[test]
fn a_request_that_fails_is_a_failure_and_no_exception() {
    let server = Server::start(|_| Answer::Close(Vec::new()));
    let user = User::new("u").task(get("/")).wait_time(WaitTime::constant(ms(5)));
    let ran = go_until(scenario(&server, user), 1, &server, 4);
    assert!(ran.total().failures > 1);
    assert_eq!(ran.summary.snapshot.exceptions, []);
}

#[test]
fn the_last_word_on_a_response_is_the_tasks() {
    let server = Server::start(|request| match &*request.line {
        "GET /missing" => Answer::Send(response("404 Not Found", "")),
        _ => ok(),
    });
    let task = Task::new("judge", async |session: &mut Session| {
        session.get("/missing").send().await?.success();
        session.get("/missing").name("checked").check(status(404)).send().await?;
        session.get("/fine").send().await?.failure("not what I wanted");
        let mut changed = session.get("/changed").send().await?;
        changed.failure("first");
        changed.failure("second");
        Ok(())
    });
    let user = User::new("u").task(task).wait_time(WaitTime::constant(ms(5)));
    let stop_timeout = Some(Duration::from_secs(10));
    let options = Options { stop_timeout, ..users(1, ms(600)) };
    let ran = go(scenario(&server, user), options);
    assert_eq!((ran.row("/missing").failures, ran.row("checked").failures), (0, 0));
    let failures: Vec<_> = ran.summary.snapshot.failures.iter().collect();
    let texts: Vec<_> = failures.iter().map(|row| (&*row.key.name, &*row.message)).collect();
    assert_eq!(texts, [("/fine", "not what I wanted"), ("/changed", "second")]);
    assert_eq!(failures[0].occurrences, ran.row("/fine").requests);
}

#[test]
fn users_belong_to_classes_by_fixed_count_and_weight() {
    let server = plain_server();
    let class =
        |name: &str, path| User::new(name).task(get(path)).wait_time(WaitTime::constant(ms(50)));
    let scenario = Scenario::new(format!("http://{}", server.address))
        .user(class("a", "/a").weight(3.0))
        .user(class("b", "/b").weight(1.0))
        .user(class("c", "/c").fixed_count(2));
    let ran = go(scenario, users(10, ms(1300)));
    let mut by_path = BTreeMap::new();
    for request in server.seen().into_iter().filter(|request| request.number == 0) {
        *by_path.entry(request.line).or_insert(0) += 1;
    }
    let expected = [("GET /a", 6), ("GET /b", 2), ("GET /c", 2)];
    assert_eq!(by_path, expected.map(|(path, users)| (path.to_owned(), users)).into());
    let mut told = ran.updates.iter().map(|snapshot| {
        let users = snapshot.users.iter().map(|class| (&*class.class, class.running));
        users.collect::<Vec<_>>()
    });
    assert_eq!(told.next_back().unwrap(), [("a", 6), ("b", 2), ("c", 2)]);
}
