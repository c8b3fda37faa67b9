//! Tests of [`super`]: what a pointer finds is what `serde_json`'s own pointer finds.

use serde_json::{Map, json};

use super::*;

#[track_caller]
fn pointer(text: &str) -> Pointer {
    Pointer::parse(text).unwrap()
}

#[track_caller]
fn check(body: &str, at: &str, expected: Option<Value>) {
    let at = pointer(at);
    assert_eq!(exists(body, &at), Ok(expected.is_some()), "{at} in {body}");
    assert_eq!(find(body, &at), Ok(expected), "{at} in {body}");
}

#[track_caller]
fn check_equals(body: &str, at: &str, expected: Value, is_equal: bool) {
    let got = equals(body, &pointer(at), &expected);
    assert_eq!(got, Ok(is_equal), "{at} in {body} is {expected}");
}

#[test]
fn a_pointer_finds_members_and_elements() {
    let body = r#"{"users": ["Alice", {"name": "Bob"}], "null": null}"#;
    check(body, "/users", Some(json!(["Alice", {"name": "Bob"}])));
    check(body, "/users/0", Some(json!("Alice")));
    check(body, "/users/1/name", Some(json!("Bob")));
    check(body, "/null", Some(json!(null)));
    check(body, "", Some(serde_json::from_str(body).unwrap()));
}

#[test]
fn a_pointer_finds_nothing_where_nothing_stands() {
    let body = r#"{"users": ["Alice", {"name": "Bob"}], "null": null}"#;
    for at in ["/user", "/users/2", "/users/0/name", "/users/-", "/users/01", "/users/+1", "/"] {
        check(body, at, None);
    }
    for at in ["/null/x", "/users/99999999999999999999999", "/users/1/name/x", "/users/name"] {
        check(body, at, None);
    }
    for scalar in ["1", "-1", "1.5", "true", "\"x\"", "null", "[]", "{}"] {
        check(scalar, "/x", None);
        check(scalar, "/0", None);
    }
}

#[test]
fn a_pointer_unescapes_its_tokens() {
    let body = r#"{"a/b": 1, "m~n": 2, "~1": 3, "": 4, "k\"\u00e9": 5, "0": 6}"#;
    check(body, "/a~1b", Some(json!(1)));
    check(body, "/m~0n", Some(json!(2)));
    check(body, "/~01", Some(json!(3)));
    check(body, "/", Some(json!(4)));
    check(body, "/k\"é", Some(json!(5)));
    check(body, "/0", Some(json!(6)));
}

#[test]
fn of_equal_keys_the_last_one_counts() {
    check(r#"{"a": 1, "a": 2}"#, "/a", Some(json!(2)));
    check(r#"{"a": {"b": 1}, "a": {}}"#, "/a/b", None);
}

#[test]
fn a_bad_pointer_names_the_cure() {
    for (text, expected) in [
        ("users", "JSON pointer 'users' must start with '/'; write '/users'"),
        ("a/b", "JSON pointer 'a/b' must start with '/'; write '/a/b'"),
        ("$.a.b", "JSON pointer '$.a.b' must start with '/'; write '/a/b'"),
        ("/a~2", "JSON pointer '/a~2' has a '~' that is neither '~0' nor '~1'; write '~0' for '~'"),
        ("/~", "JSON pointer '/~' has a '~' that is neither '~0' nor '~1'; write '~0' for '~'"),
    ] {
        assert_eq!(Pointer::parse(text).unwrap_err().to_string(), expected);
    }
}

#[test]
fn a_body_is_json_to_its_end_or_not_at_all() {
    let at = pointer("/a");
    for body in ["", "{", r#"{"a": 1"#, r#"{"a": 1} x"#, r#"{"a": 1}{}"#, r#"{"a": 1, }"#, "<html>"]
    {
        assert_eq!(exists(body, &at), Err(InvalidJson), "{body}");
    }
    for body in ["\u{fffd}", "{\"a\": 1}\0", "\u{feff}{\"a\": 1}", "{\"a\": nan}", "{\"a\": -NaN}"]
    {
        assert_eq!(exists(body, &at), Err(InvalidJson), "{body:?}");
    }
    assert_eq!(exists(" {\"a\": 1}\r\n", &at), Ok(true));
}

#[test]
fn equal_is_what_a_reader_of_json_calls_equal() {
    check_equals(r#"{"a": "ok"}"#, "/a", json!("ok"), true);
    check_equals(r#"{"a": "\u006fk"}"#, "/a", json!("ok"), true);
    check_equals(r#"{"a": 1.0}"#, "/a", json!(1), true);
    check_equals(r#"{"a": 1}"#, "/a", json!(1.0), true);
    check_equals(r#"{"a": 9007199254740993}"#, "/a", json!(9007199254740992_u64), false);
    check_equals(r#"{"a": -1}"#, "/a", json!(-1), true);
    check_equals(r#"{"a": true}"#, "/a", json!(true), true);
    check_equals(r#"{"a": null}"#, "/a", json!(null), true);
    check_equals(r#"{"a": {"x": 1, "y": [2.0]}}"#, "/a", json!({"y": [2], "x": 1}), true);
    check_equals(r#"{"a": {"x": 1, "y": 2}}"#, "/a", json!({"x": 1}), false);
    for other in
        ["\"OK\"", "1", "-1", "1.5", "true", "null", "[\"ok\", [1]]", "{\"ok\": {\"a\": 1}}"]
    {
        check_equals(&format!("{{\"a\": {other}, \"b\": 1}}"), "/a", json!("ok"), false);
    }
    check_equals(r#"{"b": null}"#, "/a", json!(null), false);
}

#[test]
fn a_float_equals_the_same_text_read_by_rust() {
    // Without a tolerance, 925202.3765271257 in a scenario was not that number in a body.
    for seed in 0..5000 {
        let mut rng = fastrand::Rng::with_seed(seed);
        let number = (rng.f64() - 0.5) * 10_f64.powi(rng.i32(-300..300));
        check_equals(&format!("{{\"a\": {number:e}}}"), "/a", json!(number), true);
    }
    check_equals(r#"{"a": 1.0000001}"#, "/a", json!(1), false);
}

/// A random document, no deeper than `depth`, with keys that need escapes.
fn document(rng: &mut fastrand::Rng, depth: u32) -> Value {
    const KEYS: [&str; 6] = ["a", "b", "a/b", "m~n", "0", "é\n\""];
    match rng.u32(0..if depth == 0 { 6 } else { 10 }) {
        0 => Value::Null,
        1 => json!(rng.bool()),
        2 => json!(rng.i64(..)),
        3 => json!(rng.u64(..)),
        4 => json!(rng.f64() * 1e6),
        5 => json!(KEYS[rng.usize(0..KEYS.len())]),
        6 | 7 => (0..rng.usize(0..4)).map(|_| document(rng, depth - 1)).collect(),
        _ => {
            let member = |rng: &mut fastrand::Rng| {
                (KEYS[rng.usize(0..KEYS.len())].to_owned(), document(rng, depth - 1))
            };
            Value::Object((0..rng.usize(0..5)).map(|_| member(rng)).collect::<Map<_, _>>())
        }
    }
}

#[test]
fn every_pointer_finds_what_the_built_document_has_there() {
    const TOKENS: [&str; 9] = ["a", "b", "a~1b", "m~0n", "0", "1", "-", "01", "é\n\""];
    let mut hits = 0;
    for seed in 0..5000 {
        let mut rng = fastrand::Rng::with_seed(seed);
        let body = document(&mut rng, 4).to_string();
        let document: Value = serde_json::from_str(&body).unwrap();
        let text: String = (0..rng.usize(0..4))
            .map(|_| format!("/{}", TOKENS[rng.usize(0..TOKENS.len())]))
            .collect();
        let at = pointer(&text);
        let expected = document.pointer(&text);
        hits += usize::from(expected.is_some());
        assert_eq!(find(&body, &at).as_ref().map(Option::as_ref), Ok(expected), "seed {seed}");
        assert_eq!(exists(&body, &at), Ok(expected.is_some()), "seed {seed}");
        if let Some(value) = expected {
            assert_eq!(equals(&body, &at, value), Ok(true), "seed {seed}");
        }
    }
    assert!(hits > 1000, "the property was hardly tried: {hits} hits");
}

#[test]
fn a_cut_off_document_is_not_json() {
    for seed in 0..2000 {
        let mut rng = fastrand::Rng::with_seed(seed);
        let body = json!([document(&mut rng, 4)]).to_string();
        let cut = &body[..body.floor_char_boundary(rng.usize(0..body.len()))];
        for text in ["", "/0", "/0/a", "/a"] {
            assert_eq!(exists(cut, &pointer(text)), Err(InvalidJson), "seed {seed}, {text}");
            assert_eq!(find(cut, &pointer(text)), Err(InvalidJson), "seed {seed}, {text}");
        }
    }
}

/// Python's `json` reads them, and so does requests under any content type.
#[test]
fn numbers_that_json_has_not_are_texts() {
    let body = r#"{"a": NaN, "b": [Infinity, -Infinity], "NaN": "NaN", "c": 1}"#;
    check(body, "/a", Some(json!("NaN")));
    check(body, "/b", Some(json!(["Infinity", "-Infinity"])));
    check_equals(body, "/c", json!(1), true);
    check_equals(body, "/a", json!(null), false);
    assert_eq!(read::<Value>("[NaN]").unwrap(), json!(["NaN"]));
    assert!(read::<Value>("[NaN").is_err());
}
