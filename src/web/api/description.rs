//! The interface's description for OpenAPI: a file, with the columns of rows filled in.

use std::sync::LazyLock;

use serde_json::{Value, json};

use crate::report::columns::{COLUMNS, Column, RECENT};

/// The description, as JSON.
pub fn openapi() -> &'static str {
    static DESCRIPTION: LazyLock<String> = LazyLock::new(|| {
        let mut description: Value =
            serde_json::from_str(include_str!("openapi.json")).expect("the file is JSON");
        let schemas = &mut description["components"]["schemas"];
        fill_in(&mut schemas["RunEntry"], COLUMNS);
        fill_in(&mut schemas["Row"], COLUMNS);
        fill_in(&mut schemas["Row"], RECENT);
        format!("{description:#}\n")
    });
    &DESCRIPTION
}

/// Describes these columns in the schema of a row.
fn fill_in(schema: &mut Value, columns: &[Column]) {
    for column in columns {
        schema["properties"][column.key] = column.schema();
        let required = schema["required"].as_array_mut().expect("the schema says what is required");
        required.push(json!(column.key));
    }
}
