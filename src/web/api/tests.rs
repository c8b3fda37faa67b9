//! `openapi.json` says of the options of a run what their table says.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::{Value as Json, json};

use crate::options::{self, RunOption, Value};

const FILE: &str = "src/web/api/openapi.json";

/// What stands around the properties of `NewRun` that are written by a test: those of one line each.
const BEFORE: &str = "      \"NewRun\": {\n";
const FIRST: &str = "        \"properties\": {\n";
const BEHIND: &str = "          \"classes\": {\n";

/// The schema of an option in `POST /api/v1/runs`: forms have numbers as texts, and null for what is
/// left to scenario and command line.
fn schema(option: &RunOption) -> String {
    let (types, limits) = match option.value {
        Value::Switch => (r#"["boolean", "null"]"#, String::new()),
        Value::Whole { least, most, .. } => (
            r#"["number", "string", "null"]"#,
            format!(r#""multipleOf": 1, "minimum": {least}, "maximum": {most}, "#),
        ),
        Value::PerSecond => {
            (r#"["number", "string", "null"]"#, r#""exclusiveMinimum": 0, "#.to_owned())
        }
        Value::Time | Value::Text(_) | Value::Texts(_) => (r#"["string", "null"]"#, String::new()),
    };
    format!(r#"{{"type": {types}, {limits}"description": {}}}"#, json!(format!("{}.", option.help)))
}

/// The file as it is to be.
fn expected(text: &str) -> String {
    let start = text.find(BEFORE).expect("NewRun is described");
    let from = start + text[start..].find(FIRST).expect("with its properties") + FIRST.len();
    let to = from + text[from..].find(BEHIND).expect("of which classes have a schema of their own");
    let fields = options::fields().filter(|(_, field)| field.name != "classes");
    let lines: String = fields
        .map(|(option, field)| format!("          \"{}\": {},\n", field.name, schema(option)))
        .collect();
    format!("{}{lines}{}", &text[..from], &text[to..])
}

/// Writes the file where `GREGARIA_TEST_WRITE` is set.
#[test]
fn the_description_of_a_new_run_is_that_of_its_options() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(FILE);
    let text = fs::read_to_string(&path).unwrap();
    let expected = expected(&text);
    if std::env::var_os("GREGARIA_TEST_WRITE").is_some() {
        fs::write(&path, &expected).unwrap();
    }
    let cure = "is not up to date: run this test with GREGARIA_TEST_WRITE=1";
    assert!(fs::read_to_string(&path).unwrap() == expected, "{FILE} {cure}");
}

#[test]
fn a_new_run_and_a_new_load_have_the_fields_of_the_options() {
    let description: Json = serde_json::from_str(include_str!("openapi.json")).unwrap();
    let schemas = &description["components"]["schemas"];
    let keys = |schema: &Json| -> BTreeSet<String> {
        schema["properties"].as_object().unwrap().keys().cloned().collect()
    };
    let fields: BTreeSet<String> =
        options::fields().map(|(_, field)| field.name.to_owned()).collect();
    let new_run = keys(&schemas["NewRun"]);
    assert_eq!(&new_run - &fields, BTreeSet::from(["parameters".to_owned()]));
    assert_eq!(&fields - &new_run, BTreeSet::new());
    for load in schemas["NewLoad"]["oneOf"].as_array().unwrap() {
        for key in keys(load) {
            let types = |schema: &Json| schema["properties"][&key]["type"].clone();
            assert_eq!(types(load), types(&schemas["NewRun"]), "{key}");
        }
    }
}
