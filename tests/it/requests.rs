//! Requests through the Rust API, from code and declared, reach the server unchanged.

use std::time::Duration;

use gregaria::scenario::{Step, Task, User, WaitTime};
use gregaria::session::Session;

use crate::support::api::{go_until, ms, scenario};
use crate::support::{Seen, Server, plain_server};

#[test]
fn paths_may_be_literals_or_made_on_the_way() {
    let server = plain_server();
    let task = Task::new("paths", async |session: &mut Session| {
        for _ in 0..3 {
            session.get("/literal").send().await?;
            session.get("/literal").name("named").send().await?;
            session.head("/literal").name("head").send().await?;
        }
        for item in 0..3 {
            session.get(format!("/item/{item}")).name("/item/[id]").send().await?;
        }
        session.get("/last").send().await?;
        session.sleep(Duration::from_secs(3600)).await;
        Ok(())
    });
    let ran = go_until(scenario(&server, User::new("u").task(task)), 1, &server, 13);
    let lines: Vec<String> = server.seen().into_iter().map(|request| request.line).collect();
    let round = ["GET /literal", "GET /literal", "HEAD /literal"];
    let items = ["GET /item/0", "GET /item/1", "GET /item/2"];
    assert_eq!(lines, [&round[..], &round, &round, &items, &["GET /last"]].concat());
    for name in ["/literal", "named", "head", "/item/[id]"] {
        assert_eq!(ran.row(name).requests, 3, "{name}");
    }
}

#[test]
fn an_absolute_url_goes_to_its_own_server() {
    let (first, second) = (plain_server(), plain_server());
    let url = format!("http://{}/other?x=1", second.address);
    let name = url.clone();
    let task = Task::new("both", async move |session: &mut Session| {
        session.get("/").send().await?;
        session.get(url.clone()).send().await?;
        Ok(())
    });
    let user = User::new("u").task(task).wait_time(WaitTime::constant(ms(20)));
    let ran = go_until(scenario(&first, user), 2, &second, 20);
    assert_eq!(ran.total().failures, 0);
    let requests = ran.row(&name).requests;
    let all = requests..=requests + ran.summary.snapshot.total.counts.cancelled;
    assert!(all.contains(&second.total()), "{all:?}, {}", second.total());
    assert_eq!((first.connections(), second.connections()), (2, 2), "both are kept alive");
    let request = &second.seen()[0];
    assert_eq!(request.line, "GET /other?x=1");
    assert_eq!(request.header("host"), Some(&*second.address.to_string()));
}

/// `Basic` and the base64 of `al:own`, `eve:pw`, in the order of the names.
const AL_OWN: &str = "Basic YWw6b3du";
const EVE_PW: &str = "Basic ZXZlOnB3";

/// A user with credentials sends requests to both servers, by declared steps and from code, by URLs with and
/// without credentials.
#[track_caller]
fn check_credentials(user: impl Fn(User) -> User) {
    let (own, other) = (plain_server(), plain_server());
    let urls = [
        format!("http://{}/plain", own.address),
        format!("http://eve:pw@{}/eve", own.address),
        format!("http://{}/plain", other.address),
        format!("http://eve:pw@{}/eve", other.address),
    ];
    let in_code = urls.clone();
    let code = Task::new("code", async move |session: &mut Session| {
        for url in &in_code {
            session.get(url.clone()).send().await?;
        }
        session.sleep(Duration::from_secs(3600)).await;
        Ok(())
    });
    let declared = User::new("u").task(code).on_start_steps(urls.map(Step::get).to_vec());
    let ran = go_until(scenario(&own, user(declared)), 1, &other, 4);
    let seen = |server: &Server| {
        let seen = server.seen().into_iter();
        seen.map(|request| {
            (request.line.clone(), request.header("authorization").map(str::to_owned))
        })
        .collect::<Vec<_>>()
    };
    let expected = |plain: Option<&str>| {
        let pair = [("GET /plain", plain), ("GET /eve", Some(EVE_PW))];
        let pair = pair.map(|(line, auth)| (line.to_owned(), auth.map(str::to_owned)));
        [&pair[..], &pair].concat()
    };
    assert_eq!(seen(&own), expected(Some(AL_OWN)));
    assert_eq!(seen(&other), expected(None), "the class's credentials are not for others");
    for row in &ran.summary.snapshot.entries {
        assert!(!row.key.name.contains("eve:") && !row.key.name.contains('@'), "{row:?}");
    }
    assert_eq!(ran.row(&format!("http://{}/eve", own.address)).requests, 2);
}

#[test]
fn credentials_go_to_the_server_they_are_for_and_not_into_names() {
    check_credentials(|user| user.basic_auth("al", "own"));
    check_credentials(|user| user.header(http::header::AUTHORIZATION, AL_OWN.parse().unwrap()));
}

#[test]
fn more_literals_than_are_remembered_are_sent_all_the_same() {
    const PATHS: usize = 1_100;
    let server = plain_server();
    let paths: Vec<&'static str> = (0..PATHS).map(|n| &*format!("/{n}").leak()).collect();
    let task = Task::new("leaked", async move |session: &mut Session| {
        for path in &paths {
            session.get(*path).name("all").send().await?;
        }
        session.get("/last").send().await?;
        session.sleep(Duration::from_secs(3600)).await;
        Ok(())
    });
    let user = User::new("u").task(task);
    let ran = go_until(scenario(&server, user), 1, &server, PATHS as u64 + 1);
    assert_eq!(ran.row("all").requests, PATHS as u64);
    assert_eq!(server.seen()[PATHS - 1].line, format!("GET /{}", PATHS - 1));
}

const USER_AGENT: &str = concat!("User-Agent: gregaria/", env!("CARGO_PKG_VERSION"));

const ACCEPT_ENCODING: &str = "accept-encoding: gzip, deflate, br, zstd";

/// Returns the first request that a server sees of a user with this task.
fn first_request(task: Task) -> Seen {
    let server = plain_server();
    let user = User::new("u").task(task).wait_time(WaitTime::constant(ms(60_000)));
    let user = user.header(http::header::ACCEPT, "text/x-one".parse().unwrap());
    go_until(scenario(&server, user), 1, &server, 1);
    let mut seen = server.seen().remove(0);
    // The port is different each time.
    seen.head = seen.head.replace(&server.address.to_string(), "HOST");
    seen
}

/// Checks that a request, declared or from code, is exactly this.
#[track_caller]
fn check_sent(step: Step, code: Task, head: &[&str], body: &str) {
    for task in [Task::from(step), code] {
        let seen = first_request(task);
        assert_eq!(seen.head.lines().collect::<Vec<_>>(), head);
        assert_eq!(String::from_utf8_lossy(&seen.body), body);
    }
}

#[test]
fn queries_headers_and_credentials_reach_the_server_as_they_were_said() {
    let name = http::HeaderName::from_static("x-trace");
    let step = Step::get("/find?a=1")
        .query("q", "b & c")
        .query("é", "=")
        .header(name, "t 1".parse().unwrap());
    let code = Task::new("code", async |session: &mut Session| {
        let call = session.get("/find?a=1").query("q", "b & c").query("é", "=");
        call.header("x-trace", "t 1").basic_auth("al", "p:w").send().await?;
        Ok(())
    });
    let head = [
        "GET /find?a=1&q=b+%26+c&%C3%A9=%3D HTTP/1.1",
        "Host: HOST",
        USER_AGENT,
        ACCEPT_ENCODING,
        "accept: text/x-one",
        "x-trace: t 1",
        "authorization: Basic YWw6cDp3",
    ];
    check_sent(step.basic_auth("al", "p:w"), code, &head, "");
}

#[test]
fn json_reaches_the_server_as_it_was_said() {
    let value = serde_json::json!({ "name": "Ä", "tags": [1, null] });
    let step = Step::post("/orders").json(value.clone());
    let code = Task::new("code", async move |session: &mut Session| {
        session.post("/orders").json(&value).send().await?;
        Ok(())
    });
    let head = [
        "POST /orders HTTP/1.1",
        "Host: HOST",
        USER_AGENT,
        ACCEPT_ENCODING,
        "accept: text/x-one",
        "Content-Type: application/json",
        "Content-Length: 29",
    ];
    check_sent(step, code, &head, "{\"name\":\"Ä\",\"tags\":[1,null]}");
}

#[test]
fn forms_reach_the_server_as_they_were_said() {
    let step = Step::put("/form").form("user", "a b").form("sign", "&=");
    let code = Task::new("code", async |session: &mut Session| {
        session.put("/form").form([("user", "a b"), ("sign", "&=")]).send().await?;
        Ok(())
    });
    let head = [
        "PUT /form HTTP/1.1",
        "Host: HOST",
        USER_AGENT,
        ACCEPT_ENCODING,
        "accept: text/x-one",
        "Content-Type: application/x-www-form-urlencoded",
        "Content-Length: 20",
    ];
    check_sent(step, code, &head, "user=a+b&sign=%26%3D");
}

#[test]
fn a_header_of_a_request_replaces_the_users_own() {
    let accept = "text/x-two";
    let step = Step::delete("/thing").header(http::header::ACCEPT, accept.parse().unwrap());
    let code = Task::new("code", async move |session: &mut Session| {
        session.delete("/thing").header("Accept", accept).send().await?;
        Ok(())
    });
    let head =
        ["DELETE /thing HTTP/1.1", "Host: HOST", USER_AGENT, ACCEPT_ENCODING, "accept: text/x-two"];
    check_sent(step, code, &head, "");
}
