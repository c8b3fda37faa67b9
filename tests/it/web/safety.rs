//! Access control: which clients may see the page, and which may change the run.

use std::io::Write;

use super::{SCENARIO, page};
use crate::support::tls::{Authority, Identity};
use crate::support::{Reply, Run, plain_server};

const TOKEN: &str = "0123456789abcdef";

#[test]
fn the_page_and_all_else_say_what_may_be_done_with_them() {
    let server = plain_server();
    let page = page(&server);
    for path in
        ["/", "/assets/app.js", "/assets/app.css", "/api/v1/view", "/stats/requests", "/none"]
    {
        let reply = page.get(path);
        let policy = reply.header("Content-Security-Policy").unwrap();
        assert!(policy.starts_with("default-src 'none'; script-src 'self'"), "{path}: {policy}");
        assert_eq!(reply.header("X-Content-Type-Options"), Some("nosniff"), "{path}");
        assert_eq!(reply.header("Referrer-Policy"), Some("no-referrer"), "{path}");
        assert!(reply.header("Access-Control-Allow-Origin").is_none(), "{path}");
    }
    assert_eq!(page.get("/api/v1/view").header("Cache-Control"), Some("no-store"));
    let tag = page.get("/assets/app.js").header("ETag").unwrap().to_owned();
    let known = [("If-None-Match", &*tag)];
    assert_eq!(page.ask("GET", "/assets/app.js", &known, "").status, 304);
    page.quit().code(0);
}

#[test]
fn a_page_of_another_origin_changes_nothing() {
    let server = plain_server();
    let page = page(&server);
    let foreign = [("Origin", "http://evil.example")];
    for (method, path) in [
        ("POST", "/api/v1/runs"),
        ("POST", "/api/v1/run/stop"),
        ("POST", "/swarm"),
        ("GET", "/stop"),
        ("GET", "/stats/reset"),
    ] {
        assert_eq!(page.ask(method, path, &foreign, "").status, 403, "{method} {path}");
    }
    assert_eq!(page.view()["run"], 0);
    let own = format!("http://{}", page.address);
    assert_eq!(page.ask("POST", "/api/v1/runs", &[("Origin", &own)], "{}").status, 201);
    // A run without a response ends with 1.
    server.await_requests(2);
    page.quit().code(0);
}

#[test]
fn a_name_that_was_made_ours_is_not() {
    let server = plain_server();
    let page = page(&server);
    let port = page.address.port();
    let host = format!("evil.example:{port}");
    for path in ["/", "/api/v1/view", "/api/v1/events", "/none"] {
        assert_eq!(page.ask("GET", path, &[("Host", &host)], "").status, 403, "{path}");
    }
    let host = format!("localhost:{port}");
    assert_eq!(page.ask("GET", "/", &[("Host", &host)], "").status, 200);
    page.quit().code(0);
}

#[test]
fn there_is_nothing_beside_the_page() {
    let server = plain_server();
    let page =
        Run::of(SCENARIO).host(server.address).args(["--web-base-path", "/load/"]).open_page();
    assert!(page.url.ends_with("/load"), "{}", page.url);
    assert_eq!((page.get("").status, page.get("/").status), (200, 200));
    assert!(page.get("/").body.contains("content=\"/load\""));
    assert_eq!(page.read("/api/v1/view")["state"], "ready");
    let beside = |path: &str| {
        let mut stream = page.connect();
        let head =
            format!("GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", page.address);
        stream.write_all(head.as_bytes()).unwrap();
        Reply::read(stream).status
    };
    for path in [
        "/",
        "/api/v1/view",
        "/loading/",
        "/load/../etc/passwd",
        "/load/assets/../../../etc/passwd",
        "/load/assets/%2e%2e/%2e%2e/etc/passwd",
        "/load//etc/passwd",
        "/load/assets/",
        "/load/s.toml",
        "/load/assets/..%2fapp.js",
        "/load/assets/app.js%00",
    ] {
        assert_eq!(beside(path), 404, "{path}");
    }
    page.quit().code(0);
}

#[test]
fn beyond_loopback_only_those_who_know_the_token_see_anything() {
    let server = plain_server();
    let page = Run::of(SCENARIO).host(server.address).args(["--web-host", "*"]).open_page();
    let token = page.url.split("/?token=").nth(1).expect("the token is printed").to_owned();
    assert!(token.len() == 32 && token.chars().all(|c| c.is_ascii_hexdigit()), "{token}");
    for path in ["/", "/api/v1/view", "/api/v1/events", "/assets/app.js", "/stop"] {
        assert_eq!(page.get(path).status, 401, "{path}");
    }
    let wrong = format!("Bearer {}", token.replace(&token[..1], "x"));
    assert_eq!(page.ask("GET", "/", &[("Authorization", &wrong)], "").status, 401);
    let welcome = page.get(&format!("/?tab=charts&token={token}"));
    assert_eq!((welcome.status, welcome.header("Location")), (303, Some("/?tab=charts")));
    let cookie = welcome.header("Set-Cookie").unwrap();
    assert!(cookie.contains("; HttpOnly; SameSite=Strict"), "{cookie}");
    let cookie = cookie.split(';').next().unwrap();
    assert_eq!(page.ask("GET", "/", &[("Cookie", cookie)], "").status, 200);
    let bearer = format!("Bearer {token}");
    let with = [("Authorization", &*bearer), ("Host", "loader.example:8089")];
    assert_eq!(page.ask("POST", "/api/v1/runs", &with, "{}").status, 201);
    server.await_requests(2);
    let logs = page.ask("GET", "/logs", &with, "");
    assert!(logs.status == 200 && !logs.body.contains(&token), "{logs:?}");
    assert!(logs.body.contains("Without --tls-cert the page's token travels in clear"), "{logs:?}");
    page.quit().code(0);
}

#[test]
fn a_token_may_come_from_a_file_and_is_not_told() {
    let server = plain_server();
    let run = Run::of(SCENARIO).host(server.address).file("token", &format!("{TOKEN}\n"));
    let page = run.args(["--web-token-file", "token"]).open_page();
    assert!(!page.url.contains(TOKEN), "{}", page.url);
    assert_eq!(page.get("/").status, 401);
    let bearer = format!("Bearer {TOKEN}");
    let logs = page.ask("GET", "/logs", &[("Authorization", &bearer)], "");
    assert!(logs.status == 200 && logs.body.contains("web interface"), "{logs:?}");
    assert!(!logs.body.contains(TOKEN), "{}", logs.body);
    page.quit().code(0);
}

/// The test's client acts as the browser.
#[test]
fn the_page_is_served_by_https_where_there_is_a_certificate() {
    let server = plain_server();
    let identity = Identity::good();
    let run = Run::of(SCENARIO).host(server.address).file("cert.pem", &identity.pem());
    let run = run.file("key.pem", &identity.key_pem());
    let page = run.args(["--tls-cert", "cert.pem", "--tls-key", "key.pem"]).open_page();
    assert!(page.url.starts_with("https://"), "{}", page.url);
    let client = Run::new(["--requests", "3", "--ca", "ca.pem", "--only-summary"]);
    let client = client.file("ca.pem", &Authority::of_tests().certificate.pem());
    let output = client.arg(format!("{}/api/v1/view", page.url)).go().code(0);
    assert_eq!(output.aggregated(), (3, 0));
    page.quit().code(0);
}
