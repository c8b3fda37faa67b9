//! The server as its clients see it: plain blocking sockets, raw bytes.

mod client;
mod lateness;
mod scripted;

use std::io::Write;
use std::net::TcpListener;
use std::time::{Duration, Instant};

use client::{Answer, Client};

use super::{Close, Counters, Error, Options, Pathology, Server};
use crate::cores::allowed_cores;

const WELCOME: &str = r#"{"message": "Welcome to the API!"}"#;
const USERS: &str = r#"{"users": ["Alice", "Bob", "Charlie"]}"#;
const STATUS: &str = r#"{"status": "healthy"}"#;

/// On one core, unless the test says otherwise.
fn options() -> Options {
    Options { cores: allowed_cores()[..1].to_vec(), ..Options::default() }
}

fn delayed(delay: Duration) -> Options {
    Options { pathology: Pathology { delay, ..Pathology::default() }, ..options() }
}

fn start(options: Options) -> Server {
    Server::start(options).unwrap()
}

#[track_caller]
fn check(answer: &Answer, status: u16, body: &str) {
    assert_eq!((answer.status, answer.body.as_slice()), (status, body.as_bytes()), "{answer:?}");
}

/// Tasks of several cores look at one server.
#[test]
fn a_server_is_shared_by_threads() {
    let server = start(options());
    std::thread::scope(|scope| {
        scope.spawn(|| assert_ne!(server.address().port(), 0));
    });
}

#[test]
fn every_route_gives_its_answer_to_get_and_its_head_to_head() {
    let server = start(options());
    let mut client = Client::connect(server.address());
    for (path, status, body) in [
        ("/", 200, WELCOME),
        ("/users", 200, USERS),
        ("/users?page=2", 200, USERS),
        ("/status", 200, STATUS),
        ("/bytes/3", 200, "xxx"),
        ("/bytes/0", 200, ""),
        ("/nowhere", 404, r#"{"error": "not found"}"#),
    ] {
        let got = client.get(path);
        check(&got, status, body);
        assert_eq!(got.head.contains("application/json"), !path.starts_with("/bytes"), "{path}");
        client.send(format!("HEAD {path} HTTP/1.1\r\n\r\n"));
        let head = client.answer(true).unwrap();
        assert_eq!(head.head, got.head, "{path}");
    }
}

#[test]
fn other_methods_are_told_which_ones_are_allowed() {
    let server = start(options());
    let mut client = Client::connect(server.address());
    let answer = client.ask("DELETE /users HTTP/1.1\r\nContent-Length: 2\r\n\r\nno");
    check(&answer, 405, r#"{"error": "method not allowed"}"#);
    assert!(answer.head.contains("\r\nAllow: GET, HEAD\r\n"), "{answer:?}");
    let answer = client.get("/echo");
    assert_eq!(answer.status, 405);
    assert!(answer.head.contains("\r\nAllow: POST\r\n"), "{answer:?}");
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    let server = start(options());
    let mut client = Client::connect(server.address());
    let paths = ["/users", "/", "/bytes/5", "/nowhere"].repeat(4);
    let requests: String =
        paths.iter().map(|path| format!("GET {path} HTTP/1.1\r\n\r\n")).collect();
    client.send(requests);
    for path in paths {
        let body = String::from_utf8(client.answer(false).unwrap().body).unwrap();
        let expected = match path {
            "/users" => USERS,
            "/" => WELCOME,
            "/bytes/5" => "xxxxx",
            _ => r#"{"error": "not found"}"#,
        };
        assert_eq!(body, expected, "{path}");
    }
}

#[test]
fn requests_are_understood_however_they_are_split() {
    let server = start(options());
    let mut client = Client::connect(server.address());
    let requests = "GET /users HTTP/1.1\r\nHost: h\r\n\r\n\
                    POST /echo HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello\
                    POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n\
                    2;x=y\r\nab\r\n3\r\ncde\r\n0\r\nA: b\r\n\r\n";
    for step in [1, 2, 3, 7, 50] {
        for piece in requests.as_bytes().chunks(step) {
            client.send(piece);
            std::thread::yield_now();
        }
        for body in [USERS, "hello", "abcde"] {
            check(&client.answer(false).unwrap(), 200, body);
        }
    }
}

#[test]
fn bodies_are_echoed_with_their_type_whatever_their_framing() {
    let server = start(options());
    let mut client = Client::connect(server.address());
    let answer =
        client.ask("POST /echo HTTP/1.1\r\nContent-Type: text/csv\r\nContent-Length: 3\r\n\r\na,b");
    check(&answer, 200, "a,b");
    assert!(answer.head.contains("\r\nContent-Type: text/csv\r\n"), "{answer:?}");
    check(&client.ask("POST /echo HTTP/1.1\r\nContent-Length: 0\r\n\r\n"), 200, "");

    let body: Vec<u8> = (0..3_000_000_u32).map(|n| (n * 7 + n / 251) as u8).collect();
    let mut request = b"POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
    for chunk in body.chunks(70_000) {
        write!(request, "{:x}\r\n", chunk.len()).unwrap();
        request.extend_from_slice(chunk);
        request.extend_from_slice(b"\r\n");
    }
    request.extend_from_slice(b"0\r\n\r\n");
    assert!(client.ask(request).body == body, "the bytes differ");
}

#[test]
fn a_client_that_waits_for_100_continue_is_told_to_go_on() {
    let server = start(options());
    let mut client = Client::connect(server.address());
    let head = "POST /echo HTTP/1.1\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n";
    assert_eq!(client.ask(head).status, 100);
    check(&client.ask("hello"), 200, "hello");
    // Who does not wait needs no telling.
    check(&client.ask(format!("{head}again")), 200, "again");
    assert_eq!(server.counters().responses, 2);
}

#[test]
fn what_is_no_request_is_answered_400_and_closed() {
    let server = start(options());
    for nonsense in [
        "\x16\x03\x01 hello over TLS\r\n\r\n",
        "GET / HTTP/2.0\r\n\r\n",
        "GET / HTTP/1.1\r\nno colon\r\n\r\n",
        "POST /echo HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
        "POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n",
    ] {
        let mut client = Client::connect(server.address());
        let answer = client.ask(nonsense);
        check(&answer, 400, r#"{"error": "malformed request"}"#);
        assert!(answer.head.contains("\r\nConnection: close\r\n"), "{answer:?}");
        client.check_closed();
    }
    let mut client = Client::connect(server.address());
    let answer = client.ask("POST /echo HTTP/1.1\r\nContent-Length: 67108865\r\n\r\n");
    check(&answer, 413, r#"{"error": "body too large"}"#);
    client.check_closed();
}

/// Its kernel resets a peer that closes while bytes are still coming, and a reset takes the answer
/// away from who has not read it yet.
#[test]
fn a_refused_client_that_is_still_sending_gets_its_answer() {
    let server = start(options());
    // So often, because the shutdown of one connection has hit the next one, about once in 300: see
    // the reactor's `shut`.
    for _ in 0..1000 {
        let mut client = Client::connect(server.address());
        client.send("POST /echo HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n");
        for _ in 0..50 {
            client.send([0; 10_000]);
        }
        assert_eq!(client.answer(false).unwrap().status, 413);
    }
}

#[test]
fn connections_live_by_the_rules_of_their_version() {
    let server = start(options());
    let check = |head: &str, connection: Option<&str>, lives: bool| {
        let mut client = Client::connect(server.address());
        let answer = client.ask(format!("GET / {head}\r\n\r\n"));
        let said = answer.head.lines().find_map(|line| line.strip_prefix("Connection: "));
        assert_eq!(said, connection, "{head}");
        if lives {
            assert_eq!(client.get("/").status, 200, "{head}");
        } else {
            client.check_closed();
        }
    };
    check("HTTP/1.1", None, true);
    check("HTTP/1.1\r\nConnection: close", Some("close"), false);
    check("HTTP/1.0", Some("close"), false);
    check("HTTP/1.0\r\nConnection: keep-alive", Some("keep-alive"), true);
}

#[test]
fn connections_are_closed_after_so_many_answers_announced_or_not() {
    let check = |close: Close, answers: usize, announced: bool| {
        let server = start(Options { close, ..options() });
        for _ in 0..3 {
            let mut client = Client::connect(server.address());
            for number in 1..=answers {
                let answer = client.get("/users");
                let said = answer.head.contains("Connection: close");
                assert_eq!(said, announced && number == answers, "{close:?}: {answer:?}");
            }
            client.check_closed();
        }
        let connections = server.counters().connections;
        assert_eq!(connections, 3, "{close:?}");
    };
    check(Close::Announced(1), 1, true);
    check(Close::Announced(5), 5, true);
    check(Close::Silent(1), 1, false);
    check(Close::Silent(5), 5, false);
}

#[test]
fn what_is_pipelined_behind_the_last_answer_is_not_answered() {
    let server = start(Options { close: Close::Announced(3), ..options() });
    let mut client = Client::connect(server.address());
    client.send("GET /status HTTP/1.1\r\n\r\n".repeat(10));
    for _ in 0..3 {
        check(&client.answer(false).unwrap(), 200, STATUS);
    }
    client.check_closed();
    assert_eq!(server.counters(), Counters { connections: 1, requests: 3, responses: 3 });
}

#[test]
fn idle_connections_are_closed_and_busy_ones_are_not() {
    let idle = Duration::from_millis(200);
    let server = start(Options { idle_timeout: Some(idle), ..options() });
    let mut client = Client::connect(server.address());
    for _ in 0..8 {
        std::thread::sleep(idle / 4);
        assert_eq!(client.get("/").status, 200);
    }
    let begin = Instant::now();
    client.check_closed();
    assert!(begin.elapsed() >= idle * 9 / 10, "closed after {:?}", begin.elapsed());
}

#[test]
fn an_answer_comes_no_sooner_than_its_delay() {
    let delay = Duration::from_millis(50);
    let server = start(delayed(delay));
    let mut client = Client::connect(server.address());
    let begin = Instant::now();
    for _ in 0..3 {
        assert_eq!(client.get("/").status, 200);
    }
    assert!(begin.elapsed() >= delay * 3);
    // Requests that come together wait together.
    let begin = Instant::now();
    client.send("GET / HTTP/1.1\r\n\r\n".repeat(20));
    (0..20).for_each(|_| assert_eq!(client.answer(false).unwrap().status, 200));
    assert!((delay..delay * 10).contains(&begin.elapsed()), "{:?}", begin.elapsed());
}

#[test]
fn errors_and_broken_promises_come_at_their_rates() {
    let faults = Options { error_rate: 0.2, drop_rate: 0.5, seed: 7, ..options() };
    let server = start(faults);
    let mut client = Client::connect(server.address());
    let (mut errors, mut drops) = (0, 0);
    for _ in 0..2000 {
        let answer = client.get("/status");
        match (answer.status, answer.body.as_slice()) {
            (500, body) => {
                assert_eq!(body, br#"{"error": "injected"}"#);
                errors += 1;
            }
            (200, b"{}") => drops += 1,
            _ => check(&answer, 200, STATUS),
        }
    }
    assert!((320..480).contains(&errors), "{errors} errors, 400 expected");
    assert!((700..900).contains(&drops), "{drops} drops, 800 expected");
}

#[test]
fn a_large_body_arrives_whole_and_what_follows_behind_it() {
    let server = start(options());
    let mut client = Client::connect(server.address());
    let len = 8 << 20;
    assert!(client.get(&format!("/bytes/{len}")).body == vec![b'x'; len]);

    // Nobody reads while ten of them are asked for: they wait for each other.
    client.send(format!("GET /bytes/{len} HTTP/1.1\r\n\r\nGET /users HTTP/1.1\r\n\r\n").repeat(10));
    std::thread::sleep(Duration::from_millis(100));
    for _ in 0..10 {
        assert!(client.answer(false).unwrap().body == vec![b'x'; len]);
        check(&client.answer(false).unwrap(), 200, USERS);
    }
}

/// A client that sends one request at a time and reads no answer: at some point the kernel takes
/// only a part of one, or nothing, and no later one may overtake it.
#[test]
fn answers_that_nobody_reads_wait_in_order() {
    let server = start(options());
    let mut client = Client::connect(server.address());
    // Were it as large as it may grow, it would hold all the answers.
    rustix::net::sockopt::set_socket_recv_buffer_size(&client.stream, 64 * 1024).unwrap();
    let mut writer = client.stream.try_clone().unwrap();
    let requests = 60_000;
    let writing = std::thread::spawn(move || {
        let both = ["GET /users HTTP/1.1\r\n\r\n", "GET /status HTTP/1.1\r\n\r\n"];
        for number in 0..requests {
            writer.write_all(both[number % 2].as_bytes()).unwrap();
            std::thread::yield_now();
        }
    });
    std::thread::sleep(Duration::from_millis(500));
    for number in 0..requests {
        check(&client.answer(false).unwrap(), 200, [USERS, STATUS][number % 2]);
    }
    writing.join().unwrap();
}

#[test]
fn several_cores_share_a_port_and_count_what_their_clients_count() {
    let core = allowed_cores()[0];
    let cores = allowed_cores().into_iter().chain([core]).take(2).collect();
    let server = start(Options { cores, ..Options::default() });
    let address = server.address();
    let clients: Vec<_> = (0..32)
        .map(|_| {
            std::thread::spawn(move || {
                let mut client = Client::connect(address);
                (0..100).for_each(|_| check(&client.get("/"), 200, WELCOME));
            })
        })
        .collect();
    clients.into_iter().for_each(|client| client.join().unwrap());
    let expected = Counters { connections: 32, requests: 3200, responses: 3200 };
    assert_eq!(server.counters(), expected);
    assert!(server.counters_by_core().all(|core| core.connections > 0));
    assert_eq!(server.stop().unwrap(), expected);
}

#[test]
fn stopping_is_prompt_closes_what_is_open_and_frees_the_port() {
    let server = start(delayed(Duration::from_secs(60)));
    let address = server.address();
    let mut clients: Vec<_> = (0..20).map(|_| Client::connect(address)).collect();
    for client in &mut clients[..10] {
        client.send("GET / HTTP/1.1\r\n\r\n");
    }
    while server.counters().requests < 10 {
        std::thread::yield_now();
    }
    let begin = Instant::now();
    let counters = server.stop().unwrap();
    assert!(begin.elapsed() < Duration::from_secs(1), "took {:?}", begin.elapsed());
    assert_eq!((counters.requests, counters.responses), (10, 0));
    clients.iter_mut().for_each(Client::check_closed);
    drop(start(Options { address, ..options() }));
}

#[test]
fn a_server_that_cannot_start_says_why_and_what_to_do() {
    let check = |options: Options, expected: &str| {
        let text = Server::start(options).unwrap_err().to_string();
        assert!(text.contains(expected), "{text}");
    };
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    check(Options { address, ..options() }, "in use; try another port");
    // A second server of the same user would be let in, and take half of the connections.
    let first = start(options());
    check(Options { address: first.address(), ..options() }, "in use; try another port");
    let address = "192.0.2.1:0".parse().unwrap();
    check(Options { address, ..options() }, "try 127.0.0.1");
    check(Options { cores: Vec::new(), ..options() }, "at least one core");
    check(Options { error_rate: 1.5, ..options() }, "error rate is 1.5");
    let cores = vec![core_affinity::CoreId { id: 1023 }];
    check(Options { cores, ..options() }, "cannot pin a thread to core 1023");
    let denied = std::io::Error::from_raw_os_error(libc::EACCES);
    let text = Error::listen("127.0.0.1:80".parse().unwrap(), denied).to_string();
    assert!(text.contains("ip_unprivileged_port_start=80"), "{text}");
}
