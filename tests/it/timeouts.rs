//! Timeouts of the parts of a request, each with its own failure.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use crate::support::{Answer, Run, Server};

fn scenario(timeout: &str) -> String {
    format!(
        "[load]\nrun_time = \"1s\"\n[[user]]\nname = \"u\"\nwait_time = \"10ms\"\n\
         timeout = {timeout}\n[[user.task]]\nget = \"/\"\n"
    )
}

/// Checks that every request fails with this text, after at least this time.
#[track_caller]
fn check(address: SocketAddr, timeout: &str, message: &str, at_least: f64) {
    let run = Run::of(&scenario(timeout)).host(address).args(["--csv", "out"]);
    let output = run.go().code(1);
    assert_eq!(output.csv("out_failures.csv").column("Error"), [message]);
    let min = output.csv("out_stats.csv").column("Min Response Time")[0].parse::<f64>().unwrap();
    assert!((at_least..at_least + 300.0).contains(&min), "{min} ms");
}

#[test]
fn the_first_byte_has_a_time_of_its_own() {
    let server = Server::start(|_| Answer::Never);
    let text = "timed out waiting for the first byte after 150 ms";
    check(server.address, "{ first_byte = \"150ms\", total = \"10s\" }", text, 150.0);
    let text = "timed out after 150 ms while waiting for the first byte";
    check(server.address, "{ total = \"150ms\" }", text, 150.0);
}

#[test]
fn after_the_first_byte_its_time_no_longer_counts() {
    let head = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nha".to_vec();
    let server = Server::start(move |_| {
        Answer::Slowly(vec![head.clone(), b"lf!".to_vec()], Duration::from_millis(250))
    });
    let timeout = "{ first_byte = \"150ms\", total = \"10s\" }";
    let run = Run::of(&scenario(timeout)).host(server.address).args(["--csv", "out"]);
    assert!(run.go().code(0).aggregated().0 >= 2);
}

/// As the read timeout of Python's requests: a slow body is none that has stopped.
#[test]
fn between_two_bytes_there_is_a_time_of_its_own() {
    let pieces = |pause| {
        let head = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nha";
        let pieces = [&head[..], b"l", b"f", b"!"].map(<[u8]>::to_vec).to_vec();
        Server::start(move |_| Answer::Slowly(pieces.clone(), Duration::from_millis(pause)))
    };
    let server = pieces(100);
    let timeout = "{ read = \"250ms\" }";
    let run = Run::of(&scenario(timeout)).host(server.address).args(["--csv", "out"]);
    assert!(run.go().code(0).aggregated().0 >= 2);
    let text = "timed out reading the body (2 of 5 bytes) after 250 ms without a byte";
    check(pieces(2000).address, timeout, text, 250.0);
    let silent = Server::start(|_| Answer::Never);
    let text = "timed out waiting for the first byte after 250 ms";
    check(silent.address, timeout, text, 250.0);
}

#[test]
fn a_connection_has_a_time_of_its_own() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    rustix::net::listen(&listener, 0).unwrap();
    let address = listener.local_addr().unwrap();
    let connect = || TcpStream::connect_timeout(&address, Duration::from_millis(200)).ok();
    let _queue_that_is_full: Vec<_> = std::iter::from_fn(connect).collect();
    let text = "timed out connecting after 120 ms";
    check(address, "{ connect = \"120ms\", total = \"10s\" }", text, 120.0);
}
