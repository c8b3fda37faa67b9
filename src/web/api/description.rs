//! The OpenAPI description of the interface: a file, and what tables of the code describe. The columns of
//! rows and the options of a run are filled in from there.

use std::sync::LazyLock;

use serde_json::{Value as Json, json};

use crate::options::{self, RunOption, Value};
use crate::report::columns::{COLUMNS, Column, RECENT};

/// Returns the description, as JSON.
pub fn openapi() -> &'static str {
    static DESCRIPTION: LazyLock<String> = LazyLock::new(|| {
        let mut description: Json =
            serde_json::from_str(include_str!("openapi.json")).expect("the file is JSON");
        let schemas = &mut description["components"]["schemas"];
        add_columns(&mut schemas["RunEntry"], COLUMNS);
        add_columns(&mut schemas["Row"], COLUMNS);
        add_columns(&mut schemas["Row"], RECENT);
        add_options(&mut schemas["NewRun"]);
        format!("{description:#}\n")
    });
    &DESCRIPTION
}

/// Describes these columns in the schema of a row.
fn add_columns(schema: &mut Json, columns: &[Column]) {
    for column in columns {
        schema["properties"][column.key] = column.schema();
        let required = schema["required"].as_array_mut().expect("the schema says what is required");
        required.push(json!(column.key));
    }
}

/// Describes the options that a form can have, but for those that the file describes: their values
/// have parts.
fn add_options(schema: &mut Json) {
    for (option, field) in options::fields() {
        let property = &mut schema["properties"][field.name];
        if property.is_null() {
            *property = option_schema(option);
        }
    }
}

/// Returns the JSON Schema of an option. Numbers may be texts, because forms send nothing else; null
/// leaves the option to the scenario and the command line.
fn option_schema(option: &RunOption) -> Json {
    let about = format!("{}.", option.help);
    let number = json!(["number", "string", "null"]);
    match option.value {
        Value::Switch => json!({ "type": ["boolean", "null"], "description": about }),
        Value::Whole { least, most, .. } => json!({
            "type": number, "multipleOf": 1, "minimum": least, "maximum": most, "description": about,
        }),
        Value::PerSecond { most: Some(most) } => json!({
            "type": number, "exclusiveMinimum": 0, "maximum": most, "description": about,
        }),
        Value::PerSecond { most: None } => {
            json!({ "type": number, "exclusiveMinimum": 0, "description": about })
        }
        Value::Texts(_) => json!({
            "type": ["string", "null"],
            "description": format!("{about} Several are separated by spaces or commas."),
        }),
        Value::Time | Value::Text(_) => json!({ "type": ["string", "null"], "description": about }),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::scenario::Arrivals;

    fn schemas() -> Json {
        let description: Json = serde_json::from_str(openapi()).unwrap();
        description["components"]["schemas"].clone()
    }

    fn keys(schema: &Json) -> BTreeSet<String> {
        schema["properties"].as_object().unwrap().keys().cloned().collect()
    }

    #[test]
    fn a_new_run_and_a_new_load_have_the_fields_of_the_options() {
        let schemas = schemas();
        let fields: BTreeSet<String> =
            options::fields().map(|(_, field)| field.name.to_owned()).collect();
        let new_run = keys(&schemas["NewRun"]);
        let others = ["parameters", "shape_class"].map(str::to_owned);
        assert_eq!(&new_run - &fields, BTreeSet::from(others));
        assert_eq!(&fields - &new_run, BTreeSet::new());
        for load in schemas["NewLoad"]["oneOf"].as_array().unwrap() {
            for key in keys(load) {
                let types = |schema: &Json| schema["properties"][&key]["type"].clone();
                assert_eq!(types(load), types(&schemas["NewRun"]), "{key}");
            }
        }
    }

    #[test]
    fn options_are_described_with_their_bounds() {
        let run = &schemas()["NewRun"]["properties"];
        assert_eq!(
            run["users"],
            json!({
                "type": ["number", "string", "null"], "multipleOf": 1, "minimum": 0,
                "maximum": u32::MAX, "description": "Peak number of concurrent users.",
            })
        );
        assert_eq!(run["rate"]["exclusiveMinimum"], 0);
        assert_eq!(run["rate"]["maximum"], Arrivals::RATE_MAX);
        assert_eq!(run["spawn_rate"].get("maximum"), None);
        assert_eq!(run["run_time"]["type"], json!(["string", "null"]));
        assert_eq!(run["classes"]["type"], json!(["array", "null"]), "as the file says");
    }

    /// A key that is there twice is no error for parsers: the last one holds.
    #[test]
    fn no_key_is_in_the_file_twice() {
        let text = include_str!("openapi.json");
        let keys = |text: &str| text.split_whitespace().collect::<String>().matches("\":").count();
        let read: Json = serde_json::from_str(text).unwrap();
        assert_eq!(keys(text), keys(&read.to_string()));
    }
}
