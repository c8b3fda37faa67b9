//! Parameters: where their values come, what is refused, and what secrets are kept out of.

use super::*;
use crate::scenario::RequestTemplate;
use crate::session::Body;
use crate::template::Scope;

const SECRET: &str = "hunter 2";

/// A file with a region, a token that is secret and must be given, and these lines in its user.
fn with(user: &str, task: &str) -> String {
    format!(
        "[parameter.region]\ndefault = \"eu\"\nhelp = \"Where to\"\nchoices = [\"eu\", \"us\"]\n\
         [parameter.token]\nrequired = true\nsecret = true\n\
         [[user]]\n{user}\nname = \"u\"\n[[user.task]]\n{task}\n"
    )
}

fn values<const N: usize>(values: [(&str, &str); N]) -> Values {
    Values::from_iter(values)
}

/// The first line of the error, without the file's name; no secret is in any line.
#[track_caller]
fn refused(text: &str, values: &Values) -> String {
    let error = parse_with("x.toml", text, values).expect_err(text).to_string();
    assert!(!error.contains("hunter"), "{error}");
    let first = error.lines().next().unwrap_or_default();
    first.strip_prefix("x.toml:").unwrap_or(first).to_owned()
}

#[track_caller]
fn read(text: &str) -> Scenario {
    let values = values([("token", SECRET), ("region", "us")]);
    parse_with("x.toml", text, &values).unwrap_or_else(|error| panic!("{error}"))
}

/// The same file with the values written where the names are.
#[track_caller]
fn check_same(user: &str, task: &str) {
    let replaced = |text: &str| text.replace("${region}", "us").replace("${token}", SECRET);
    let expected = parse(
        "x.toml",
        &format!("[[user]]\n{}\nname = \"u\"\n[[user.task]]\n{}\n", replaced(user), replaced(task)),
    );
    assert_eq!(read(&with(user, task)).users, expected.unwrap().users);
}

#[test]
fn a_file_declares_its_parameters() {
    let text = with("", "get = \"/\"");
    let region = Parameter {
        name: "region".into(),
        default: Some("eu".into()),
        help: Some("Where to".into()),
        choices: vec!["eu".into(), "us".into()],
        ..Parameter::default()
    };
    let token =
        Parameter { name: "token".into(), secret: true, required: true, ..Parameter::default() };
    assert_eq!(read(&text).parameters, [region.clone(), token.clone()]);

    // They are known before the token has a value, and whatever else is wrong.
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.toml");
    std::fs::write(&path, text + "wrong = 1").unwrap();
    assert_eq!(parameters(&path).unwrap(), [region, token]);
}

#[test]
fn numbers_may_be_defaults() {
    let text = format!("host = \"http://a:${{port}}\"\n{}", task_with("get = \"/\""));
    let text = text + "[parameter.port]\ndefault = 8080\n";
    assert_eq!(parse("x.toml", &text).unwrap().host.as_deref(), Some("http://a:8080"));
    let given = parse_with("x.toml", &text, &values([("port", "81")])).unwrap();
    assert_eq!(given.host.as_deref(), Some("http://a:81"));
}

#[test]
fn values_come_wherever_a_string_may_be() {
    check_same("host = \"http://${region}.example.com\"", "get = \"/${region}?r=${region}\"");
    check_same("headers = { x-region = [\"${region}\", \"-${token}-\"] }", "get = \"/\"");
    check_same("basic_auth = { user = \"${region}\", password = \"${token}\" }", "get = \"/\"");
    check_same("", "post = \"/\"\nbody = \"a=${token}&b=${region}\"");
    check_same("", "post = \"/\"\njson = { a = [\"${token}\", { b = \"${region}\" }] }");
    check_same("", "post = \"/\"\nform = { a = \"${token}\" }");
    check_same("", "get = \"/\"\nquery = { key = \"${token}\" }");
    check_same("", "get = \"/\"\nname = \"home ${region}\"\ntags = [\"${region}\"]");
    check_same("", "get = \"/\"\ncheck = { json_equals = { \"/r\" = \"${region}\" } }");
    check_same("", "get = \"/${region}\"\ncheck = { body_contains = \"${region}\" }");
    check_same("proxy = \"http://u:${region}@proxy:1\"", "get = \"/\"");
}

#[cfg(feature = "tls")]
#[test]
fn values_come_where_a_string_is_parsed_further() {
    let text = format!(
        "[parameter.a]\ndefault = \"5s\"\n[parameter.b]\ndefault = \"1.2\"\n{}",
        user_with("timeout = \"${a}\"\ntls = { min_version = \"${b}\" }\nkeep_alive = \"${c}\"")
    );
    let text = text + "[parameter.c]\ndefault = \"task\"\n";
    let plain =
        user_with("timeout = \"5s\"\ntls = { min_version = \"1.2\" }\nkeep_alive = \"task\"");
    assert_eq!(parse("x.toml", &text).unwrap().users, parse("x.toml", &plain).unwrap().users);
}

/// The body that a file's only request has, where the token is this.
fn body(written: &str, token: &str) -> String {
    let text = with("", &format!("post = \"/\"\nbody = '{written}'"));
    let scenario = parse_with("x.toml", &text, &values([("token", token)])).unwrap();
    let step = scenario.users[0].tasks[0].action.declared().next().unwrap();
    let sent = RequestTemplate::parse(&step.request, &Scope::default()).unwrap().constant();
    let Some(Body::Bytes(body)) = sent.map(|request| request.body) else { panic!("{step:?}") };
    String::from_utf8(body).unwrap()
}

#[test]
fn two_dollars_are_no_parameter() {
    assert_eq!(body("$${region} $ {region} $5 $$${", "x"), "${region} $ {region} $5 $${");
    assert_eq!(body("$${${token}}", "x"), "${x}");
}

#[test]
fn a_value_is_not_looked_through_for_names() {
    assert_eq!(body("${token}}", "${region"), "${region}");
    assert_eq!(body("${token}", "$${x"), "$${x");
}

#[test]
fn a_declaration_that_cannot_be_meant_is_refused() {
    for (lines, expected) in [
        ("[parameter]\na = 1", "2:5: expected a table, found a number"),
        ("[[parameter]]", "1:1: expected a table, found an array"),
        ("[parameter.a]", "1:12: 'a' needs default = \"…\", or required = true"),
        ("[parameter.a]\nrequired = false", "1:12: 'a' needs default = \"…\""),
        (
            "[parameter.a]\ndefault = \"\"\nrequired = true",
            "3:1: 'default' and 'required' exclude each other; keep one",
        ),
        ("[parameter.a]\ndefalt = 1", "2:1: unknown key 'defalt', did you mean 'default'?"),
        ("[parameter.a]\ndefault = []", "2:11: expected a string or a number, found an array"),
        ("[parameter.a]\ndefault = 1\nchoices = []", "3:11: there are no choices; leave them out"),
        ("[parameter.a]\ndefault = 1\nchoices = [2]", "2:11: '1' is none of the choices"),
        ("[parameter.a]\ndefault = 1\nsecret = 1", "3:10: expected true or false, found a number"),
        ("[parameter.\"a b\"]\ndefault = 1", "1:12: the name of a parameter has letters, digits,"),
        ("[parameters.a]\ndefault = 1", "1:2: unknown key 'parameters', did you mean 'parameter'?"),
    ] {
        let got = refused(&format!("{lines}\n{}", task_with("get = \"/\"")), &Values::default());
        assert!(got.starts_with(expected), "{lines}: {got}");
    }
}

#[test]
fn values_that_do_not_fit_are_refused_and_name_their_parameter() {
    let text = with("", "get = \"/\"");
    for (values, expected, parameter) in [
        (
            values([("region", "us")]),
            "5:12: the parameter 'token' needs a value; give one with --set token=VALUE",
            Some("token"),
        ),
        (
            values([("token", ""), ("region", "u")]),
            "1:12: the parameter 'region' cannot be 'u', did you mean 'eu'?",
            Some("region"),
        ),
        (
            values([("token", ""), ("region", "asia")]),
            "1:12: the parameter 'region' cannot be 'asia'; its choices are eu, us",
            Some("region"),
        ),
        (
            values([("regoin", "us")]),
            "1:2: there is no parameter 'regoin', did you mean 'region'?",
            None,
        ),
        (values([("x", "us")]), "1:2: there is no parameter 'x'; there are region, token", None),
    ] {
        assert_eq!(refused(&text, &values), expected);
        let error = parse_with("x.toml", &text, &values).unwrap_err();
        assert_eq!(error.parameter(), parameter, "{error}");
    }
    let none = task_with("get = \"/\"");
    assert_eq!(
        refused(&none, &values([("x", "")])),
        "1:1: there is no parameter 'x'; a scenario file declares one with [parameter.x]"
    );
    let chosen = "[parameter.t]\nrequired = true\nsecret = true\nchoices = [\"a\"]\n".to_owned();
    assert_eq!(
        refused(&(chosen + &none), &values([("t", SECRET)])),
        "1:12: the value of the secret 't' is none of its choices"
    );
}

#[test]
fn names_that_no_parameter_has_are_refused_at_their_place() {
    let token = values([("token", SECRET)]);
    // A variable may be meant: then a declared parameter would be the wrong cure.
    let of_step = "A name is that of a [parameter.NAME], of 'capture' or 'set' in a step, of a column of a data \
                   set, or ${env.NAME}; the text '${' is written '$${'";
    let before = "This must be known before the run: a [parameter.NAME], or ${env.NAME}; a value of each user \
                  or request may be in a step only; the text '${' is written '$${'";
    for (task, expected, cure) in [
        ("get = \"/a${regoin}\"", "12:12: unknown name 'regoin', did you mean 'region'?", ""),
        ("get = \"/a${}\"", "12:12: a value is missing here", ""),
        ("get = \"/a${x\"", "12:10: '${' has no '}'; write '$${' for one that names nothing", ""),
        // An escape hides what is before the name.
        ("get = \"/\\u0024{x}\"", "12:16: unknown name 'x'; there are region, token. ", of_step),
        (
            "post = \"/\"\nbody = '''\na\n  ${x}'''",
            "15:5: unknown name 'x'; there are region, token. ",
            of_step,
        ),
        (
            "get = \"/\"\ntimeout = \"${x}\"",
            "13:12: unknown parameter 'x'; there are region, token. ",
            before,
        ),
    ] {
        assert_eq!(refused(&with("", task), &token), format!("{expected}{cure}"), "{task}");
    }
    let none = refused(&task_with("get = \"/${x}\""), &Values::default());
    assert_eq!(none, format!("4:11: unknown name 'x'. {of_step}"));
}

#[test]
fn placeholders_of_other_tools_are_warned_of_at_their_place() {
    let task = "post = \"/items/{{id}}\"\nname = \"/items/{id}\"\nquery = { a = \"<id>\", b = [\"1\", \"{b}\"] }\n\
                headers = { x = \"{token}\", y = \"${region}\" }\njson = { a = { b = \"{{b}}\", c = \"{c}\" } }";
    let hook = "basic_auth = { user = \"u\", password = \"{{pw}}\" }\non_start = [ { parallel = [ { get = \"/$id\" }, { get = \"/$${id}\" } ] } ]\n";
    let text = with(hook, task);
    let warnings = Document::new("x.toml", &*text).warnings();
    let told = |warning: &String| {
        let (place, rest) = warning.split_once(": ").unwrap();
        let (placeholder, cure) = rest.split_once(" is sent as it is written. ").unwrap();
        assert!(cure.contains("[parameter.") && cure.contains("'capture' or 'set'"), "{cure}");
        let mut numbers = place.strip_prefix("x.toml:").unwrap().split(':');
        let line = text.lines().nth(numbers.next().unwrap().parse::<usize>().unwrap() - 1).unwrap();
        let column = numbers.next().unwrap().parse::<usize>().unwrap() - 1;
        assert!(line[column..].starts_with(placeholder.trim_matches('\'')), "{warning}");
        placeholder.to_owned()
    };
    let got: Vec<String> = warnings.iter().map(told).collect();
    assert_eq!(got, ["'{{pw}}'", "'$id'", "'{{id}}'", "'<id>'", "'{b}'", "'{token}'", "'{{b}}'"]);
}

#[test]
fn the_scenarios_that_ship_are_not_warned_of() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios");
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            assert_eq!(Document::read(&path).unwrap().warnings(), [""; 0], "{}", path.display());
        }
    }
}

#[test]
fn a_wrong_value_is_an_error_where_it_is_used() {
    let text = "[parameter.t]\ndefault = \"soon\"\n".to_owned() + &user_with("timeout = \"${t}\"");
    let got = refused(&text, &Values::default());
    assert!(got.starts_with("5:11: invalid duration 'soon'"), "{got}");
}

#[test]
fn no_error_tells_a_secret() {
    let token = values([("token", SECRET)]);
    let unusable = "this cannot be used with the value of the secret 'token'";
    let shown = "reports and errors show this; it cannot have the secret 'token' in it";
    let unnamed = "reports would show the secret 'token'; give the request a name";
    for (user, task, expected) in [
        ("", "get = \"/?k=${token}\"\nname = \"n\"", unusable),
        ("timeout = \"${token}\"", "get = \"/\"", unusable),
        ("wait_time = \"${token}\"", "get = \"/\"", unusable),
        ("bearer = \"${token}\"", "get = \"/\"", unusable),
        ("keep_alive = \"${token}\"", "get = \"/\"", unusable),
        ("", "method = \"${token}\"\npath = \"/\"", unusable),
        ("", "post = \"/\"\nbody_file = \"${token}\"", unusable),
        ("", "get = \"/\"\ncheck = { status = \"${token}\" }", shown),
        ("host = \"http://${token}\"", "get = \"/\"", shown),
        ("unix_socket = \"/${token}\"", "get = \"/\"", shown),
        ("proxy = \"http://${token}:1\"", "get = \"/\"", shown),
        ("tls = { ca = \"${token}\" }", "get = \"/\"", shown),
        ("", "get = \"/\"\nname = \"${token}\"", shown),
        ("", "get = \"/\"\ntags = \"${token}\"", shown),
        ("", "get = \"/\"\ncheck = { status = 200, message = \"${token}\" }", shown),
        ("", "get = \"/\"\ncheck = { body_contains = \"${token}\" }", shown),
        ("", "get = \"/\"\ncheck = { json_equals = { \"/a\" = [\"${token}\"] } }", shown),
    ] {
        let got = refused(&with(user, task), &token);
        assert!(got.ends_with(expected), "{user} {task}: {got}");
    }
    let usable = values([("token", "hunter2")]);
    assert!(refused(&with("", "get = \"/${token}\""), &usable).ends_with(unnamed));
    let named = with("", "get = \"/${token}\"\nname = \"n\"");
    assert!(parse_with("x.toml", &named, &usable).is_ok());
    assert_eq!(format!("{usable:?}"), "{\"token\"}");
}

#[test]
fn errors_elsewhere_do_not_suffer_from_a_secret() {
    let two = with("bearer = \"${token}\"", "get = \"/\"")
        + "[[user]]\nname = \"u\"\nbearer = \"${token}\"\n[[user.task]]\nget = \"/\"";
    let got = refused(&two, &values([("token", "hunter2")]));
    assert!(got.ends_with("there are two classes of users named 'u'; rename one"), "{got}");
    let missing = with("bearer = \"${token}\"", "weight = 1");
    let got = refused(&missing, &values([("token", "hunter2")]));
    assert!(got.contains("a task needs a request"), "{got}");
}
