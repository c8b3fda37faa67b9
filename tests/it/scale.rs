//! Many users on one host: connections that are closed between tasks, and counts that stay right.

use std::fs;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::time::{Duration, Instant};

use gregaria::executor::allowed_cores;
use gregaria::scenario::{KeepAlive, Task, User, WaitTime};
use gregaria::session::Session;
use gregaria::target::{Counters, Options, Server as Target};
use rustix::process::{Resource, getrlimit};

use crate::support::api::{begin, get, go_until, ms, scenario, users};
use crate::support::{Output, Run, Signal, get_root, plain_server, toml};

/// The time limit, which is far longer than anything here takes.
const DEADLINE: Duration = Duration::from_secs(20);
const USERS: u64 = 20;

/// The built-in server on the last core.
fn target() -> Target {
    let cores = vec![*allowed_cores().last().unwrap()];
    Target::start(Options { cores, ..Options::default() }).unwrap()
}

#[track_caller]
fn await_that(what: &str, is_so: impl Fn() -> bool) {
    let begin = Instant::now();
    while !is_so() {
        assert!(begin.elapsed() < DEADLINE, "not within {DEADLINE:?}: {what}");
        std::thread::sleep(ms(5));
    }
}

/// Returns the open connections to this port on this host: the last numbers of the addresses at both ends.
fn connections(port: u16) -> Vec<(u8, u8)> {
    let table = fs::read_to_string("/proc/net/tcp").unwrap();
    let connection = |line: &str| {
        let columns: Vec<_> = line.split_whitespace().collect();
        let is_open = columns[2].ends_with(&format!(":{port:04X}")) && columns[3] == "01";
        // In the order of the bytes in memory, which is reversed.
        let last = |column: &str| u8::from_str_radix(&column[..2], 16).unwrap();
        is_open.then(|| (last(columns[1]), last(columns[2])))
    };
    table.lines().skip(1).filter_map(connection).collect()
}

fn open_connections(port: u16) -> usize {
    connections(port).len()
}

/// Each user makes four requests: at its start, two in its task, and at its stop.
fn check_mode(keep_alive: &str, while_waiting: u64, connections: u64) {
    let server = target();
    let port = server.address().port();
    let text = format!(
        "[[user]]\nname = \"u\"\nkeep_alive = {keep_alive}\nwait_time = \"1h\"\n\
         on_start = [{{ get = \"/status\" }}]\non_stop = [{{ get = \"/status\" }}]\n\
         [[user.task]]\nsteps = [{{ get = \"/\" }}, {{ get = \"/users\" }}]\n"
    );
    let run = Run::of(&text).host(server.address()).users(USERS as u32);
    let run = run.args(["--stop-timeout", "20", "--csv", "out"]).start();
    await_that("all are done", || server.counters().responses == 3 * USERS);
    let open = || open_connections(port) as u64;
    await_that("only what is kept is open", || open() == while_waiting);
    run.signal(Signal::INT);
    let output = run.wait().code(0);
    check_books(&output, server.counters(), connections);
}

/// Checks that every request succeeded, and is in the console and in the files.
#[track_caller]
fn check_books(output: &Output, seen: Counters, connections: u64) {
    assert_eq!(output.aggregated(), (4 * USERS, 0));
    assert_eq!((output.cancelled(), output.retries()), (0, 0));
    assert_eq!(output.csv("out_stats.csv").count("Aggregated", "Request Count"), 4 * USERS);
    assert_eq!((seen.requests, seen.connections), (4 * USERS, connections));
}

#[test]
fn connections_are_kept_as_long_as_the_user_lives() {
    check_mode("true", USERS, USERS);
}

#[test]
fn connections_of_a_task_are_gone_while_the_user_waits() {
    check_mode("\"task\"", 0, 3 * USERS);
}

#[test]
fn without_keep_alive_every_request_has_a_connection_of_its_own() {
    check_mode("false", 0, 4 * USERS);
}

#[test]
fn without_keep_alive_requests_say_so_and_a_server_that_keeps_all_the_same_is_left() {
    let server = plain_server();
    let built = Task::new("built", async |session: &mut Session| {
        session.get("/built").query("n", 1).header("connection", "keep-alive").send().await?;
        Ok(())
    });
    let user = User::new("u").task(get("/constant")).task(built).keep_alive(KeepAlive::Never);
    let ran = go_until(scenario(&server, user), 4, &server, 100);
    let seen = server.total();
    let cancelled = ran.summary.snapshot.total.counts.cancelled;
    assert!((ran.total().requests..=ran.total().requests + cancelled).contains(&seen));
    assert_eq!((ran.total().failures, ran.summary.snapshot.total.counts.retries), (0, 0));
    for request in server.seen() {
        assert_eq!((request.number, request.header("connection")), (0, Some("close")));
        assert_eq!(request.head.to_lowercase().matches("connection:").count(), 1);
    }
    assert!(server.count_of("GET /built") > 0 && server.count_of("GET /constant") > 0);
}

#[test]
fn a_task_that_fails_gives_its_connections_back_too() {
    let server = plain_server();
    let broken = Task::new("broken", async |session: &mut Session| {
        session.get("/").send().await?;
        if session.user().is_multiple_of(2) {
            return Err(io::Error::other("out of stock").into());
        }
        panic!("bad arithmetic");
    });
    let hour = WaitTime::constant(Duration::from_secs(3600));
    let user = User::new("u").task(broken).wait_time(hour).keep_alive(KeepAlive::Task);
    let (run, control) = begin(scenario(&server, user), users(8, 200 * DEADLINE));
    server.await_requests(8);
    let port = server.address.port();
    await_that("nothing is open", || open_connections(port) == 0);
    control.stop();
    let ran = run.recv_timeout(DEADLINE).unwrap();
    assert_eq!((ran.total().requests, ran.total().failures), (8, 0));
    assert_eq!(ran.summary.snapshot.exceptions.iter().map(|row| row.count).sum::<u64>(), 8);
}

/// Users who wait, with their connections, against a server on all addresses of this host.
#[track_caller]
fn check_spread(host: &str, args: &[&str], load: &str, expected: &[((u8, u8), usize)]) {
    let cores = vec![*allowed_cores().last().unwrap()];
    let address = (Ipv4Addr::UNSPECIFIED, 0).into();
    let server = Target::start(Options { cores, address, ..Options::default() }).unwrap();
    let port = server.address().port();
    let text = format!(
        "[load]\n{load}\n[[user]]\nname = \"u\"\nwait_time = \"1h\"\n[[user.task]]\nget = \"/\"\n"
    );
    let args = args.iter().map(|arg| arg.replace("PORT", &port.to_string()));
    // Each core takes addresses in its own turn.
    let core = allowed_cores()[0].id.to_string();
    let run = Run::of(&text).host(format!("{host}:{port}")).users(12).args(["--cores", &core]);
    let run = run.args(args).start();
    await_that("all are done", || server.counters().responses == 12);
    // The table is read in parts, while other sockets are opened and closed.
    let begin = Instant::now();
    while spread(port) != expected && begin.elapsed() < DEADLINE {
        std::thread::sleep(ms(5));
    }
    assert!(begin.elapsed() < DEADLINE, "{:?}", spread(port));
    run.signal(Signal::INT);
    assert_eq!(run.wait().code(0).aggregated(), (12, 0));
}

/// Returns the number of connections to this port between each two addresses.
fn spread(port: u16) -> Vec<((u8, u8), usize)> {
    let mut connections = connections(port);
    connections.sort();
    let runs = connections.chunk_by(|a, b| a == b);
    runs.map(|same| (same[0], same.len())).collect()
}

#[test]
fn connections_come_from_the_local_addresses_in_turn() {
    let args = ["--local-address", "127.0.0.2,127.0.0.3", "--local-address", "127.0.0.4"];
    check_spread("127.0.0.1", &args, "", &[((2, 1), 4), ((3, 1), 4), ((4, 1), 4)]);
    let load = "local_address = [\"127.0.0.5\"]";
    check_spread("127.0.0.1", &[], load, &[((5, 1), 12)]);
    let args = ["--local-address=127.0.0.6"];
    check_spread("127.0.0.1", &args, load, &[((6, 1), 12)]);
}

#[test]
fn connections_are_spread_over_the_addresses_that_a_host_is_given() {
    let args = ["--resolve", "name.invalid:PORT:127.0.0.7,127.0.0.8"];
    check_spread(
        "NAME.invalid",
        &args,
        "local_address = \"127.0.0.1\"",
        &[((1, 7), 6), ((1, 8), 6)],
    );
    // Each remote address from each local one.
    let args = ["--local-address=127.0.0.2,127.0.0.3", args[0], args[1]];
    let expected = [((2, 7), 3), ((2, 8), 3), ((3, 7), 3), ((3, 8), 3)];
    check_spread("name.invalid", &args, "", &expected);
}

/// One user connects for every request. It once used the same address each time.
#[test]
fn a_user_that_keeps_no_connection_goes_to_all_addresses_in_turn() {
    let listener = TcpListener::bind("0.0.0.0:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let text = toml("1h", "keep_alive = false\n[[user.task]]\nget = \"/\"");
    let resolve = format!("name.invalid:{port}:127.0.0.7,127.0.0.8,127.0.0.9");
    let run = Run::of(&text).host(format!("name.invalid:{port}")).args(["--resolve", &resolve]);
    let run = run.start();
    let accepted: Vec<u8> = (0..9)
        .map(|_| {
            let mut stream = listener.accept().unwrap().0;
            let _some = stream.read(&mut [0; 1024]).unwrap();
            stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").unwrap();
            match stream.local_addr().unwrap() {
                SocketAddr::V4(address) => address.ip().octets()[3],
                SocketAddr::V6(_) => panic!("there is none"),
            }
        })
        .collect();
    drop(run);
    assert_eq!(accepted, [7, 8, 9, 7, 8, 9, 7, 8, 9]);
}

#[test]
fn names_are_looked_up_again_on_the_way_and_requests_go_on() {
    let server = target();
    let text = toml("700ms", "keep_alive = false\nwait_time = \"5ms\"\n[[user.task]]\nget = \"/\"");
    let host = format!("localhost:{}", server.address().port());
    let output = Run::of(&text).host(host).users(2).args(["--dns-refresh", "100ms"]).go().code(0);
    let (requests, _) = output.aggregated();
    let seen = server.counters().requests;
    assert!((requests..=requests + output.cancelled()).contains(&seen), "{requests} of {seen}");
    assert!(requests > 20 && !output.stdout.contains("look-up"), "{}", output.stdout);
    let refused = Run::of(&text).args(["--dns-refresh", "1ms"]).go().code(2);
    assert!(refused.stderr.contains("dns_refresh must be 0.1 s or more"), "{}", refused.stderr);
}

#[test]
fn an_address_that_refuses_costs_no_request() {
    let server = target();
    let port = server.address().port();
    let resolve = format!("name.invalid:{port}:127.0.0.9,127.0.0.1");
    let text = get_root("300ms");
    let run = Run::of(&text)
        .host(format!("name.invalid:{port}"))
        .users(8)
        .env("GREGARIA_RESOLVE", &resolve);
    let output = run.go().code(0);
    let (requests, failures) = output.aggregated();
    assert_eq!((requests + output.cancelled(), failures), (server.counters().requests, 0));
    assert!(requests > 8);
}

/// Makes a scenario of users who wait for an hour after one request.
fn waiting(keep_alive: &str) -> String {
    format!(
        "[[user]]\nname = \"u\"\nkeep_alive = {keep_alive}\nwait_time = \"1h\"\n\
         [[user.task]]\nget = \"/\"\n"
    )
}

/// Checks that the run is refused before the first connection and the first file, with what helps.
#[track_caller]
fn check_refused(run: Run, address: SocketAddr, what: &str, cures: &[&str]) {
    let output = run.host(address).args(["--csv", "out"]).go().code(2);
    assert!(output.stderr.contains(what), "no '{what}' in:\n{}", output.stderr);
    for cure in cures {
        assert!(output.stderr.contains(cure), "no '{cure}' in:\n{}", output.stderr);
    }
    assert!(output.stdout.is_empty() && !output.path("out_stats.csv").exists());
}

#[test]
fn more_connections_than_descriptors_are_refused_before_the_run() {
    let server = target();
    let Some(run) = Run::with_open_files(400, &waiting("true")) else {
        return println!("skipped: this process may raise the limit on open files");
    };
    let cures = ["ulimit -n", "LimitNOFILE=", "keep_alive = \"task\"", "fewer users"];
    check_refused(run.users(400), server.address(), "and 400 are allowed", &cures);
    assert_eq!(server.counters().connections, 0);
}

#[test]
fn users_who_give_their_connections_back_may_outnumber_descriptors() {
    let server = target();
    let Some(run) = Run::with_open_files(400, &waiting("\"task\"")) else { return };
    let core = allowed_cores()[0].id.to_string();
    let run = run.host(server.address()).args(["-u", "600", "-r", "600", "--cores", &core]).start();
    await_that("all are done", || server.counters().responses == 600);
    run.signal(Signal::INT);
    assert_eq!(run.wait().code(0).aggregated(), (600, 0));
}

#[test]
fn more_connections_than_local_ports_are_refused_before_the_run() {
    let server = target();
    let run = Run::of(&waiting("true")).users(140_000);
    let run = run.args(["--local-address", "127.0.0.2,127.0.0.3"]);
    let cures = ["--local-address", "--resolve", "net.ipv4.ip_local_port_range", "\"task\""];
    let what = "140000 connections to 127.0.0.1:";
    check_refused(run, server.address(), what, &cures);
    assert_eq!(server.counters().connections, 0);
}

#[test]
fn more_connects_than_ports_last_for_are_doubted_before_the_run() {
    let server = target();
    let port = server.address().port();
    let text = waiting("\"task\"").replace("1h", "1s");
    let text = format!("[load]\nrun_time = \"100ms\"\n{text}");
    let doubts = |address: &str, users: &str| {
        let resolve = format!("name.invalid:{port}:{address}");
        // One of them starts.
        let flags = ["-u", users, "-r", "1", "--resolve", &resolve];
        let run = Run::of(&text).host(format!("name.invalid:{port}")).args(flags);
        run.go().stderr.contains("keep_alive = true")
    };
    // A reserved address (RFC 5737). At most 64,512 ports for 60 s are 1,075 per second.
    assert!(doubts("192.0.2.1", "1200"));
    assert!(doubts("127.0.0.1", "66000") && !doubts("127.0.0.1", "300"));
}

/// `scripts/scale` does the same with 15,000 users and more.
#[test]
fn two_thousand_users_keep_their_connections_and_are_stopped_within_two_seconds() {
    const MANY: u64 = 2000;
    // Both ends are needed, the server's in this process.
    let allowed = getrlimit(Resource::Nofile).maximum;
    if allowed.is_some_and(|allowed| allowed < 2 * MANY) {
        return println!("skipped: {allowed:?} open files are allowed");
    }
    let server = target();
    let run = Run::of(&waiting("true")).host(server.address());
    let run = run.args(["-u", &MANY.to_string(), "-r", "10000"]).start();
    await_that("all are done", || server.counters().responses == MANY);
    assert_eq!(server.counters().connections, MANY);
    let interrupted = Instant::now();
    run.signal(Signal::INT);
    let output = run.wait().code(0);
    let took = interrupted.elapsed();
    assert_eq!((output.aggregated(), output.cancelled()), ((MANY, 0), 0));
    assert_eq!(server.counters().requests, MANY);
    assert!(took < Duration::from_secs(2), "{took:?}");
}
