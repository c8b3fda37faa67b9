//! HTTPS with nginx and OpenSSL: every version, client certificates, sessions.

use std::fs;

use crate::certificates;
use crate::daemon::{Daemon, LARGE, PAGE};
use crate::harness::{Results, Run};
use crate::load::{flags, scenario_with};
use crate::nginx;

fn start(more: &str) -> Option<Daemon> {
    nginx::start_secure(more, &certificates::issue())
}

/// A run of a class that trusts the server.
fn run(nginx: &Daemon, class: &str, task: &str) -> Results {
    let (ca, host) = (nginx.path("ca.pem"), nginx.url().replace("http:", "https:"));
    let flags = [&flags(&host, "16", "1s")[..], &["--ca", &ca]].concat();
    Run::start_with_csv(&scenario_with(class, &[task]), &flags).results()
}

/// Returns what nginx logs about the TLS of each request: version, resumed session, client.
fn tls_log(nginx: &Daemon) -> Vec<(String, String, String)> {
    let text = fs::read_to_string(nginx.path("tls.log")).unwrap();
    let words = |line: &str| {
        let mut words = line.splitn(3, ' ').map(str::to_owned);
        let mut word = || words.next().unwrap();
        (word(), word(), word())
    };
    text.lines().map(words).collect()
}

#[test]
fn every_version_counts_as_the_access_log_does() {
    for (protocols, version) in [("TLSv1.2", "TLSv1.2"), ("TLSv1.2 TLSv1.3", "TLSv1.3")] {
        let Some(nginx) = start(&format!("ssl_protocols {protocols}; keepalive_requests 20;"))
        else {
            return;
        };
        let run = run(&nginx, "", "get = \"/page\"");
        run.assert_fine();
        assert_eq!(run.row("GET", "/page").average_bytes, PAGE.len() as f64);
        assert_eq!((run.cancelled(), run.retries()), (0, 0), "{}", run.stdout);
        let log = tls_log(&nginx);
        assert!(log.iter().all(|(spoken, ..)| spoken == version), "{version}");
        // More than one connection of each user, because nginx closes them after so many.
        assert!(log.len() as u64 > 16 * 20, "{}", log.len());
        assert_eq!(nginx.close().len() as u64, run.aggregated().requests);
    }
}

#[test]
fn large_bodies_are_received_whole() {
    let Some(nginx) = start("") else { return };
    let run = run(&nginx, "", "get = \"/large\"");
    run.assert_fine();
    assert_eq!(run.row("GET", "/large").average_bytes, LARGE as f64);
    assert_eq!(nginx.close().len() as u64, run.aggregated().requests);
}

/// nginx says so before it closes, which is what makes the body a whole one.
#[test]
fn a_body_that_ends_with_the_connection_is_whole() {
    let Some(nginx) = start("") else { return };
    let run = run(&nginx, "", "get = \"/closed\"\ncheck = { body_contains = \"one page\" }");
    run.assert_fine();
    assert_eq!(run.row("GET", "/closed").average_bytes, PAGE.len() as f64);
    assert_eq!(nginx.close().len() as u64, run.aggregated().requests);
}

#[test]
fn a_client_certificate_is_shown_to_who_asks_for_it() {
    for protocols in ["TLSv1.2", "TLSv1.3"] {
        let lines = format!(
            "ssl_protocols {protocols}; ssl_verify_client on; ssl_client_certificate ca.pem;"
        );
        let Some(nginx) = start(&lines) else { return };
        let class = format!("tls = {{ cert = \"{}\" }}", nginx.path("client.pem"));
        let shown = run(&nginx, &class, "get = \"/page\"");
        shown.assert_fine();
        let requests = shown.aggregated().requests;
        let none = run(&nginx, "", "get = \"/page\"");
        // nginx goes on without one, to say so in HTTP.
        assert_eq!(none.aggregated().failures, none.aggregated().requests);
        assert_eq!(none.failures[0].error, "400 Bad Request");
        let certified = tls_log(&nginx).iter().filter(|(_, _, client)| client != "-").count();
        assert_eq!(certified as u64, requests);
    }
}

#[test]
fn sessions_are_resumed_where_that_is_asked_for() {
    for protocols in ["TLSv1.2", "TLSv1.3"] {
        for lines in
            ["ssl_session_tickets on;", "ssl_session_cache shared:s:1m; ssl_session_tickets off;"]
        {
            let lines = format!("ssl_protocols {protocols}; {lines}");
            let Some(nginx) = start(&lines) else { return };
            let class = "keep_alive = false\ntls = { resume = true }";
            let run = run(&nginx, class, "get = \"/page\"");
            run.assert_fine();
            let log = tls_log(&nginx);
            let resumed = log.iter().filter(|(_, reused, _)| reused == "r").count();
            // All but the first of each user.
            assert_eq!(resumed + 16, log.len(), "{lines}");
            let told = format!("TLS handshakes: {} ({resumed} resumed)", log.len());
            assert!(run.stdout.contains(&told), "{told}\n{}", run.stdout);
        }
    }
}

/// As with curl and Python's requests.
#[test]
fn a_certificate_of_openssl_is_trusted_by_itself() {
    let Some(files) = certificates::made_by_openssl() else { return };
    let Some(nginx) = nginx::start_secure("", &files) else { return };
    let host = nginx.url().replace("http:", "https:");
    let run = |class: &str, more: &[&str]| {
        let flags = [&flags(&host, "2", "1s")[..], more].concat();
        Run::start_with_csv(&scenario_with(class, &["get = \"/page\""]), &flags).results()
    };
    run("", &["--ca", &nginx.path("cert.pem")]).assert_fine();
    run(&format!("tls = {{ ca = \"{}\" }}", nginx.path("cert.pem")), &[]).assert_fine();
    // Another certificate of the same name.
    let other = run("", &["--ca", &nginx.path("other.pem")]);
    assert_eq!(other.aggregated().failures, other.aggregated().requests);
    let text =
        "certificate invalid: it is an authority's own, which is accepted only where 'ca' has it";
    assert_eq!(other.failures[0].error, text);
    let (name, own) = (host.replace("127.0.0.1", "localhost"), nginx.path("cert.pem"));
    let flags = [&flags(&name, "2", "1s")[..], &["--ca", &own]].concat();
    let named = Run::start_with_csv(&scenario_with("", &["get = \"/page\""]), &flags).results();
    assert_eq!(named.failures[0].error, "certificate not valid for name localhost");
}
