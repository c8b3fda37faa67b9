//! What declared tasks decide, repeat, remember and put into their requests.

use crate::support::{Answer, Run, Seen, Server, ok, response};

/// A scenario of one user class with these lines.
fn of_user(lines: &str) -> String {
    format!("[[user]]\nname = \"u\"\n{lines}")
}

/// Runs one user for so many iterations. Returns the lines of the requests, in their order.
#[track_caller]
fn lines(scenario: &str, iterations: u32) -> Vec<String> {
    let server = Server::start(|_| ok());
    run(scenario, &server, iterations).code(0);
    server.seen().iter().map(|seen| seen.line.clone()).collect()
}

fn run(scenario: &str, server: &Server, iterations: u32) -> crate::support::Output {
    let run = Run::of(scenario).host(server.address).users(1);
    run.args(["-i", &iterations.to_string(), "--seed", "7", "--csv", "out"]).go()
}

#[test]
fn instructions_are_followed_in_their_order() {
    let scenario = of_user(
        r#"
        [[user.task]]
        name = "t"
        steps = [
            { set = { page = 1, last = "3" } },
            { while = "page <= last", steps = [
                { get = "/page/${page}" },
                { if = "${page} % 2 == 0", then = [ { get = "/even" } ], else = [ { get = "/odd" } ] },
                { set = { page = "${page + 1}" } },
            ] },
            { repeat = "${last - 1}", steps = [ { repeat = 2, steps = [ { post = "/again" } ] } ] },
            { repeat = 0, steps = [ { get = "/never" } ] },
            { if = "false", then = [ { get = "/never" } ] },
            { end = "task" },
            { get = "/never" },
        ]
        "#,
    );
    let once = [
        "GET /page/1",
        "GET /odd",
        "GET /page/2",
        "GET /even",
        "GET /page/3",
        "GET /odd",
        "POST /again",
        "POST /again",
        "POST /again",
        "POST /again",
    ];
    assert_eq!(lines(&scenario, 2), [once, once].concat());
}

#[test]
fn values_are_put_into_every_part_of_a_request() {
    let scenario = of_user(
        r#"
        [[user.task]]
        name = "t"
        steps = [
            { set = { text = "a b&\"ü/", number = 12, flag = true } },
            { post = "/x/${url_encode(text)}?n=${number}", query = { "k${number}" = "${text}" },
              headers = { x-text = "<${number}>" }, bearer = "t${number}",
              json = { n = "${number}", f = "${flag}", t = "${text}", "in" = "<${text}>", list = ["${number + 1}"] } },
            { post = "/form", form = { "t" = "${text}" } },
            { post = "/body", body = "n=${number} $${number}", basic_auth = { user = "u${number}", password = "${text}" } },
        ]
        "#,
    );
    let server = Server::start(|_| ok());
    run(&scenario, &server, 1).code(0);
    let seen = server.seen();
    assert_eq!(seen[0].line, "POST /x/a%20b%26%22%C3%BC%2F?n=12&k12=a+b%26%22%C3%BC%2F");
    assert_eq!(seen[0].header("x-text"), Some("<12>"));
    assert_eq!(seen[0].header("authorization"), Some("Bearer t12"));
    assert_eq!(seen[0].header("content-type"), Some("application/json"));
    let json: serde_json::Value = serde_json::from_slice(&seen[0].body).unwrap();
    let text = "a b&\"ü/";
    let expected = serde_json::json!({
        "n": 12, "f": true, "t": text, "in": format!("<{text}>"), "list": [13]
    });
    assert_eq!(json, expected);
    assert_eq!(seen[1].body, b"t=a+b%26%22%C3%BC%2F");
    assert_eq!(seen[2].body, b"n=12 ${number}");
    assert!(seen[2].header("authorization").is_some_and(|value| value.starts_with("Basic ")));
}

#[test]
fn a_request_whose_path_varies_has_one_row() {
    let scenario = of_user(
        r#"
        [[user.task]]
        get = "/items/${random_int(1, 100)}"
        "#,
    );
    let server = Server::start(|_| ok());
    let output = run(&scenario, &server, 50).code(0);
    assert_eq!(output.csv("out_stats.csv").count("/items/[random_int]", "Request Count"), 50);
    let paths: std::collections::BTreeSet<String> =
        server.seen().iter().map(|seen| seen.line.clone()).collect();
    assert!(paths.len() > 20, "{paths:?}");
}

#[test]
fn a_group_is_timed_as_a_whole_and_is_no_part_of_the_total() {
    let scenario = of_user(
        r#"
        [[user.task]]
        name = "t"
        group = "checkout"
        steps = [
            { get = "/cart" },
            { pause = "20ms" },
            { group = "pay ${1 + 1}", steps = [ { post = "/pay" } ] },
        ]
        "#,
    );
    let server = Server::start(|seen| match &*seen.line {
        "POST /pay" => Answer::Send(response("500 Oh", "")),
        _ => ok(),
    });
    let output = run(&scenario, &server, 5);
    let stats = output.csv("out_stats.csv");
    assert_eq!(stats.count("checkout", "Request Count"), 5);
    assert_eq!(stats.count("checkout", "Failure Count"), 5);
    assert_eq!(stats.count("pay 2", "Failure Count"), 5);
    assert_eq!(stats.count("Aggregated", "Request Count"), 10);
    assert_eq!(stats.count("Aggregated", "Failure Count"), 5);
    let row = stats.column("Name").iter().position(|name| *name == "checkout").unwrap();
    assert!(stats.column("Min Response Time")[row].parse::<f64>().unwrap() >= 20.0);
    let types = stats.column("Type");
    assert_eq!(types.iter().filter(|kind| **kind == "GROUP").count(), 2);
}

#[test]
fn a_task_ends_itself_its_user_or_the_run() {
    let of = |end: &str| {
        of_user(&format!(
            r#"
            wait_time = "10s"
            on_stop = [ {{ get = "/bye" }} ]
            [[user.task]]
            name = "t"
            steps = [ {{ get = "/a" }}, {{ {end} }}, {{ get = "/never" }} ]
            "#
        ))
    };
    let twice = ["GET /a", "GET /a"];
    assert_eq!(lines(&of("end = \"task\", wait = false"), 2)[..2], twice);
    assert_eq!(lines(&of("end = \"user\""), 9), ["GET /a", "GET /bye"]);
    let server = Server::start(|_| ok());
    let run = Run::of(&of("end = \"run\"")).host(server.address).users(1).args(["-t", "1h"]).go();
    run.code(0);
    assert_eq!(server.count_of("GET /a"), 1);
    assert_eq!(server.count_of("GET /never"), 0);
}

#[test]
fn an_expression_without_a_value_ends_the_task_and_not_the_user() {
    let scenario = of_user(
        r#"
        [[user.task]]
        name = "t"
        steps = [
            { if = "counter() < 0", then = [ { set = { token = "x" } } ] },
            { get = "/a" },
            { get = "/${token}" },
            { get = "/never" },
        ]
        "#,
    );
    let server = Server::start(|_| ok());
    let output = run(&scenario, &server, 3);
    assert_eq!(server.count_of("GET /a"), 3);
    assert_eq!(server.seen().len(), 3);
    let exceptions = output.csv("out_exceptions.csv");
    assert_eq!(exceptions.column("Message"), ["'token' has no value yet"]);
    assert_eq!(exceptions.counts("Count"), [3]);
}

#[test]
fn tasks_follow_each_other_in_their_order() {
    let of = |order: &str| {
        of_user(&format!(
            "{order}\n[[user.task]]\nget = \"/a\"\n[[user.task]]\nget = \"/b\"\n[[user.task]]\nget = \"/c\"\n"
        ))
    };
    let expected = ["GET /a", "GET /b", "GET /c", "GET /a", "GET /b"];
    assert_eq!(lines(&of("order = \"sequential\""), 5), expected);
    let chain = of_user(
        r#"
        [[user.task]]
        name = "a"
        get = "/a"
        next = { b = 1 }
        [[user.task]]
        name = "b"
        get = "/b"
        next = { a = 1 }
        "#,
    );
    assert_eq!(lines(&chain, 4), ["GET /a", "GET /b", "GET /a", "GET /b"]);
}

#[test]
fn a_set_of_tasks_runs_until_one_of_them_leaves_it() {
    let scenario = of_user(
        r#"
        wait_time = "1ms"
        [[user.task]]
        name = "outer"
        order = "sequential"
        on_start = [ { get = "/in" }, { set = { n = 0 } } ]
        on_stop = [ { get = "/out" } ]
        tasks = [
            { name = "count", steps = [ { set = { n = "${n + 1}" } }, { get = "/count/${n}" } ] },
            { name = "broken", steps = [ { repeat = 2, steps = [ { get = "/${json('{}', '/x')}" } ] } ] },
            { name = "inner", order = "sequential", tasks = [
                { name = "deep", get = "/deep" },
                { name = "leave", steps = [ { end = "set" }, { get = "/never" } ] },
            ] },
            { name = "skip", steps = [ { end = "task", wait = false }, { get = "/never" } ] },
            { name = "leave", steps = [ { if = "n == 2", then = [ { group = "g", steps = [ { end = "set" } ] } ] } ] },
        ]
        "#,
    );
    let server = Server::start(|_| ok());
    let output = run(&scenario, &server, 1);
    let seen: Vec<String> = server.seen().iter().map(|seen| seen.line.clone()).collect();
    assert_eq!(
        seen,
        ["GET /in", "GET /count/1", "GET /deep", "GET /count/2", "GET /deep", "GET /out"]
    );
    let exceptions = output.csv("out_exceptions.csv");
    assert_eq!(exceptions.column("Message"), ["no JSON value at /x"]);
    assert_eq!(exceptions.column("Traceback"), ["user u, task broken"]);
    assert_eq!(exceptions.counts("Count"), [2]);
    assert_eq!(output.csv("out_stats.csv").count("g", "Failure Count"), 0);
}

#[test]
fn a_loop_without_requests_does_not_hold_its_core_up() {
    let scenario = of_user(
        r#"
        [[user.task]]
        name = "t"
        steps = [ { set = { n = 0 } }, { while = "true", steps = [ { set = { n = "${n + 1}" } } ] } ]
        "#,
    );
    let server = Server::start(|_| ok());
    let run = Run::of(&scenario).host(server.address).users(2).args(["-t", "1s"]).go();
    run.code(0);
}

#[test]
fn a_value_cannot_add_a_header_or_break_a_request_line() {
    let scenario = of_user(
        r#"
        [[user.task]]
        name = "t"
        steps = [
            { set = { text = "${concat('a', base64_decode('DQpYLUV2aWw6IDENCg=='), 'b HTTP/1.1')}" } },
            { get = "/${text}", name = "path" },
            { get = "/", name = "header", headers = { x-a = "${text}" } },
            { get = "/", name = "bearer", bearer = "${text}" },
        ]
        "#,
    );
    let server = Server::start(|_| ok());
    let output = run(&scenario, &server, 1);
    let seen: Vec<Seen> = server.seen();
    assert!(seen.iter().all(|seen| seen.header("x-evil").is_none()), "{seen:?}");
    assert_eq!(seen[0].line, "GET /a%0D%0AX-Evil:%201%0D%0Ab%20HTTP/1.1");
    let stats = output.csv("out_stats.csv");
    for (name, failures) in [("path", 0), ("header", 1), ("bearer", 1)] {
        assert_eq!(stats.count(name, "Failure Count"), failures, "{name}");
    }
}

#[test]
fn requests_at_the_same_time_have_values_too() {
    let scenario = of_user(
        r#"
        [[user.task]]
        name = "t"
        steps = [ { set = { n = 1 } }, { parallel = [ { get = "/a/${n}" }, { get = "/b" } ], connections = 2 } ]
        "#,
    );
    let mut lines = lines(&scenario, 1);
    lines.sort();
    assert_eq!(lines, ["GET /a/1", "GET /b"]);
}

#[test]
fn counters_and_uuids_are_new_each_time_on_all_cores() {
    let scenario = of_user(
        r#"
        [[user.task]]
        post = "/"
        json = { n = "${counter()}", id = "${uuid()}" }
        "#,
    );
    let server = Server::start(|_| ok());
    let run = Run::of(&scenario).host(server.address).users(8);
    run.args(["-i", "400", "--seed", "7"]).go().code(0);
    let (mut numbers, mut ids) = (Vec::new(), Vec::new());
    for seen in server.seen() {
        let body: serde_json::Value = serde_json::from_slice(&seen.body).unwrap();
        numbers.push(body["n"].as_u64().unwrap());
        ids.push(body["id"].as_str().unwrap().to_owned());
    }
    for count in [distinct(&mut numbers), distinct(&mut ids)] {
        assert_eq!(count, 400);
    }
}

fn distinct<T: Ord>(values: &mut Vec<T>) -> usize {
    values.sort_unstable();
    values.dedup();
    values.len()
}
