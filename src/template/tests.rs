use std::time::Duration;

use super::*;

fn scope() -> Scope {
    let mut scope = Scope::default();
    for name in ["token", "price", "order", "accounts.name", "unset"] {
        scope.add(name).unwrap();
    }
    scope
}

fn variables() -> Variables {
    let mut variables = Variables::new(5);
    variables.set_text(0, "a b/ü");
    variables.set_json(1, "12.50");
    variables.set_json(2, r#"{"items": [{"id": 7, "name": "x"}], "paid": false, "none": null}"#);
    variables.set_text(3, "ann");
    variables
}

/// What the scene of a test refers to.
struct Setting {
    variables: Variables,
    sources: Sources,
    rng: fastrand::Rng,
}

impl Setting {
    fn new() -> Self {
        let (variables, sources) = (variables(), Sources::new(1, 2, 5));
        Setting { variables, sources, rng: fastrand::Rng::with_seed(1) }
    }

    fn scene(&mut self) -> Scene<'_, '_> {
        Scene {
            variables: &self.variables,
            rng: &mut self.rng,
            sources: &self.sources,
            user: 3,
            unix_time: Duration::from_millis(1_764_590_400_123),
        }
    }
}

fn written(text: &str) -> Result<String, String> {
    let template = Template::parse(text, &scope()).map_err(|error| error.message)?;
    let (mut setting, mut out) = (Setting::new(), String::new());
    let written = template.write(&mut setting.scene(), &mut out);
    written.map(|()| out).map_err(|fault| fault.to_string())
}

#[track_caller]
fn check(text: &str, expected: &str) {
    assert_eq!(written(text).as_deref(), Ok(expected), "{text}");
}

#[track_caller]
fn check_error(text: &str, expected: &str) {
    assert_eq!(written(text).as_deref().map_err(|error| &**error), Err(expected), "{text}");
}

#[test]
fn text_is_written_as_it_is() {
    check("", "");
    check("a $b {c} $", "a $b {c} $");
    check("$${token}", "${token}");
    check("$$${token}", "$${token}");
    check("x${token}$${y}", "xa b/ü${y}");
}

#[test]
fn names_are_variables_columns_and_places_in_json() {
    check("${token}", "a b/ü");
    check("${ price }!", "12.50!");
    check("/${accounts.name}/${order.items.0.id}", "/ann/7");
    check("${order.items.0.name} ${order.paid} ${order.none}", "x false null");
    check("${order.items}", r#"[{"id":7,"name":"x"}]"#);
    check_error("${unset}", "'unset' has no value yet");
    check_error(
        "${order.items.1.id}",
        "'order.items.1.id' has no value: no JSON value at /items/1/id",
    );
    check_error("${token.x}", "'token.x' has no value: there is no array or object");
}

#[test]
fn an_unknown_name_is_told_with_the_nearest_one() {
    check_error("${tokn}", "unknown name 'tokn', did you mean 'token'?");
    check_error("${accounts.nme}", "unknown name 'accounts.nme', did you mean 'accounts.name'?");
    check_error("${uuid}", "'uuid' is a function; write uuid()");
    check_error("${uid()}", "there is no function 'uid', did you mean 'uuid'?");
    let error = Template::parse("ab ${ tokn }", &scope()).unwrap_err();
    assert_eq!(error.place, 6..10);
    let error = Template::parse("${x}", &Scope::default()).unwrap_err();
    assert!(error.message.starts_with("unknown name 'x'; a name is declared by [parameter.x]"));
}

#[test]
fn operators_have_the_usual_ranks() {
    for (text, expected) in [
        ("1 + 2 * 3", "7"),
        ("(1 + 2) * 3", "9"),
        ("7 - 2 - 1", "4"),
        ("3 / 2", "1.5"),
        ("4 / 2", "2"),
        ("-7 % 3", "2"),
        ("-price", "-12.5"),
        ("price + 1", "13.5"),
        ("1 < 2 and 2 < 1 or true", "true"),
        ("true or true and false", "true"),
        ("not 1 > 2", "true"),
        ("not not 'a'", "true"),
        ("not true == false", "true"),
        ("price > 10", "true"),
        ("${price} >= 12.5 and ${token} != ''", "true"),
        ("order.paid == false", "true"),
        ("token contains 'b/'", "true"),
        ("9223372036854775807 + 1", "9223372036854776000"),
        ("1 == 1.0", "true"),
        ("null == order.none", "true"),
    ] {
        check(&format!("${{{text}}}"), expected);
    }
    check_error("${1 / 0}", "division by zero");
    check_error("${token > 1}", "'token' is not a number");
    check_error("${1 < 2 < 3}", "only two values can be compared; join comparisons with 'and'");
    // What is not needed is not evaluated.
    check("${false and unset}", "false");
    check("${true or unset}", "true");
}

#[test]
fn a_mistake_in_an_expression_is_told() {
    for (text, expected) in [
        ("a ${token", "'${' has no '}'; write '$${' for one that names nothing"),
        ("${}", "a value is missing here"),
        ("${1 +}", "a value is missing here"),
        ("${token token}", "expected '}' here"),
        ("${(1}", "expected ')' here"),
        ("${'a}'", "expected '}' at the end"),
        ("${'a}", "this text has no end; add a '"),
        ("${random_int(1)}", "random_int takes 2 values; write random_int(1, 100)"),
        ("${random_int(2, 1)}", "2 is greater than 1; write the smaller first"),
        ("${uuid(1)}", "uuid takes nothing in its brackets; write uuid()"),
        ("${random_string(9999999)}", "a length is from 0 to 1048576, not 9999999"),
        ("${sha256('a', 'hax')}", "'hax' is neither 'hex' nor 'base64'"),
        (
            "${now('%Y', 'soon')}",
            "'soon' is no offset of a time; write for example '+1d', '-2h30m'",
        ),
    ] {
        check_error(text, expected);
    }
    // A sign makes it an expression, which is judged when it has a value.
    check_error("${random_string(-1)}", "random_string: a length is from 0 to 1048576");
    let deep = format!("${{{}1{}}}", "(".repeat(1000), ")".repeat(1000));
    check_error(&deep, "this is nested too deep");
    check_error(&format!("${{{}1}}", "-".repeat(1000)), "this is nested too deep");
    check_error(&format!("${{1{}}}", " + 1".repeat(1000)), "this expression is too long");
}

#[test]
fn random_values_follow_the_users_numbers() {
    let first = written("${random_int(1, 100)} ${random_choice('a', 'b')} ${random_string(5)}");
    assert_eq!(
        first,
        written("${random_int(1, 100)} ${random_choice('a', 'b')} ${random_string(5)}")
    );
    for _ in 0..100 {
        let numbers = written("${random_int(1, 3)} ${random_float(2, 3)}").unwrap();
        let (int, float) = numbers.split_once(' ').unwrap();
        assert!((1..=3).contains(&int.parse::<i32>().unwrap()));
        assert!((2.0..3.0).contains(&float.parse::<f64>().unwrap()));
    }
    assert_eq!(written("${random_string(6, 'ab')}").unwrap().trim_matches(['a', 'b']), "");
    check("${random_int(5, 5)}", "5");
    check("${random_choice(order.items)}", r#"{"id":7,"name":"x"}"#);
}

#[test]
fn functions_give_what_their_standards_say() {
    // The value of RFC 4231 section 4.3, and of FIPS 180-2 appendix B.1.
    check(
        "${hmac_sha256('Jefe', 'what do ya want for nothing?')}",
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
    );
    check("${sha256('abc')}", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    check("${sha256('abc', 'base64')}", "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=");
    check("${base64(token)} ${base64_decode('YQ==')}", "YSBiL8O8 a");
    check("${url_encode(token)}", "a%20b%2F%C3%BC");
    check("${length(token)} ${length(order.items)} ${length(order)}", "5 1 3");
    check("${json(order, '/items/0/id')}", "7");
    check("${concat(token, '-', 1)} ${upper('aü')} ${lower('AÜ')}", "a b/ü-1 AÜ aü");
    check("${now_ms()} ${now_s()} ${user()}", "1764590400123 1764590400 3");
    check("${now()}", "2025-12-01T12:00:00.123Z");
    check("${now('%Y-%m-%d', '+1d')} ${now('%H:%M', '-2h30m')}", "2025-12-02 09:30");
    check("${counter()} ${counter()}", "2 4");
    check_error("${base64_decode('?')}", "base64_decode: this is not base64 of a text");
}

#[test]
fn a_uuid_is_of_version_4_and_new() {
    let uuids = written("${uuid()} ${uuid()}").unwrap();
    let (a, b) = uuids.split_once(' ').unwrap();
    assert_ne!(a, b);
    for uuid in [a, b] {
        let lengths: Vec<usize> = uuid.split('-').map(str::len).collect();
        assert_eq!(lengths, [8, 4, 4, 4, 12], "{uuid}");
        assert_eq!(&uuid[14..15], "4", "{uuid}");
        assert!("89ab".contains(&uuid[19..20]), "{uuid}");
    }
}

#[test]
fn a_condition_holds_or_not() {
    for (text, expected) in [("price > 10", true), ("'a' == \"b\"", false), ("token", true)] {
        let condition = Expression::parse(text, &scope()).unwrap();
        assert_eq!(condition.holds(&mut Setting::new().scene()), Ok(expected), "{text}");
    }
    let error = Expression::parse("price > 10 token", &scope()).unwrap_err();
    assert_eq!((error.place, &*error.message), (11..16, "the condition should end here"));
}

#[test]
fn texts_of_json_are_templates_and_keep_types() {
    let document = serde_json::json!({
        "id": "${order.items.0.id}", "price": "${price}", "paid": "${order.paid}", "plain": [1, "a\"b"],
        "token ${token}": "<${token}\"${accounts.name}>", "items": "${order.items}", "n": "${counter()}",
        "text": "${token}", "escaped": "$${token}", "uuid": "${uuid()}",
    });
    let template = JsonTemplate::parse(&document, &scope()).unwrap();
    let (mut setting, mut out) = (Setting::new(), String::new());
    template.write(&mut setting.scene(), &mut out).unwrap();
    let mut read: serde_json::Value = serde_json::from_str(&out).unwrap();
    let uuid = read.as_object_mut().unwrap().remove("uuid").unwrap();
    assert_eq!(uuid.as_str().unwrap().len(), 36);
    let expected = serde_json::json!({
        "id": 7, "price": 12.50, "paid": false, "plain": [1, "a\"b"],
        "token ${token}": "<a b/ü\"ann>", "items": [{"id": 7, "name": "x"}], "n": 2,
        "text": "a b/ü", "escaped": "${token}",
    });
    assert_eq!(read, expected);
    assert!(out.contains("12.50"), "{out}");
    let constant =
        JsonTemplate::parse(&serde_json::json!({"a": ["$${x}", null]}), &scope()).unwrap();
    assert_eq!(constant.constant(), Some(r#"{"a":["${x}",null]}"#));
}

#[test]
fn any_text_is_read_or_refused() {
    let mut rng = fastrand::Rng::with_seed(7);
    let parts = [
        "${",
        "}",
        "$",
        "(",
        ")",
        "token",
        "order.",
        ".",
        "'",
        "\"",
        "\\",
        " ",
        ",",
        "+",
        "-",
        "<",
        "==",
        "and",
        "not ",
        "1",
        "9999999999999999999999",
        "random_int",
        "now(",
        "'%Q'",
        "é",
        "\u{0}",
    ];
    for _ in 0..20_000 {
        let text: String =
            (0..rng.usize(0..12)).map(|_| parts[rng.usize(0..parts.len())]).collect();
        if let Err(error) = Template::parse(&text, &scope()) {
            assert!(text.get(error.place.clone()).is_some(), "{text:?} {error:?}");
        }
        _ = written(&text);
        _ = Expression::parse(&text, &scope());
    }
}
