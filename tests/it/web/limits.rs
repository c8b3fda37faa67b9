//! Limits of the page: slow, silent, oversized and many clients.

use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;

use super::page;
use crate::support::{Run, plain_server};

const MEGABYTE: u64 = 1 << 20;

#[test]
fn what_is_too_long_is_refused() {
    let server = plain_server();
    let page = page(&server);
    let long = "x".repeat(300 * 1024);
    assert_eq!(page.ask("POST", "/api/v1/runs", &[], &long).status, 413);
    assert_eq!(page.ask("POST", "/swarm", &[], &long).status, 413);
    let from = Instant::now();
    let lengthy = [("Content-Length", "300000")];
    assert_eq!(page.ask("POST", "/swarm", &lengthy, "").status, 413);
    assert!(from.elapsed() < Duration::from_secs(5), "it was waited for: {:?}", from.elapsed());
    assert_eq!(page.ask("GET", "/", &[("X-Long", &long[..20 * 1024])], "").status, 431);
    assert_eq!(page.view()["run"], 0);
    page.quit().code(0);
}

/// Each connection is closed in time, and no other client waits for it.
#[test]
fn slow_heads_and_bodies_and_idle_connections_are_closed() {
    let server = plain_server();
    let page = page(&server);
    let host = page.address;
    let silent = page.connect();
    let mut head = page.connect();
    head.write_all(b"GET / HTTP/1.1\r\nHos").unwrap();
    let mut body = page.connect();
    write!(body, "POST /swarm HTTP/1.1\r\nHost: {host}\r\nContent-Length: 10\r\n\r\n1").unwrap();
    let mut idle = page.connect();
    write!(idle, "GET /worker-count HTTP/1.1\r\nHost: {host}\r\n\r\n").unwrap();
    let from = Instant::now();
    assert_eq!(page.view()["state"], "ready");
    assert!(from.elapsed() < Duration::from_secs(2));
    let closed = |mut stream: TcpStream| {
        let mut text = String::new();
        // A connection that is closed with unread data is reset.
        let _ = stream.read_to_string(&mut text);
        (text, from.elapsed())
    };
    thread::scope(|scope| {
        let all = [silent, head, body, idle].map(|stream| scope.spawn(move || closed(stream)));
        let [silent, head, body, idle] = all.map(|thread| thread.join().unwrap());
        assert!(silent.0.is_empty() && !head.0.contains("200 OK"));
        assert!(body.0.starts_with("HTTP/1.1 408"), "{}", body.0);
        assert!(idle.0.starts_with("HTTP/1.1 200"), "{}", idle.0);
        for (_, took) in [silent, head, body, idle] {
            assert!(took > Duration::from_secs(8) && took < Duration::from_secs(15), "{took:?}");
        }
    });
    page.quit().code(0);
}

#[test]
fn a_thousand_silent_connections_keep_nobody_from_the_page() {
    let server = plain_server();
    let page = page(&server);
    let mut events = page.events();
    events.next().unwrap();
    let mut silent = Vec::new();
    for number in 0..1000 {
        silent.push(page.connect());
        if number % 100 == 99 {
            let from = Instant::now();
            assert_eq!(page.get("/api/v1/form").status, 200);
            assert!(from.elapsed() < Duration::from_secs(2), "{:?}", from.elapsed());
        }
    }
    page.command("/api/v1/runs", &json!({"users": 1}));
    // A connection whose request is being answered is not evicted.
    events.find(|event| event.data["view"]["state"] == "running");
    page.quit().code(0);
}

#[test]
fn however_many_pages_are_open_a_run_can_be_stopped() {
    let server = plain_server();
    let page = page(&server);
    page.command("/api/v1/runs", &json!({"users": 1}));
    let mut first = [0; 12];
    let mut open = |_| {
        let mut stream = page.ask_for_events();
        stream.read_exact(&mut first).unwrap();
        (stream, String::from_utf8_lossy(&first).into_owned())
    };
    let open: Vec<_> = (0..300).map(&mut open).collect();
    let are_served = |(_, line): &&(TcpStream, String)| line == "HTTP/1.1 200";
    assert_eq!(open.iter().filter(are_served).count(), 200);
    assert!(open[200..].iter().all(|(_, line)| line == "HTTP/1.1 503"));
    assert_eq!(page.command("/api/v1/run/stop", &json!({})), json!({}));
    page.quit().code(0);
}

/// Twenty clients that never read, of a run with large events.
#[test]
fn who_never_reads_holds_nothing() {
    let server = plain_server();
    let mut scenario = "[[user]]\nname = \"u\"\n".to_owned();
    for number in 0..300 {
        write!(scenario, "[[user.task]]\nget = \"/{number}\"\n").unwrap();
    }
    let page = Run::of(&scenario).host(server.address).arg("--only-summary").open_page();
    page.command("/api/v1/runs", &json!({"users": 4}));
    server.await_requests(3000);
    let mut events = page.events();
    let big = events.find(|event| event.data["view"]["elapsed_s"].as_f64() >= Some(2.0));
    assert!(big.data.to_string().len() > 200_000, "there is not much to show");
    let before = page.running.peak_memory();
    let silent: Vec<_> = (0..100).map(|_| page.ask_for_events()).collect();
    events.find(|event| event.data["view"]["elapsed_s"].as_f64() >= Some(8.0));
    let grown = page.running.peak_memory().saturating_sub(before);
    assert!(grown < 64 * MEGABYTE, "{} MB more", grown / MEGABYTE);
    drop(silent);
    page.quit().code(0);
}

/// The connection of a browser that has gone is closed, and makes room.
#[test]
fn pages_come_and_go() {
    let server = plain_server();
    let page = page(&server);
    page.command("/api/v1/runs", &json!({"users": 1}));
    for _ in 0..600 {
        drop(page.ask_for_events());
    }
    let mut waiting = page.ask_for_events();
    let mut first = [0; 12];
    waiting.read_exact(&mut first).unwrap();
    assert_eq!(&first, b"HTTP/1.1 200");
    assert_eq!(page.get("/worker-count").status, 200);
    page.quit().code(0);
}
