//! What the server sees of connections that are kept, shared and closed.

use std::collections::BTreeMap;

use crate::support::{Run, Server, plain_server, toml};

/// Requests of each connection.
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
    // One that was cancelled while it connected has not reached the server.
    assert!((requests..=requests + output.cancelled()).contains(&seen), "{requests} of {seen}");
    assert_eq!(output.retries(), 0);
    let carried = per_connection(&server);
    // The two that were open at the stop may have carried fewer.
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
