//! Every route of the page with every method: what is allowed, and how the rest is refused.

use std::collections::BTreeSet;

use gregaria::web::paths;
use serde_json::json;

use super::{SCENARIO, page};
use crate::openapi;
use crate::support::{Page, Reply, Run, Server, plain_server};

const TOKEN: &str = "0123456789abcdef";

/// The methods of RFC 9110 section 9.3 and RFC 5789, and some unknown ones.
const METHODS: [&str; 12] = [
    "GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", "QUERY", "get",
    "X",
];

/// Opens a page that needs a token, with an active run.
fn page_with_token(server: &Server) -> Page {
    let run = Run::of(SCENARIO).host(server.address).file("token", TOKEN);
    let page = run.args(["--web-token-file", "token", "--only-summary"]).open_page();
    let bearer = format!("Bearer {TOKEN}");
    let started = page.ask("POST", "/api/v1/runs", &[("Authorization", &bearer)], "{}");
    assert_eq!(started.status, 201, "{started:?}");
    page
}

/// Returns the status of a request with the cookie and nothing else to authorise it.
fn by_cookie(page: &Page, method: &str, path: &str) -> Reply {
    let cookie = format!("gregaria-{}={TOKEN}", page.address.port());
    page.ask(method, path, &[("Cookie", &cookie)], "")
}

/// Checks that a run is active, and that its commands are these.
#[track_caller]
fn check_unchanged(page: &Page, what: &str) {
    let view = by_cookie(page, "GET", "/api/v1/view").json();
    assert!(["spawning", "running"].map(Into::into).contains(&view["state"]), "{what}: {view}");
    assert_eq!((&view["run"], &view["commands"]), (&json!(1), &json!([])), "{what}");
}

/// Of the event stream, which has no end, only the head is read.
fn is_endless(method: &str, path: &str) -> bool {
    (method, path) == ("GET", "/api/v1/events")
}

#[test]
fn a_cookie_changes_nothing_but_by_post_whatever_the_route_and_the_method() {
    let server = plain_server();
    let page = page_with_token(&server);
    let mut changes = BTreeSet::new();
    for (path, methods) in paths() {
        let allowed: Vec<&str> = methods.iter().map(|method| method.as_str()).collect();
        let is_change = allowed.contains(&"POST");
        for method in METHODS.into_iter().filter(|method| !is_endless(method, path)) {
            let what = format!("{method} {path}");
            if is_change && method == "POST" {
                changes.insert(path);
                continue;
            }
            let reply = by_cookie(&page, method, path);
            match (allowed.contains(&method), is_change) {
                (true, false) => assert!(matches!(reply.status, 200 | 404), "{what}: {reply:?}"),
                (true, true) => assert_eq!(reply.status, 403, "{what}: {reply:?}"),
                (false, _) => {
                    assert_eq!(reply.status, 405, "{what}: {reply:?}");
                    assert_eq!(reply.header("Allow"), Some(&*allowed.join(", ")), "{what}");
                }
            }
            if is_change {
                check_unchanged(&page, &what);
            }
        }
    }
    let expected = ["/api/v1/run/load", "/api/v1/run/reset", "/api/v1/run/stop", "/api/v1/runs"];
    let expected = expected.into_iter().chain(["/stats/reset", "/stop", "/swarm", "/user"]);
    assert_eq!(changes, expected.collect::<BTreeSet<_>>());
    // Browsers send the origin of a POST, so it is answered; this one names no class.
    assert_eq!(by_cookie(&page, "POST", "/user").status, 422);
    assert_eq!(by_cookie(&page, "POST", "/api/v1/run/reset").status, 200);
    assert_eq!(by_cookie(&page, "POST", "/stop").status, 200);
    page.quit().code(0);
}

#[test]
fn no_other_spelling_of_a_route_gets_round_its_rule() {
    let server = plain_server();
    let page = page_with_token(&server);
    let whole = |path: &str| format!("http://{}{path}", page.address);
    let mut spellings = Vec::new();
    for route in ["/stop", "/stats/reset", "/api/v1/run/stop", "/api/v1/run/reset"] {
        spellings.extend([
            route.to_owned(),
            format!("{route}/"),
            format!("/{route}"),
            format!("/.{route}"),
            format!("/x/..{route}"),
            route.replace('s', "%73"),
            route.replace('s', "%2573"),
            route.replacen('/', "/%2F", 1),
            route.replacen('/', "\\", 1),
            route.to_uppercase(),
            format!("{route}?_method=POST&method=POST"),
            format!("{route};x=y"),
            format!("{route}%00"),
            format!("{route}#fragment"),
            whole(route),
            whole(&format!("/{route}")),
            format!("http://user:{TOKEN}@{}{route}", page.address),
            format!("//{}{route}", page.address),
        ]);
    }
    let cookie = format!("gregaria-{}={TOKEN}", page.address.port());
    let overrides = ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"];
    for spelling in &spellings {
        for method in ["GET", "HEAD", "OPTIONS", "TRACE", "CONNECT"] {
            let plain = vec![("Cookie", &*cookie)];
            let overridden = overrides.map(|name| (name, "POST"));
            for headers in [plain.clone(), [&plain[..], &overridden].concat()] {
                let reply = page.ask(method, spelling, &headers, "");
                let what = format!("{method} {spelling}: {reply:?}");
                assert!(matches!(reply.status, 400 | 401 | 403 | 404 | 405), "{what}");
            }
        }
        check_unchanged(&page, spelling);
    }
    page.quit().code(0);
}

/// The host of an absolute target takes precedence over the header (RFC 9112 section 3.2.2).
#[test]
fn a_name_that_was_made_ours_is_not_whatever_form_the_target_has() {
    let server = plain_server();
    let page = page(&server);
    let port = page.address.port();
    for (target, status) in [
        (format!("http://evil.example:{port}/api/v1/view"), 403),
        (format!("http://127.0.0.1:{port}@evil.example/api/v1/view"), 403),
        (format!("http://127.0.0.1:{port}/api/v1/view"), 200),
        (format!("http://localhost:{port}/api/v1/view"), 200),
    ] {
        assert_eq!(page.ask("GET", &target, &[], "").status, status, "{target}");
    }
    let evil = ("Host", "evil.example");
    let target = format!("http://127.0.0.1:{port}/api/v1/view");
    assert_eq!(page.ask("GET", &target, &[evil], "").status, 200);
    page.quit().code(0);
}

#[test]
fn whatever_is_wrong_below_api_v1_is_4xx_with_errors_and_in_swarm_200_as_locusts() {
    let server = plain_server();
    let page = page(&server);
    let long = "x".repeat(300 * 1024);
    let foreign = [("Origin", "http://evil.example")];
    let mut faults = 0;
    let mut check = |reply: Reply, status: u16, what: &str| {
        assert_eq!(reply.status, status, "{what}: {reply:?}");
        assert_eq!(reply.header("Content-Type"), Some("application/json"), "{what}");
        openapi::check("Errors", &reply.json());
        faults += 1;
    };
    for (path, methods) in paths() {
        if !path.starts_with("/api/v1/") {
            continue;
        }
        let method = methods[0].as_str();
        check(page.ask("PUT", path, &[], ""), 405, path);
        check(page.ask(method, path, &[("Host", "evil.example")], ""), 403, path);
        check(page.ask(method, path, &[], &long), 413, path);
        check(page.get(&format!("{path}/x")), 404, path);
        if method == "POST" {
            check(page.ask(method, path, &foreign, ""), 403, path);
        }
    }
    let wrong = ["{", "[]", "1", "\"x\"", "null", "{\"users\": -1}", "{\"usres\": 1}", "\u{0}"];
    for body in wrong {
        check(page.ask("POST", "/api/v1/runs", &[], body), 422, body);
    }
    // There is no active run to change.
    for path in ["/api/v1/run/load", "/api/v1/run/stop", "/api/v1/run/reset"] {
        check(page.ask("POST", path, &[], "{}"), 409, path);
    }
    check(page.get("/api/v1/run.json"), 404, "run.json");
    check(page.get("/api/v1/history?name=none"), 404, "history");
    for form in ["", "user_count=-1&spawn_rate=1", "user_count=1", "usres=1", "run_time=x"] {
        let reply = page.ask("POST", "/swarm", &[], form);
        assert_eq!((reply.status, &reply.json()["success"]), (200, &json!(false)), "{form}");
    }
    page.command("/api/v1/runs", &json!({}));
    check(page.post("/api/v1/runs", &json!({})), 409, "a second run");
    for body in wrong.into_iter().chain(["", "{}", "{\"rate\": 1}", "{\"users\": 1e300}"]) {
        check(page.ask("POST", "/api/v1/run/load", &[], body), 422, body);
    }
    assert!(faults > 50, "{faults}");
    server.await_requests(2);
    page.quit().code(0);
}
