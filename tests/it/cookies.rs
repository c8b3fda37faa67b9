//! Cookies: each user keeps its own, and sends them where they belong.

use gregaria::scenario::{Step, Task, User, WaitTime};
use gregaria::session::Session;

use crate::support::api::{Ran, go_until, ms, scenario};
use crate::support::{Answer, Seen, Server, ok};

/// A 200 with these headers.
pub(crate) fn with_headers(headers: &str) -> Answer {
    Answer::Send(format!("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n{headers}\r\nok").into_bytes())
}

/// `/login` gives every connection a cookie of its own.
fn login(request: &Seen) -> Answer {
    match &*request.line {
        "GET /login" | "POST /login" => {
            let user = request.connection;
            with_headers(&format!("Set-Cookie: sid=u{user}; Path=/; HttpOnly\r\n"))
        }
        "GET /logout" => with_headers("Set-Cookie: sid=; Max-Age=0; Path=/\r\n"),
        _ => ok(),
    }
}

/// Lines and cookies of what the server saw on one connection.
fn cookies(server: &Server, connection: usize) -> Vec<(String, Option<String>)> {
    let seen = server.seen().into_iter().filter(|request| request.connection == connection);
    seen.map(|request| (request.line.clone(), request.header("cookie").map(str::to_owned)))
        .collect()
}

fn run(server: &Server, users: u32, user: User) -> Ran {
    let ran = go_until(scenario(server, user), users, server, u64::from(users) * 8);
    assert_eq!(ran.total().failures, 0, "{:?}", ran.total());
    ran
}

/// Steps that log in, make two declared requests, one of them with a body, and log out.
#[test]
fn constant_requests_carry_the_cookie_of_their_user() {
    let server = Server::start(login);
    let steps = ["/login", "/a"].map(Step::get).into_iter();
    let steps = steps.chain([Step::post("/b").body("one body")]);
    let steps = steps.chain(["/logout", "/c"].map(Step::get)).collect();
    let user = User::new("u").task(Task::steps("session", steps));
    run(&server, 3, user.wait_time(WaitTime::constant(ms(5))));
    for user in 0..3 {
        let sid = Some(format!("sid=u{user}"));
        let round = [
            ("GET /login", None),
            ("GET /a", sid.clone()),
            ("POST /b", sid.clone()),
            ("GET /logout", sid),
            ("GET /c", None),
        ];
        let seen = cookies(&server, user);
        assert!(seen.len() >= 5, "{seen:?}");
        for (seen, (line, cookie)) in seen.iter().zip(round.iter().cycle()) {
            assert_eq!((&*seen.0, &seen.1), (*line, cookie));
        }
    }
    let posts: Vec<_> =
        server.seen().into_iter().filter(|request| request.line == "POST /b").collect();
    assert!(posts.iter().all(|request| request.body == b"one body"), "{posts:?}");
    let head = posts[0].head.lines().last().unwrap();
    assert!(head.starts_with("Cookie: sid=u"), "nothing is behind it: {}", posts[0].head);
}

#[test]
fn a_task_looks_at_cookies_and_sets_its_own() {
    let server = Server::start(login);
    let task = Task::new("code", async |session: &mut Session| {
        assert_eq!(session.cookies().iter().count(), 0);
        session.post("/login").body("x").send().await?;
        assert_eq!(session.cookies().get("sid"), Some("u0"));
        session.cookies().set("lang", "de")?;
        assert!(session.cookies().set("bad", "a; b").is_err());
        assert!(session.cookies().set("a=b", "").is_err());
        session.get("/both").send().await?;
        session.get("/made").query("a", "b").send().await?;
        session.get("/by-hand").header("Cookie", "mine=1").send().await?;
        session.cookies().remove("sid");
        session.post("/one").body("body").send().await?;
        session.cookies().clear();
        session.get("/none").send().await?;
        session.get("/again").send().await?;
        session.get("/last").send().await?;
        session.sleep(std::time::Duration::from_secs(3600)).await;
        Ok(())
    });
    run(&server, 1, User::new("u").task(task));
    let expected = [
        ("POST /login", None),
        ("GET /both", Some("sid=u0; lang=de")),
        ("GET /made?a=b", Some("sid=u0; lang=de")),
        ("GET /by-hand", Some("mine=1")),
        ("POST /one", Some("lang=de")),
        ("GET /none", None),
        ("GET /again", None),
        ("GET /last", None),
    ];
    let expected = expected.map(|(line, cookie)| (line.to_owned(), cookie.map(str::to_owned)));
    assert_eq!(cookies(&server, 0), expected);
    assert_eq!(server.seen()[4].body, b"body");
}

/// Servers expire cookies in many ways. A user that is logged out no longer sends them (RFC 6265 section
/// 5.1.1).
#[test]
fn a_date_in_any_form_ends_a_cookie() {
    const DATES: [&str; 6] = [
        "Thu, 01 Jan 1970 00:00:00 UTC",
        "Thu, 1 Jan 1970 00:00:00 +0000",
        "Thu,\t01\tJan\t1970\t00:00:00",
        "thu,01-jan-70 0:0:0 gmt",
        "Thursday, 01 January 1970 00:00:00 GMT",
        "Thu Jan 01 1970 00:00:00 GMT+0000 (Coordinated Universal Time)",
    ];
    let server = Server::start(|request| match request.line.rsplit('/').next() {
        Some("in") => with_headers("Set-Cookie: sid=\u{e9}\u{e9}; Path=/\r\n"),
        Some("out") => {
            let date = DATES[request.line.as_bytes()["GET /".len()] as usize - usize::from(b'0')];
            with_headers(&format!("Set-Cookie: sid=; Path=/; Expires={date}\r\n"))
        }
        _ => ok(),
    });
    let rounds = (0..DATES.len()).flat_map(|date| {
        ["in", "me", "out", "me"].map(|page| Step::get(format!("/{date}/{page}")))
    });
    let user = User::new("u").task(Task::steps("session", rounds.collect()));
    go_until(scenario(&server, user), 1, &server, 4 * DATES.len() as u64);
    let seen = cookies(&server, 0);
    for (date, round) in DATES.iter().zip(seen.chunks(4)) {
        let sent = round.iter().map(|(_, cookie)| cookie.as_deref()).collect::<Vec<_>>();
        let sid = Some("sid=\u{e9}\u{e9}");
        assert_eq!(sent, [None, sid, sid, None], "{date}");
    }
}

#[test]
fn cookies_can_be_switched_off_and_a_header_takes_their_place() {
    let server = Server::start(login);
    let steps = || ["/login", "/a"].map(Step::get).to_vec();
    let user = User::new("u").task(Task::steps("session", steps()));
    let user = user.wait_time(WaitTime::constant(ms(5)));
    run(&server, 1, user.clone().cookies(false));
    assert!(server.seen().iter().all(|request| request.header("cookie").is_none()));
    let server = Server::start(login);
    run(&server, 1, user.header(http::header::COOKIE, "own=1".parse().unwrap()));
    assert!(server.seen().iter().all(|request| request.header("cookie") == Some("own=1")));
}

/// Cookies are for the host in the `Host` header, as in Python's requests.
#[test]
fn cookies_follow_the_host_header() {
    let server = Server::start(|request| match &*request.line {
        "GET /a" => with_headers("Set-Cookie: sid=1; Domain=shop.example; Path=/\r\n"),
        _ => ok(),
    });
    let step = |path, host: &'static str| {
        Step::get(path).header(http::header::HOST, http::HeaderValue::from_static(host))
    };
    let steps = vec![
        step("/a", "a.shop.example:81"),
        step("/b", "B.shop.example"),
        step("/c", "example"),
        Step::get("/d"),
    ];
    let user = User::new("u").task(Task::steps("hosts", steps));
    run(&server, 1, user.wait_time(WaitTime::constant(ms(5))));
    for (line, cookie) in &cookies(&server, 0)[..4] {
        let expected = (line == "GET /b").then_some("sid=1");
        assert_eq!(cookie.as_deref(), expected, "{line}");
    }
}
