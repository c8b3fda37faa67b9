//! What is taken out of responses and used in the requests that follow.

use crate::support::{Answer, Output, Run, Seen, Server, ok, response};

/// The scenario of the documentation: a login with a row of a file, a token and an id that are used again, a condition,
/// and a checkout that is timed as a whole.
const SHOP: &str = r#"
[data.accounts]
file = "accounts.csv"
pick = "unique"
at_end = "recycle"

[[user]]
name = "Shopper"
wait_time = { between = ["10ms", "30ms"] }
data = "accounts"
on_start = [
  { get = "/login", capture = { csrf = { html = "input[name=csrf]", attribute = "value" } } },
  { post = "/login", form = { name = "${accounts.name}", password = "${accounts.password}", csrf = "${csrf}" }, check = { status = 200 }, capture = { token = { json = "/token" } } },
]

[[user.task]]
name = "browse"
weight = 3
steps = [
  { get = "/items/${random_int(1, 100)}", headers = { authorization = "Bearer ${token}" }, capture = { id = { json = "/id" }, price = { json = "/price", default = 0 } } },
  { pause = "5ms" },
  { if = "${price} > 10", then = [ { post = "/cart", json = { id = "${id}", quantity = 2 }, checks = [ { json_length = { "/lines" = 1 } }, { body_matches = "^\\{" } ] } ] },
]

[[user.task]]
name = "checkout"
group = "checkout"
steps = [ { get = "/cart" }, { repeat = 2, steps = [ { post = "/pay", json = { nonce = "${uuid()}", at = "${now_ms()}", n = "${counter()}" } } ] } ]
"#;

/// Answers as the shop does.
fn shop(seen: &Seen) -> Answer {
    let body = String::from_utf8_lossy(&seen.body);
    let send = |body: &str| Answer::Send(response("200 OK", body));
    let refuse = || Answer::Send(response("403 Forbidden", ""));
    match seen.line.split_once(' ').unwrap() {
        ("GET", "/login") => send("<form><input type=hidden name=csrf value='c&amp;1'></form>"),
        ("POST", "/login") => {
            let name = body.strip_prefix("name=").and_then(|body| body.split('&').next()).unwrap();
            let expected = format!("name={name}&password=p{}&csrf=c%261", &name[1..]);
            if body == expected { send(&format!("{{\"token\": \"t-{name}\"}}")) } else { refuse() }
        }
        ("GET", path) if path.starts_with("/items/") => {
            let has_token =
                seen.header("authorization").is_some_and(|text| text.starts_with("Bearer t-n"));
            let id: u32 = path["/items/".len()..].parse().unwrap();
            match (has_token, id % 3) {
                (false, _) => refuse(),
                (_, 0) => send(&format!("{{\"id\": {id}}}")),
                (_, 1) => send(&format!("{{\"id\": {id}, \"price\": 9.5}}")),
                _ => send(&format!("{{\"x\": [1, 2], \"id\": {id}, \"price\": 10.5}}")),
            }
        }
        ("POST", "/cart") => send("{\"lines\": [{}]}"),
        _ => ok(),
    }
}

fn accounts() -> String {
    (0..50).fold("name,password\n".to_owned(), |text, n| text + &format!("n{n},p{n}\n"))
}

#[test]
fn the_shop_of_the_documentation_is_sold_out_of_nothing() {
    let server = Server::start(shop);
    let run = Run::of(SHOP).file("accounts.csv", &accounts()).host(server.address).users(10);
    let output = run.args(["-t", "2s", "--csv", "out"]).go().code(0);
    let stats = output.csv("out_stats.csv");
    assert_eq!(stats.count("Aggregated", "Failure Count"), 0);
    let seen = server.seen();
    let of = |line: &str| seen.iter().filter(|seen| seen.line.starts_with(line)).count() as u64;
    // Each user has a row of its own.
    let logins: std::collections::BTreeSet<&[u8]> =
        seen.iter().filter(|seen| seen.line == "POST /login").map(|seen| &seen.body[..]).collect();
    assert_eq!((logins.len(), of("POST /login")), (10, 10));
    assert_eq!(stats.count("/items/[random_int]", "Request Count"), of("GET /items/"));
    // Ids keep their type, and only what costs more than 10 is bought.
    for bought in seen.iter().filter(|seen| seen.line == "POST /cart") {
        let body: serde_json::Value = serde_json::from_slice(&bought.body).unwrap();
        assert_eq!(body["id"].as_u64().unwrap() % 3, 2, "{body}");
    }
    assert!(of("POST /cart") > 5);
    assert_eq!(of("POST /pay") / 2, stats.count("checkout", "Request Count"));
    let types = stats.column("Type");
    assert!(types.contains(&"GROUP"), "{types:?}");
}

fn run(steps: &str, server: &Server, iterations: &str) -> Output {
    let scenario =
        format!("[[user]]\nname = \"u\"\n[[user.task]]\nname = \"t\"\nsteps = [\n{steps}\n]\n");
    let run = Run::of(&scenario).host(server.address).users(1);
    run.args(["-i", iterations, "--csv", "out"]).go()
}

#[test]
fn values_are_taken_wherever_they_are() {
    let server = Server::start(|seen| match &*seen.line {
        "GET /from" => Answer::Send(
            b"HTTP/1.1 302 Found\r\nLocation: /to?x=1\r\nContent-Length: 0\r\n\r\n".to_vec(),
        ),
        "GET /to?x=1" => {
            let body = "{\"a\": [3, \"b\\\"c\", null, true, 1.50], \"s\": \"t\", \"o\": {\"k\": 1}} <a href='/i/7'>x</a> <a href='/i/8'> y </a>";
            let head = format!(
                "HTTP/1.1 200 OK\r\nX-Id: one\r\nX-Id: two\r\nSet-Cookie: sid=c1; Path=/\r\nContent-Length: {}\r\n\r\n",
                body.len()
            );
            Answer::Send((head + body).into_bytes())
        }
        _ => ok(),
    });
    let steps = r#"
        { get = "/from", capture = {
            status = { status = true }, url = { url = true }, first = { header = "x-id" }, last = { header = "X-Id", pick = "last" },
            all = { header = "x-id", pick = "all" }, sid = { cookie = "sid" }, link = { regex = "/i/(\\d+)", pick = "last" },
            whole = { regex = "/i/\\d" }, links = { html = "a", attribute = "href", pick = "all" }, text = { html = "a", pick = "last" },
            count = { html = "a", pick = "count" }, none = { cookie = "none", default = false } } },
        { post = "/say", json = { status = "${status}", url = "${url}", first = "${first}", last = "${last}", all = "${all}", sid = "${sid}",
            link = "${link}", whole = "${whole}", links = "${links}", text = "${text}", count = "${count}", none = "${none}", second = "${all.1}" } },
    "#;
    run(steps, &server, "1").code(0);
    let said: serde_json::Value =
        serde_json::from_slice(&server.seen().last().unwrap().body).unwrap();
    let expected = serde_json::json!({
        "status": 200, "url": format!("http://{}/to?x=1", server.address), "first": "one", "last": "two", "all": ["one", "two"],
        "sid": "c1", "link": "8", "whole": "/i/7", "links": ["/i/7", "/i/8"], "text": "y", "count": 2, "none": false, "second": "two"
    });
    assert_eq!(said, expected);
}

#[test]
fn json_values_keep_their_types() {
    let body = r#"{"a": [3, "b\"c", null, true, 1.50], "s": "t\u00e9", "o": {"k": 1}, "o": {"k": 2}, "deep": {"x/y": {"~": 1e3}}}"#;
    let server = Server::start(move |seen| match &*seen.line {
        "GET /" => Answer::Send(response("200 OK", body)),
        _ => ok(),
    });
    let steps = r#"
        { get = "/", capture = { a = { json = "/a" }, s = { json = "/s" }, o = { json = "/o" }, n = { json = "/a/4" }, null = { json = "/a/2" },
            deep = { json = "/deep/x~1y/~0" }, quoted = { json = "/a/1" }, last = { json = "/a", pick = "last" }, count = { json = "/a", pick = "count" } } },
        { post = "/say", json = { a = "${a}", s = "${s}", o = "${o}", n = "${n}", deep = "${deep}", quoted = "${quoted}", last = "${last}", count = "${count}", k = "${o.k}" } },
    "#;
    let steps = steps.replace(" null = { json = \"/a/2\" },", "");
    run(&steps, &server, "2").code(0);
    let said = String::from_utf8(server.seen().last().unwrap().body.clone()).unwrap();
    let expected = r#"{"a":[3, "b\"c", null, true, 1.50],"s":"té","o":{"k": 2},"n":1.50,"deep":1e3,"quoted":"b\"c","last":1.50,"count":5,"k":2}"#;
    assert_eq!(said, expected);
}

#[test]
fn what_is_not_there_fails_the_request_and_ends_the_task() {
    let server = Server::start(|seen| match &*seen.line {
        "GET /text" => Answer::Send(response("200 OK", "no json")),
        "GET /gone" => Answer::Send(response("404 Not Found", "{}")),
        _ => Answer::Send(response("200 OK", "{\"a\": 1}")),
    });
    let check = |step: &str, expected: &str| {
        let output = run(&format!("{step},\n{{ get = \"/never\" }}"), &server, "3");
        assert_eq!(server.count_of("GET /never"), 0, "{step}");
        let failures = output.csv("out_failures.csv");
        assert_eq!(failures.column("Error"), [expected], "{step}");
        assert_eq!(failures.counts("Occurrences"), [3], "{step}");
        assert_eq!(output.csv("out_stats.csv").count("Aggregated", "Request Count"), 3);
    };
    let of = |path: &str, capture: &str| {
        format!("{{ get = \"{path}\", capture = {{ x = {{ {capture} }} }} }}")
    };
    check(&of("/", "json = \"/b\""), "No value for 'x': no JSON value at /b");
    check(&of("/text", "json = \"/b\""), "No value for 'x': the body is not JSON");
    check(
        &of("/", "json = \"/a\", pick = \"all\""),
        "No value for 'x': the JSON value at /a is no array",
    );
    check(&of("/", "header = \"x-none\""), "No value for 'x': no header x-none");
    check(&of("/", "cookie = \"sid\""), "No value for 'x': no cookie sid");
    check(&of("/", "regex = \"(\\\\d{3})\""), "No value for 'x': no match for (\\d{3})");
    check(
        &of("/", "html = \"a\", attribute = \"href\""),
        "No value for 'x': no attribute href for a",
    );
    // The failure of the response is the one that is told.
    check(&of("/gone", "json = \"/b\""), "404 Not Found");
}

#[test]
fn mistakes_of_captures_are_told_at_their_place() {
    for (capture, expected) in [
        ("{ x = { } }", "a capture needs one of json, header, cookie, regex, html, status, url"),
        ("{ x = { json = \"a\" } }", "JSON pointer 'a' must start with '/'; write '/a'"),
        ("{ x = { regex = \"(\" } }", "invalid regular expression: unclosed group"),
        ("{ x = { html = \"a[\" } }", "invalid CSS selector 'a['"),
        ("{ x = { header = \"a b\" } }", "'a b' is not the name of a header"),
        ("{ x = { json = \"/a\", pick = \"any\" } }", "there is no pick 'any'"),
        ("{ x = { json = \"/a\", attribute = \"b\" } }", "'attribute' belongs to html"),
        ("{ x = { status = false } }", "write true, or leave the capture out"),
        ("{ x = { jsn = \"/a\" } }", "unknown key 'jsn', did you mean 'json'?"),
        ("{ \"a-b\" = { json = \"/a\" } }", "'a-b' cannot be the name of a variable"),
        ("{ uuid = { json = \"/a\" } }", "'uuid' cannot be the name of a variable"),
    ] {
        let text = format!(
            "[[user]]\nname = \"u\"\n[[user.task]]\nname = \"t\"\nsteps = [{{ get = \"/\", capture = {capture} }}]\n"
        );
        let output = Run::new(["check", "s.toml"]).file("s.toml", &text).go().code(2);
        assert!(output.stderr.contains(expected), "{capture}: {}", output.stderr);
    }
}
