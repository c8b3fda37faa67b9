//! Errors in builds without all cargo features. In a build with all of them, this file has no tests.

#![cfg(not(feature = "page-tls"))]
#![allow(clippy::unwrap_used)]

use std::fs;
use std::process::{Command, Output};

use tempfile::TempDir;

/// Makes a scenario of one class that GETs this, with more lines in the class.
fn scenario(get: &str, lines: &str) -> String {
    format!("[[user]]\nname = \"u\"\n{lines}\n[[user.task]]\nget = \"{get}\"\n")
}

/// Runs the command with `s.toml` beside it.
fn run(words: &str, scenario: &str) -> Output {
    let dir = TempDir::new().unwrap();
    fs::write(dir.path().join("s.toml"), scenario).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_gregaria"));
    command.args(words.split(' ')).current_dir(dir.path()).output().unwrap()
}

/// Checks that the run is refused with exit code 2 before anything is sent or written.
#[track_caller]
fn check_refused(words: &str, scenario: &str, expected: &str) {
    let output = run(words, scenario);
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    assert_eq!(output.stdout, b"", "{stderr}");
    assert!(stderr.contains(expected), "no '{expected}' in:\n{stderr}");
}

#[test]
fn what_needs_no_feature_runs() {
    let output = run("demo -u 2 -t 1s --cores 0", "");
    let told = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{told}");
    assert!(told.contains("Aggregated"), "{told}");
}

#[cfg(not(feature = "tls"))]
#[test]
fn https_is_refused_where_it_stands() {
    const ABSENT: &str = "this build has no TLS; it comes with the cargo feature 'tls'";
    let plain = scenario("/", "host = \"http://127.0.0.1:9\"");
    let refused = |words: &str, scenario: &str, place: &str| {
        check_refused(words, scenario, &format!("{place}: {ABSENT}"));
    };
    refused("https://127.0.0.1:9/", "", "error: 'https://127.0.0.1:9/'");
    refused("s.toml --host https://127.0.0.1:9", &plain, "'https://127.0.0.1:9'");
    let host = scenario("/", "host = \"https://127.0.0.1:9\"");
    refused("s.toml", &host, "s.toml:3:8: 'https://127.0.0.1:9'");
    refused("check s.toml", &host, "s.toml:3:8: 'https://127.0.0.1:9'");
    let elsewhere = scenario("https://127.0.0.1:9/a", "host = \"http://127.0.0.1:9\"");
    refused("check s.toml", &elsewhere, "s.toml:5:7: 'https://127.0.0.1:9/a'");
}

#[cfg(not(feature = "tls"))]
#[test]
fn options_of_tls_are_refused_where_they_stand() {
    const ABSENT: &str = "this build has no TLS; it comes with the cargo feature 'tls'";
    let plain = scenario("/", "host = \"http://127.0.0.1:9\"");
    for (flags, name) in [
        ("--ca x.pem", "--ca"),
        ("--cert x.pem", "--cert"),
        ("--cert x.pem --key y.pem", "--cert"),
        ("--insecure", "--insecure"),
    ] {
        check_refused(&format!("s.toml {flags}"), &plain, &format!("error: {name}: {ABSENT}"));
    }
    let table = scenario("/", "tls = { resume = true }");
    check_refused("check s.toml", &table, &format!("s.toml:3:18: resume: {ABSENT}"));
}

#[test]
fn the_page_has_no_https() {
    let flags = "s.toml --web --web-port 0 --tls-cert x.pem --tls-key y.pem";
    let expected = if cfg!(feature = "page") {
        "error: --tls-cert x.pem: this build has no HTTPS for the web page; it comes with the cargo \
         feature 'page-tls'"
    } else {
        "error: this build has no web page"
    };
    check_refused(flags, &scenario("/", "host = \"http://127.0.0.1:9\""), expected);
}

#[cfg(not(feature = "page"))]
#[test]
fn the_page_is_refused() {
    let expected = "error: this build has no web page; it comes with the cargo feature 'page'";
    let plain = scenario("/", "host = \"http://127.0.0.1:9\"");
    check_refused("s.toml --web", &plain, expected);
    check_refused("s.toml --web --autostart", &plain, expected);
}
