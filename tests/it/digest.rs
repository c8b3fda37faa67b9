//! Digest authentication against a server that checks every request.

use std::collections::HashMap;

use gregaria::scenario::{Step, Task, User, WaitTime};
use gregaria::session::Session;
use md5::Md5;
use sha2::{Digest, Sha256};

use crate::cookies::with_headers;
use crate::support::api::{Ran, go_until, ms, scenario};
use crate::support::{Answer, Seen, Server, ok, response};

const PASSWORD: &str = "pass \"word\"";

fn hash(algorithm: &str, text: String) -> String {
    let bytes = match algorithm.starts_with("SHA-256") {
        true => Sha256::digest(text).to_vec(),
        false => Md5::digest(text).to_vec(),
    };
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Returns the parameters of an `Authorization` header. Their values must not contain commas.
fn parameters(request: &Seen) -> Option<HashMap<String, String>> {
    let header = request.header("authorization")?.strip_prefix("Digest ")?.to_owned();
    let pairs = header.split(", ").map(|pair| pair.split_once('=').unwrap());
    Some(pairs.map(|(name, value)| (name.to_owned(), value.trim_matches('"').to_owned())).collect())
}

fn challenge(more: &str, nonce: &str) -> Answer {
    let body = "no";
    let challenge = format!("Digest realm=\"r\", nonce=\"{nonce}\", opaque=\"o\"{more}");
    let headers = format!("WWW-Authenticate: Basic realm=\"b\", {challenge}");
    let head = format!("HTTP/1.1 401 Unauthorized\r\n{headers}\r\nContent-Length: {}", body.len());
    Answer::Send(format!("{head}\r\n\r\n{body}").into_bytes())
}

/// Returns whether a request is authenticated (RFC 7616 section 3.4).
fn is_answered(request: &Seen, algorithm: &str, nonce: &str) -> bool {
    let Some(given) = parameters(request) else { return false };
    let get = |name: &str| given.get(name).map_or("", |value| &**value);
    let (method, target) = request.line.split_once(' ').unwrap();
    let mut secret = hash(algorithm, format!("al:r:{PASSWORD}"));
    if algorithm.ends_with("-sess") {
        secret = hash(algorithm, format!("{secret}:{nonce}:{}", get("cnonce")));
    }
    let what = hash(algorithm, format!("{method}:{target}"));
    let middle = match get("qop") {
        "" => nonce.to_owned(),
        qop => format!("{nonce}:{}:{}:{qop}", get("nc"), get("cnonce")),
    };
    let response = hash(algorithm, format!("{secret}:{middle}:{what}"));
    (get("uri"), get("response"), get("opaque")) == (target, &*response, "o")
}

fn run(server: &Server, task: impl Into<Task>, requests: u64) -> Ran {
    let user = User::new("u").task(task.into()).wait_time(WaitTime::constant(ms(5)));
    go_until(scenario(server, user), 1, server, requests)
}

#[test]
fn the_first_request_is_challenged_and_the_following_are_answered_at_once() {
    for (more, algorithm) in [
        ("", "MD5"),
        (", qop=\"auth\"", "MD5"),
        (", qop=\"auth-int, auth\", algorithm=MD5-sess", "MD5-sess"),
        (", qop=\"auth\", algorithm=SHA-256", "SHA-256"),
        (", qop=\"auth\", algorithm=SHA-256-sess", "SHA-256-sess"),
    ] {
        let server = Server::start(move |request| match is_answered(request, algorithm, "n") {
            true => ok(),
            false => challenge(more, "n"),
        });
        let step = Step::post("/a?b=c").body("body").digest_auth("al", PASSWORD);
        let ran = run(&server, step, 4);
        let total = ran.total();
        assert_eq!((total.failures, total.counts.challenges), (0, 1), "{more}");
        assert!(total.requests >= 2, "{total:?}");
        let seen = server.seen();
        assert_eq!(server.total(), total.requests + total.counts.cancelled + 1);
        assert!(seen.iter().all(|request| request.body == b"body"));
        if more.contains("qop") {
            let counts: Vec<_> = seen[1..4]
                .iter()
                .map(|request| parameters(request).unwrap()["nc"].clone())
                .collect();
            assert_eq!(counts, ["00000001", "00000002", "00000003"]);
        }
    }
}

#[test]
fn a_wrong_password_is_answered_once_and_fails() {
    let server = Server::start(|_| challenge(", qop=\"auth\"", "n"));
    let ran = run(&server, Step::get("/").digest_auth("al", "wrong"), 6);
    let total = ran.total();
    assert_eq!(total.failures, total.requests);
    assert_eq!(&*ran.summary.snapshot.failures[0].message, "401 Unauthorized");
    assert!(total.counts.challenges >= total.requests, "{total:?}");
}

#[test]
fn a_new_nonce_is_taken_up() {
    // Each nonce is valid for two requests. Then the server has another one, or has sent it before.
    let nonce = |request: &Seen| format!("n{}", (request.number.max(1) - 1) / 2);
    let server = Server::start(move |request| match is_answered(request, "MD5", &nonce(request)) {
        true => ok(),
        false => challenge(
            ", qop=auth, stale=true",
            &nonce(&Seen { number: request.number + 1, ..request.clone() }),
        ),
    });
    let ran = run(&server, Step::get("/").digest_auth("al", PASSWORD), 12);
    assert_eq!(ran.total().failures, 0);
    assert!(ran.total().counts.challenges >= 3, "{:?}", ran.total());

    let server = Server::start(|request| {
        let nonce = format!("n{}", request.number.saturating_sub(1));
        match is_answered(request, "MD5", &nonce) {
            true => {
                let next = request.number;
                with_headers(&format!("Authentication-Info: nextnonce=\"n{next}\"\r\n"))
            }
            false => challenge(", qop=auth", "n0"),
        }
    });
    let ran = run(&server, Step::get("/").digest_auth("al", PASSWORD), 8);
    assert_eq!((ran.total().failures, ran.total().counts.challenges), (0, 1));
}

/// Requests from code have the credentials of the class. Challenges of other servers are not answered, and a
/// challenge that cannot be answered is the response.
#[test]
fn credentials_of_a_class_are_for_its_own_server() {
    let other = Server::start(|_| challenge("", "n"));
    let server = Server::start(|request| match &*request.line {
        "GET /odd" => challenge(", algorithm=ODD", "n"),
        _ if is_answered(request, "MD5", "n") => ok(),
        _ => challenge("", "n"),
    });
    let url = format!("http://{}/", other.address);
    let task = Task::new("code", async move |session: &mut Session| {
        assert_eq!(session.get("/literal").send().await?.status(), 200);
        assert_eq!(session.post("/made").body("x").send().await?.status(), 200);
        assert_eq!(session.get("/odd").send().await?.status(), 401);
        assert_eq!(session.get(url.clone()).send().await?.status(), 401);
        let call = session.get("/bearer").bearer_auth("token");
        assert_eq!(call.send().await?.status(), 401);
        session.get("/last").send().await?;
        session.sleep(std::time::Duration::from_secs(3600)).await;
        Ok(())
    });
    let user = User::new("u").task(task).digest_auth("al", PASSWORD);
    let ran = go_until(scenario(&server, user), 1, &server, 6);
    assert_eq!(ran.total().counts.challenges, 1);
    assert_eq!(other.seen().len(), 1);
    assert_eq!(other.seen()[0].header("authorization"), None);
    let bearer = server.seen().into_iter().find(|request| request.line == "GET /bearer").unwrap();
    assert_eq!(bearer.header("authorization"), Some("Bearer token"));
    assert_eq!(server.count_of("GET /bearer"), 1);
}

/// A redirect is followed with its own authorization, and all of it is one sample.
#[test]
fn a_redirect_and_a_challenge_are_one_sample() {
    let server = Server::start(|request| match &*request.line {
        "GET /from" => {
            let head = "HTTP/1.1 302 Found\r\nLocation: /to\r\nContent-Length: 0\r\n\r\n";
            Answer::Send(head.into())
        }
        _ if is_answered(request, "MD5", "n") => Answer::Send(response("200 OK", "in")),
        _ => challenge(", qop=auth", "n"),
    });
    let ran = run(&server, Step::get("/from").digest_auth("al", PASSWORD), 7);
    let total = ran.total();
    assert_eq!((total.failures, total.counts.challenges), (0, 1));
    assert_eq!(ran.summary.snapshot.entries.len(), 1);
    let known = total.requests + total.counts.redirects + total.counts.challenges;
    assert!((known..=known + total.counts.cancelled).contains(&server.total()));
}
