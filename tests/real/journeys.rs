//! httpbin's redirects, cookies and authentication: the requests that it sees for one sample.

use crate::harness::Results;
use crate::httpbin;
use crate::load::{run_tasks, scenario};

/// Checks that these tasks succeed, and that httpbin saw exactly the requests that are reported.
#[track_caller]
fn check(tasks: &[&str]) -> Option<Results> {
    let httpbin = httpbin::start()?;
    let run = run_tasks(&scenario(tasks), &httpbin.url(), 200);
    run.assert_fine();
    assert_eq!((run.cancelled(), run.retries()), (0, 0), "{}", run.stdout);
    let seen = run.aggregated().requests + run.followed();
    assert_eq!(httpbin.settled_requests(), seen, "{}", run.stdout);
    Some(run)
}

#[test]
fn redirects_are_followed_to_their_end() {
    let whole = "check = { status = 200, json = \"/url\" }";
    let tasks = [
        format!("get = \"/redirect/3\"\n{whole}"),
        format!("get = \"/relative-redirect/2\"\n{whole}"),
        format!("get = \"/absolute-redirect/2\"\n{whole}"),
        format!("get = \"/redirect-to?url=/get%3Fa%3Db\"\nname = \"to\"\n{whole}"),
        "post = \"/redirect-to?url=/post&status_code=307\"\nname = \"307\"\njson = { a = 1 }\n\
         check = { json_equals = { \"/json/a\" = 1 } }"
            .to_owned(),
        "post = \"/redirect-to?url=/get&status_code=302\"\nname = \"302\"\njson = { a = 1 }\n\
         check = { status = 200, json = \"/args\" }"
            .to_owned(),
        "get = \"/redirect/1\"\nname = \"looked at\"\nredirects = false\n\
         check = { status = 302, header = \"location\" }"
            .to_owned(),
    ];
    let tasks = tasks.each_ref().map(|task| &**task);
    let Some(run) = check(&tasks) else { return };
    let redirects = [("GET", "/redirect/3", 3), ("GET", "/relative-redirect/2", 2)];
    let others = [("GET", "/absolute-redirect/2", 2), ("GET", "to", 1), ("POST", "307", 1)];
    let last = [("POST", "302", 1)];
    let all = redirects.iter().chain(&others).chain(&last);
    let sent: u64 = all.map(|(method, name, each)| run.row(method, name).requests * each).sum();
    assert_eq!(run.followed(), sent);
}

#[test]
fn cookies_that_are_set_come_back() {
    let steps = |steps: &str| format!("name = \"session\"\nsteps = [ {steps} ]");
    let session = steps(
        "{ get = \"/cookies/set?sid=1&lang=de\", name = \"set\", redirects = false }, \
         { get = \"/cookies\", check = { json_equals = { \"/cookies\" = { lang = \"de\", sid = \"1\" } } } }, \
         { get = \"/cookies/delete?lang=\", name = \"delete\", \
           check = { json_equals = { \"/cookies\" = { sid = \"1\" } } } }, \
         { get = \"/cookies/delete?sid=\", name = \"delete all\", \
           check = { json_equals = { \"/cookies\" = {} } } }",
    );
    check(&[&session]);
}

#[test]
fn who_a_request_is_from_is_said_in_three_ways() {
    // Each twice, because a challenged user sends the request once more.
    let digest = |path: &str| {
        let step = format!(
            "{{ get = \"{path}\", digest_auth = {{ user = \"al\", password = \"p:w\" }}, \
             check = {{ json_equals = {{ \"/user\" = \"al\" }} }} }}"
        );
        format!("name = \"{path}\"\nsteps = [ {step}, {step} ]")
    };
    let tasks = [
        "get = \"/basic-auth/al/pw\"\nbasic_auth = { user = \"al\", password = \"pw\" }".to_owned(),
        "get = \"/bearer\"\nbearer = \"t0ken\"\ncheck = { json_equals = { \"/token\" = \"t0ken\" } }"
            .to_owned(),
        digest("/digest-auth/auth/al/p:w"),
        digest("/digest-auth/auth/al/p:w/MD5"),
        digest("/digest-auth/auth/al/p:w/SHA-256"),
    ];
    let tasks = tasks.each_ref().map(|task| &**task);
    let Some(run) = check(&tasks) else { return };
    let challenged = run.followed();
    let requests: u64 = ["", "/MD5", "/SHA-256"]
        .map(|algorithm| run.row("GET", &format!("/digest-auth/auth/al/p:w{algorithm}")).requests)
        .iter()
        .sum();
    assert!(challenged > 0 && challenged < requests, "{challenged} of {requests}");
}

#[test]
fn a_wrong_password_is_a_failure() {
    let Some(httpbin) = httpbin::start() else { return };
    let auth = "auth = { user = \"al\", password = \"no\" }";
    let tasks = [
        format!("get = \"/basic-auth/al/pw\"\nbasic_{auth}"),
        format!("get = \"/digest-auth/auth/al/pw\"\ndigest_{auth}"),
        "get = \"/bearer\"".to_owned(),
    ];
    let tasks = tasks.each_ref().map(|task| &**task);
    let run = run_tasks(&scenario(&tasks), &httpbin.url(), 100);
    assert_eq!(run.status.code(), Some(1), "{}", run.stderr);
    let all = run.aggregated();
    assert!(all.failures == all.requests && all.requests > 0, "{}", run.stdout);
    assert!(run.failures.iter().all(|failure| failure.error == "401 Unauthorized"));
    assert_eq!(httpbin.settled_requests(), all.requests + run.followed());
}
