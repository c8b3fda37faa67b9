//! The built-in server from the command line, and the demo that runs against it.

use std::io::{Read, Write};
use std::net::TcpStream;

use crate::support::{Run, Running, Signal};

/// `gregaria serve` on a port of its own, and the address it says.
fn serve(args: &[&str]) -> (Running, String) {
    let mut running = Run::new(["serve", "--port", "0"]).args(args).start();
    let line = running.stdout_line("Serving GET /, /users, /status at http://");
    let address = line.split("http://").nth(1).unwrap().split(' ').next().unwrap().to_owned();
    (running, address)
}

/// What the server says to a GET, to the end of the connection.
fn get(address: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    text
}

#[test]
fn serve_answers_as_the_tutorials_api_and_says_what_it_saw() {
    let (running, address) = serve(&[]);
    for (path, body) in [
        ("/", r#"{"message": "Welcome to the API!"}"#),
        ("/users", r#"{"users": ["Alice", "Bob", "Charlie"]}"#),
        ("/status", r#"{"status": "healthy"}"#),
    ] {
        let text = get(&address, path);
        assert!(text.starts_with("HTTP/1.1 200 OK\r\n"), "{text}");
        assert!(text.to_lowercase().contains("content-type: application/json"), "{text}");
        assert!(text.ends_with(&format!("\r\n\r\n{body}")), "{text}");
    }
    running.signal(Signal::INT);
    let output = running.wait().code(0);
    let last = output.stdout.lines().last();
    assert_eq!(last, Some("Requests: 3, responses: 3, connections: 3"), "{}", output.stderr);
}

#[test]
fn a_port_that_is_taken_is_named() {
    let (_running, address) = serve(&[]);
    let port = address.rsplit_once(':').unwrap().1;
    let output = Run::new(["serve", "--port", port]).go().code(2);
    assert!(output.stderr.contains(port), "{}", output.stderr);
    assert!(output.stderr.to_lowercase().contains("in use"), "{}", output.stderr);
    assert_eq!(output.stdout, "");
}

#[test]
fn a_server_like_flasks_is_no_trouble_for_a_run() {
    let (running, address) = serve(&["--close"]);
    let output = Run::new([format!("http://{address}/users")]).args(["-t", "1s", "-u", "2"]).go();
    let (requests, failures) = output.code(0).aggregated();
    assert!(requests > 0 && failures == 0);
    running.signal(Signal::TERM);
    running.wait().code(0);
}

#[test]
fn the_demo_has_no_failures() {
    let output = Run::new(["demo", "-t", "1s"]).go().code(0);
    let (requests, failures) = output.aggregated();
    assert!(requests > 100 && failures == 0);
    for name in ["/", "/users", "/status"] {
        assert!(output.stdout.contains(&format!("GET      {name} ")), "{}", output.stdout);
    }
}
