//! What steps decide and repeat, and how their mistakes read.

use std::time::Duration;

use super::*;
use crate::scenario::{End, Instruction, Step, Task, User, WaitTime};

fn steps(steps: &str) -> String {
    task_with(&format!("name = \"t\"\nsteps = [ {steps} ]"))
}

#[test]
fn a_file_gives_the_instructions_that_rust_gives() {
    let text = steps(
        r#"{ set = { page = 1, name = "x${page}", flag = true } },
        { while = "${page} <= 2", steps = [ { get = "/${page}" }, { end = "task", wait = false } ] },
        { if = "page == 1", then = [ { pause = "5ms" } ], else = [ { end = "run" } ] },
        { repeat = 2, steps = [ { repeat = "${page}", steps = { post = "/" } } ] },
        { group = "g", steps = [ { get = "/a" }, { pause = { between = ["1s", "2s"] } }, { end = "user" } ] }"#,
    );
    let set = [("page", "${1}"), ("name", "x${page}"), ("flag", "${true}")];
    let own = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    let between = WaitTime::between(Duration::from_secs(1), Duration::from_secs(2));
    let expected = [
        Instruction::Set(set.map(own).to_vec()),
        Instruction::while_holds(
            "${page} <= 2",
            [Step::get("/${page}").into(), Instruction::End(End::TaskWithoutWait)],
        ),
        Instruction::when("page == 1", [Instruction::pause(Duration::from_millis(5))])
            .otherwise([Instruction::End(End::Run)]),
        Instruction::repeat(2, [Instruction::repeat("${page}", [Step::post("/")])]),
        Instruction::group(
            "g",
            [Step::get("/a").into(), Instruction::Pause(between), Instruction::End(End::User)],
        ),
    ];
    let user = User::new("u").task(Task::instructions("t", expected.into()));
    assert_eq!(parse("x.toml", &text).unwrap().users, [user]);
}

#[test]
fn a_task_is_a_group_by_its_key() {
    let text = task_with("group = \"all\"\nget = \"/\"");
    let task = Task::instructions("GET /", vec![Instruction::group("all", [Step::get("/")])]);
    assert_eq!(parse("x.toml", &text).unwrap().users, [User::new("u").task(task)]);
}

#[test]
fn parameters_are_constants_of_expressions() {
    let text = steps(
        r#"{ set = { n = "${most}" } }, { if = "n > most", then = [ { get = "/${most}/${n}" } ] }"#,
    );
    let text = text + "[parameter.most]\ndefault = 5\n";
    let expected =
        [Instruction::set("n", "5"), Instruction::when("n > '5'", [Step::get("/${'5'}/${n}")])];
    let user = User::new("u").task(Task::instructions("t", expected.into()));
    assert_eq!(parse("x.toml", &text).unwrap().users, [user]);
}

#[test]
fn instructions_that_cannot_be_meant_are_refused_at_their_place() {
    let mut wrong = Vec::new();
    for (steps, expected) in [
        ("{ if = \"1 > 0\" }", "11: missing key 'then'; add then = [ … ]"),
        ("{ then = [ { get = \"/\" } ] }", "13: 'then' needs 'if' beside it"),
        ("{ steps = [ { get = \"/\" } ] }", "13: 'steps' needs while, repeat or group beside it"),
        ("{ get = \"/\", else = [] }", "24: 'else' needs 'if' beside it"),
        (
            "{ if = \"1\", then = [], while = \"1\" }",
            "34: 'if' and 'while' exclude each other; keep one",
        ),
        ("{ if = \"1\", then = [] }", "30: there are no steps; add a request"),
        (
            "{ if = \"1\", get = \"/\" }",
            "23: 'get' belongs to a request; move it into one of 'then'",
        ),
        ("{ pause = 1, get = \"/\" }", "24: 'get' belongs to a request; make it a step of its own"),
        ("{ pause = { constant_pacing = 1 } }", "21: a pause is constant, between two times, or"),
        ("{ pause = \"soon\" }", "21: invalid duration 'soon'"),
        (
            "{ if = \"1 = 1\", then = [ { get = \"/\" } ] }",
            "21: unexpected '='; write '==' to compare",
        ),
        ("{ if = \"1 >\", then = [ { get = \"/\" } ] }", "18: a value is missing at the end"),
        (
            "{ while = \"nme\", steps = [ { set = { name = 1 } } ] }",
            "22: unknown name 'nme', did you mean 'name'?",
        ),
        (
            "{ repeat = -1, steps = [ { get = \"/\" } ] }",
            "22: expected a number from 0 to 4294967295",
        ),
        (
            "{ set = { uuid = 1 } }",
            "21: 'uuid' cannot be the name of a variable: there is a function",
        ),
        ("{ set = { \"a b\" = 1 } }", "21: 'a b' cannot be the name of a variable: it has letters"),
        ("{ set = { a = [1] } }", "25: expected a string or a number, found an array"),
        (
            "{ end = \"loop\" }",
            "19: 'loop' cannot be ended here; write \"task\", \"set\", \"user\" or",
        ),
        ("{ end = \"user\", wait = false }", "27: 'wait' belongs to end = \"task\"; leave it out"),
        ("{ get = \"/${uid()}\" }", "23: there is no function 'uid', did you mean 'uuid'?"),
        (
            "{ get = \"/${random_int(1)}\" }",
            "23: random_int takes 2 values; write random_int(1, 100)",
        ),
        ("{ get = \"/\", headers = { a = \"${x\" } }", "41: '${' has no '}'; write '$${' for one"),
        ("{ get = \"/\", json = { a = [ \"${x}\" ] } }", "42: unknown name 'x'"),
        (
            "{ get = \"/${env.GREGARIA_NONE}\" }",
            "23: the environment has no variable 'GREGARIA_NONE'",
        ),
        (
            "{ get = \"/\", check = { body_contains = \"${uuid()}\" } }",
            "51: unknown parameter 'uuid()'",
        ),
    ] {
        let text = self::steps(steps);
        let error = parse("x.toml", &text).expect_err(steps).to_string();
        if !error.contains(&format!("x.toml:5:{expected}")) {
            wrong.push(format!("{steps}: {error}"));
        }
    }
    assert_eq!(wrong, [""; 0]);
    let nameless = task_with("steps = [ { pause = 1 } ]");
    assert_eq!(message(&nameless), "3:1: a task without a request needs name = \"…\"");
    let class = user_with("headers = { a = \"${uuid()}\" }");
    assert!(message(&class).starts_with("3:18: unknown parameter 'uuid()'"), "{}", message(&class));
}

#[test]
fn deep_nesting_is_refused() {
    let deep = |depth: usize| {
        let open = "{ repeat = 1, steps = [ ".repeat(depth);
        steps(&format!("{open} {{ get = \"/\" }} {}", "] }".repeat(depth)))
    };
    assert!(parse("x.toml", &deep(16)).is_ok());
    let error = parse("x.toml", &deep(17)).unwrap_err().to_string();
    assert!(error.contains("instructions are nested more than 16 deep"), "{error}");
}
