//! Rows of data sets: who gets which, over users, iterations and cores.

use std::collections::BTreeSet;

use crate::support::{Output, Run, Server, ok};

/// A scenario with a data set, whose users say what they have.
fn scenario(set: &str, user: &str, task: &str) -> String {
    format!(
        "[data.accounts]\nfile = \"accounts.csv\"\n{set}\n[[user]]\nname = \"u\"\n{user}\n\
         [[user.task]]\npost = \"/say\"\njson = {{ name = \"${{accounts.name}}\", age = \"${{accounts.age}}\" }}\n{task}\n"
    )
}

fn accounts(rows: usize) -> String {
    (0..rows)
        .fold("age,name,unused\n".to_owned(), |text, row| text + &format!("{row},\"n,{row}\",x\n"))
}

/// Returns the names that the server was told, in their order.
fn names(server: &Server) -> Vec<String> {
    let name = |seen: crate::support::Seen| -> String {
        let body: serde_json::Value = serde_json::from_slice(&seen.body).unwrap();
        body["name"].as_str().unwrap().to_owned()
    };
    server.seen().into_iter().map(name).collect()
}

fn run(scenario: &str, rows: usize, server: &Server, users: u32, args: &[&str]) -> Output {
    let run = Run::of(scenario).file("accounts.csv", &accounts(rows)).host(server.address);
    run.users(users).args(args).args(["--csv", "out"]).go()
}

#[test]
fn rows_of_iterations_come_in_the_order_of_the_file() {
    let server = Server::start(|_| ok());
    let text = scenario("", "", "data = \"accounts\"");
    run(&text, 3, &server, 1, &["-i", "5"]).code(0);
    assert_eq!(names(&server), ["n,0", "n,1", "n,2", "n,0", "n,1"]);
    let body: serde_json::Value = serde_json::from_slice(&server.seen()[1].body).unwrap();
    // Cells of CSV are texts.
    assert_eq!(body, serde_json::json!({"name": "n,1", "age": "1"}));
}

#[test]
fn each_user_has_a_row_of_its_own_for_its_life() {
    let server = Server::start(|_| ok());
    let text = scenario("pick = \"unique\"", "data = \"accounts\"\nwait_time = \"10ms\"", "");
    run(&text, 20, &server, 16, &["-t", "1s"]).code(0);
    let names = names(&server);
    let distinct: BTreeSet<&String> = names.iter().collect();
    assert_eq!(distinct.len(), 16, "{distinct:?}");
    assert!(names.len() > 100);
}

#[test]
fn a_user_that_finds_no_unused_row_fails_and_ends() {
    let server = Server::start(|_| ok());
    let text = scenario("pick = \"unique\"", "data = \"accounts\"\nwait_time = \"10ms\"", "");
    let output = run(&text, 3, &server, 5, &["-t", "1s"]);
    assert_eq!(names(&server).iter().collect::<BTreeSet<_>>().len(), 3);
    let exceptions = output.csv("out_exceptions.csv");
    let message =
        "all 3 rows of accounts.csv are in use by other users; add rows, or run fewer users";
    assert_eq!(exceptions.column("Message"), [message]);
    assert_eq!(exceptions.counts("Count"), [2]);
    assert_eq!(exceptions.column("Traceback"), ["user u, task data"]);
}

#[test]
fn the_end_of_the_rows_ends_the_user_or_fails_the_task() {
    let server = Server::start(|_| ok());
    let text = scenario("at_end = \"stop_user\"", "", "data = \"accounts\"");
    run(&text, 30, &server, 4, &["-t", "5s"]).code(0);
    let names: Vec<String> = names(&server);
    assert_eq!((names.len(), names.iter().collect::<BTreeSet<_>>().len()), (30, 30));

    let server = Server::start(|_| ok());
    let text = scenario("at_end = \"fail\"", "", "data = \"accounts\"");
    let output = run(&text, 2, &server, 1, &["-i", "5"]);
    assert_eq!(server.seen().len(), 2);
    let message = "all 2 rows of accounts.csv have been given; add rows, or have them given again by \
                   at_end = \"recycle\"";
    assert_eq!(output.csv("out_exceptions.csv").column("Message"), [message]);
    assert_eq!(output.csv("out_exceptions.csv").counts("Count"), [3]);
}

#[test]
fn shuffled_rows_are_each_there_once_and_follow_from_the_seed() {
    let order = |seed: &str| {
        let server = Server::start(|_| ok());
        let text = scenario("pick = \"shuffled\"", "", "data = \"accounts\"");
        run(&text, 40, &server, 1, &["-i", "40", "--seed", seed]).code(0);
        names(&server)
    };
    let first = order("1");
    assert_eq!(first.iter().collect::<BTreeSet<_>>().len(), 40);
    assert_eq!(first, order("1"));
    assert_ne!(first, order("2"));
}

#[test]
fn mistakes_with_data_sets_are_told_at_their_place() {
    let check = |text: &str, expected: &str| {
        let run = Run::new(["check", "s.toml"]).file("s.toml", text);
        let output = run.file("accounts.csv", &accounts(2)).go().code(2);
        assert!(output.stderr.contains(expected), "{expected}\n{}", output.stderr);
    };
    check(
        &scenario("pick = \"uniqe\"", "data = \"accounts\"", ""),
        "s.toml:3:8: there is no 'uniqe' here, did you mean 'unique'?",
    );
    check(
        &scenario("", "data = \"acounts\"", ""),
        "s.toml:6:8: there is no data set 'acounts', did you mean 'accounts'?",
    );
    check(
        &scenario("", "", ""),
        "nobody takes a row of 'accounts' here; add data = \"accounts\" to the user or the task",
    );
    check(
        &scenario("", "data = \"accounts\"", "").replace("accounts.age", "accounts.agee"),
        "the data set 'accounts' has no column 'agee', did you mean 'age'?",
    );
    check(
        &scenario("", "data = \"accounts\"", "").replace("accounts.csv", "none.csv"),
        "s.toml:2:8: ",
    );
}
