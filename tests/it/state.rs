//! The state of users, how tasks end users, and samples that tasks record.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use gregaria::plan::Options;
use gregaria::scenario::{Step, Task, TaskError, User, WaitTime};
use gregaria::session::Session;
use gregaria::stats::Snapshot;

use crate::support::api::{get, go, go_until, ms, scenario, users};
use crate::support::{Answer, Server, ok, plain_server, response};

#[path = "../examples/redis_ping.rs"]
mod redis_ping;
#[path = "../examples/shopper.rs"]
mod shopper;

/// Returns how often an exception with this text was counted.
fn exceptions(snapshot: &Snapshot, text: &str) -> u64 {
    let rows = snapshot.exceptions.iter().filter(|row| row.message == text);
    rows.map(|row| row.count).sum()
}

#[test]
fn the_shopper_logs_in_once_and_sends_its_token_with_every_item() {
    let server = Server::start(|request| match &*request.line {
        "POST /login" => {
            let account: serde_json::Value = serde_json::from_slice(&request.body).unwrap();
            let token = format!("{{\"token\": \"of-{}\"}}", account["name"].as_str().unwrap());
            Answer::Send(response("200 OK", &token))
        }
        _ if matches!(
            request.header("authorization"),
            Some("Bearer of-ada" | "Bearer of-grace")
        ) =>
        {
            ok()
        }
        _ => Answer::Send(response("401 Unauthorized", "")),
    });
    let mut shop = shopper::scenario();
    shop.host = Some(format!("http://{}", server.address));
    let ran = go_until(shop, 4, &server, 60);
    assert_eq!(server.count_of("POST /login"), 4);
    assert_eq!(ran.total().failures, 0);
    assert_eq!(ran.row("/items/[id]").requests + 4, ran.total().requests);
}

/// The server answers each PING of a connection, and then returns what it saw.
#[test]
fn samples_of_another_protocol_are_counted_as_requests_are() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let seen = Arc::new(AtomicU32::new(0));
    let counted = seen.clone();
    thread::spawn(move || {
        for mut connection in listener.incoming().flatten() {
            let counted = counted.clone();
            thread::spawn(move || {
                let mut ping = [0; 14];
                while connection.read_exact(&mut ping).is_ok() {
                    assert_eq!(&ping, b"*1\r\n$4\r\nPING\r\n");
                    counted.fetch_add(1, Ordering::SeqCst);
                    connection.write_all(b"+PONG\r\n").unwrap();
                }
            });
        }
    });
    let options = Options { run_time: Some(ms(500)), ..users(3, ms(500)) };
    let ran = go(redis_ping::scenario(address), options);
    let row = ran.row("PING");
    assert_eq!((&*row.key.method, row.failures), ("REDIS", 0));
    assert!(row.requests > 100, "{}", row.requests);
    // A cancelled request may not have been sent.
    let (cancelled, seen) = (ran.total().counts.cancelled, u64::from(seen.load(Ordering::SeqCst)));
    assert!((row.requests..=row.requests + cancelled).contains(&seen), "{seen}");
    assert!(cancelled <= 3, "{cancelled}");
}

#[test]
fn a_server_that_closes_fails_the_measurement_and_its_user_ends() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || listener.incoming().flatten().for_each(drop));
    let ran = go(redis_ping::scenario(address), Options { run_time: None, ..users(2, ms(0)) });
    let row = ran.row("PING");
    assert_eq!((row.requests, row.failures), (2, 2));
}

/// The state is made on its core, so it need not be `Send`, and each user has its own.
#[test]
fn each_user_has_a_value_of_its_own() {
    use std::cell::Cell;
    use std::rc::Rc;
    let server = plain_server();
    let counts = Arc::new(Mutex::new(Vec::new()));
    let told = counts.clone();
    let user = User::with_state("u", || Rc::new(Cell::new(0_u32)))
        .on_start(async |count: &mut Rc<Cell<u32>>, _: &mut Session| {
            count.set(100);
            Ok(())
        })
        .task(1, "count", async |count, http| {
            http.get("/").send().await?;
            count.set(count.get() + 1);
            if count.get() == 105 { Err(TaskError::StopUser) } else { Ok(()) }
        })
        .on_stop(async move |count, http| {
            told.lock().unwrap().push((http.user(), count.get()));
            Ok(())
        });
    let ran = go(scenario(&server, user), Options { run_time: None, ..users(3, ms(0)) });
    let mut counts = counts.lock().unwrap().clone();
    counts.sort();
    assert_eq!(counts, [(0, 105), (1, 105), (2, 105)]);
    assert_eq!((server.count(), ran.total().requests), (15, 15));
    assert_eq!(ran.summary.snapshot.exceptions, []);
}

#[test]
fn a_user_that_stops_in_its_start_runs_its_stop_and_no_task() {
    let server = plain_server();
    let user = User::new("u")
        .on_start(async |_: &mut Session| Err(TaskError::StopUser))
        .task(get("/never"))
        .on_stop_steps(vec![Step::get("/bye")]);
    go(scenario(&server, user), Options { run_time: None, ..users(2, ms(0)) });
    assert_eq!((server.count_of("GET /bye"), server.count_of("GET /never")), (2, 0));
}

#[test]
fn a_user_that_skips_its_wait_goes_on_at_once() {
    let server = plain_server();
    let task = Task::new("impatient", async |http: &mut Session| {
        http.get("/").send().await?;
        Err(TaskError::SkipWait)
    });
    let user = User::new("u").task(task).wait_time(WaitTime::constant(ms(3_600_000)));
    let ran = go_until(scenario(&server, user), 1, &server, 20);
    assert_eq!((ran.total().failures, ran.summary.snapshot.exceptions.len()), (0, 0));
}

#[test]
fn a_function_says_how_long_to_wait_and_a_panic_in_it_ends_the_user() {
    let server = plain_server();
    let user = User::with_state("u", || 0_u32)
        .task(1, "get", async |_, http| {
            http.get("/").send().await?;
            Ok(())
        })
        .wait_time(|waits, rng| {
            *waits += 1;
            assert!(*waits < 5, "enough");
            ms(rng.u64(1..3))
        });
    let ran = go(scenario(&server, user), Options { run_time: None, ..users(2, ms(0)) });
    assert_eq!(server.count(), 10);
    assert_eq!(exceptions(&ran.summary.snapshot, "panic: enough"), 2);
    let user = User::new("u").task(get("/")).wait_time(WaitTime::function(|_| ms(3_600_000)));
    let ran = go_until(scenario(&server, user), 2, &server, 12);
    let cancelled = ran.total().counts.cancelled;
    assert_eq!((server.count(), ran.total().requests + cancelled), (12, 2));
}

#[test]
fn a_value_that_cannot_be_made_is_an_exception_and_ends_its_user() {
    let server = plain_server();
    let user = User::with_state("u", || -> u32 { panic!("no such table") }).task(
        1,
        "never",
        async |_, _| Ok(()),
    );
    let ran = go(scenario(&server, user), Options { run_time: None, ..users(3, ms(0)) });
    assert_eq!(exceptions(&ran.summary.snapshot, "panic: no such table"), 3);
}

#[test]
fn a_task_of_another_class_is_refused_as_an_exception() {
    let server = plain_server();
    let other: User = User::with_state("other", || 0_u64)
        .task(1, "lost", async |_, _| Ok(()))
        .class(|class| class.wait_time(WaitTime::constant(ms(5))))
        .into();
    let mut user = User::new("u").wait_time(WaitTime::constant(ms(5)));
    user.tasks = other.tasks;
    let ran = go(scenario(&server, user), users(1, ms(100)));
    assert!(exceptions(&ran.summary.snapshot, "the task needs a user with a u64") > 1);
}

#[test]
fn a_transaction_is_a_sample_beside_those_of_its_requests() {
    let server = plain_server();
    let task = Task::new("checkout", async |http: &mut Session| {
        let checkout = http.measure("TRANSACTION", "checkout");
        http.get("/cart").send().await?;
        let paid = http.get("/pay").send().await?;
        if paid.is_success() {
            checkout.success(7)
        } else {
            checkout.failure("not paid")
        }
        Err(TaskError::StopUser)
    });
    let user = User::new("u").task(task);
    let ran = go(scenario(&server, user), Options { run_time: None, ..users(2, ms(0)) });
    let row = ran.row("checkout");
    assert_eq!((&*row.key.method, row.requests), ("TRANSACTION", 2));
    assert_eq!((server.count(), ran.total().requests), (4, 6));
    assert_eq!(row.statuses.sum(), 0, "it has none");
}

/// A task that ends early drops what it measures; so does the stop of the run, and only that cancels it.
#[test]
fn a_transaction_that_its_task_leaves_is_a_failure_and_one_that_the_stop_ends_is_cancelled() {
    let server = plain_server();
    let early = Task::new("early", async |http: &mut Session| {
        let _checkout = http.measure("TRANSACTION", "early");
        http.get("/cart").send().await?;
        Err(TaskError::StopUser)
    });
    let ran = go(scenario(&server, User::new("u").task(early)), users(2, ms(5000)));
    let row = ran.row("early");
    assert_eq!((row.requests, row.failures, row.counts.cancelled), (2, 2, 0));
    let message = &ran.summary.snapshot.failures[0].message;
    assert_eq!(message, "the task ended before its measurement");

    let server = plain_server();
    let late = Task::new("late", async |http: &mut Session| {
        let _checkout = http.measure("TRANSACTION", "late");
        http.sleep(ms(60_000)).await;
        Ok(())
    });
    let ran = go(scenario(&server, User::new("u").task(late)), users(2, ms(100)));
    let total = ran.total();
    assert_eq!((total.requests, total.counts.cancelled), (0, 2));
}

/// The borrow of the session ends with each expression.
#[test]
fn numbers_and_fields_stand_where_a_request_is_put_together() {
    let server = plain_server();
    let task = Task::new("item", async |http: &mut Session| {
        http.get(format!("/items/{}", http.rng().u32(5..6))).send().await?;
        let path = String::from("/owned");
        http.get(&path).send().await?;
        http.post("/x").json(&[http.user(), http.rng().u64(7..8)]).send().await?;
        Err(TaskError::StopUser)
    });
    let user = User::new("u").task(task);
    go(scenario(&server, user), Options { run_time: None, ..users(1, ms(0)) });
    assert_eq!((server.count_of("GET /items/5"), server.count_of("POST /x")), (1, 1));
    let bodies: BTreeSet<Vec<u8>> = server.seen().into_iter().map(|seen| seen.body).collect();
    assert!(bodies.contains(&b"[0,7]"[..]), "{bodies:?}");
}

/// Each request has its own connection.
#[test]
fn requests_that_are_joined_go_at_the_same_time() {
    use std::future::poll_fn;
    use std::pin::pin;
    use std::task::Poll;
    let server = plain_server();
    let task = Task::new("two", async |http: &mut Session| {
        let mut requests = [pin!(http.get("/a").send()), pin!(http.get("/b").send())];
        let mut done = [false; 2];
        poll_fn(|context| {
            for (request, done) in requests.iter_mut().zip(&mut done).filter(|(_, done)| !**done) {
                *done = request.as_mut().poll(context).is_ready();
            }
            if done == [true; 2] { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
        http.get("/c").send().await?;
        Err(TaskError::StopUser)
    });
    let user = User::new("u").task(task);
    let ran = go(scenario(&server, user), Options { run_time: None, ..users(1, ms(0)) });
    assert_eq!((ran.total().requests, server.count(), server.users()), (3, 3, 2));
}
