//! Flags in TOML: `gregaria.toml`, and Locust's `[tool.locust]`.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{Setting, Value, place};

/// Keys that only scenario files have.
const OF_SCENARIOS: [&str; 5] = ["load", "parameter", "report", "tls", "user"];

/// Reads the flags of a file.
pub(super) fn flags(name: &str, text: &str) -> Result<Vec<Setting>, String> {
    let toml = parse(name, text)?;
    for (key, value) in toml.get_ref() {
        let word: &str = key.get_ref();
        if OF_SCENARIOS.contains(&word) && !matches!(value.get_ref(), DeValue::String(_)) {
            let place = place(name, text, key.span().start);
            return Err(format!(
                "{place}: '{word}' is of a scenario, and this file holds flags; scenarios have files \
                 of their own, such as scenario.toml"
            ));
        }
    }
    settings(name, text, toml.get_ref())
}

/// Returns whether there may be a `[tool.locust]`. Without it, invalid TOML is no error.
pub(super) fn has_tool_locust(text: &str) -> bool {
    text.contains("locust") && text.contains("tool")
}

/// Reads the flags of `[tool.locust]`.
pub(super) fn tool_locust(name: &str, text: &str) -> Result<Vec<Setting>, String> {
    let toml = parse(name, text)?;
    let table = inner(toml.get_ref(), "tool").and_then(|tool| inner(tool, "locust"));
    table.map_or(Ok(Vec::new()), |table| settings(name, text, table))
}

fn inner<'a>(table: &'a DeTable<'a>, key: &str) -> Option<&'a DeTable<'a>> {
    match table.get(key)?.get_ref() {
        DeValue::Table(inner) => Some(inner),
        _ => None,
    }
}

fn parse<'t>(name: &str, text: &'t str) -> Result<Spanned<DeTable<'t>>, String> {
    DeTable::parse(text).map_err(|error| {
        let at = error.span().map_or(text.len(), |span| span.start);
        format!("{}: {}", place(name, text, at), error.message())
    })
}

/// Reads the flags of a table, in the order of the file.
fn settings(name: &str, text: &str, table: &DeTable<'_>) -> Result<Vec<Setting>, String> {
    let setting = |(key, item): (&Spanned<_>, &Spanned<DeValue<'_>>)| {
        let flag: &std::borrow::Cow<'_, str> = key.get_ref();
        let place = |span: Range<usize>| place(name, text, span.start);
        let value = value(item).map_err(|(span, message)| format!("{}: {message}", place(span)))?;
        let flag = flag.trim_start_matches('-').replace('_', "-");
        Ok((key.span().start, Setting { flag, value, place: place(item.span()) }))
    };
    let mut settings = table.iter().map(setting).collect::<Result<Vec<_>, String>>()?;
    settings.sort_by_key(|(at, _)| *at);
    Ok(settings.into_iter().map(|(_, setting)| setting).collect())
}

/// Reads the value of a flag: a scalar, an array, or pairs such as `set = { region = "eu" }`.
fn value(item: &Spanned<DeValue<'_>>) -> Result<Value, (Range<usize>, String)> {
    Ok(match item.get_ref() {
        DeValue::Boolean(boolean) => Value::Boolean(*boolean),
        DeValue::Array(array) => Value::Texts(array.iter().map(scalar).collect::<Result<_, _>>()?),
        DeValue::Table(table) => {
            let mut pairs: Vec<_> = table.iter().collect();
            pairs.sort_by_key(|(key, _)| key.span().start);
            let pair = |(key, value): (&Spanned<std::borrow::Cow<'_, str>>, _)| {
                Ok(format!("{}={}", key.get_ref(), scalar(value)?))
            };
            Value::Texts(pairs.into_iter().map(pair).collect::<Result<_, _>>()?)
        }
        _ => Value::Texts(vec![scalar(item)?]),
    })
}

/// Returns a string, a number or a boolean as text.
fn scalar(item: &Spanned<DeValue<'_>>) -> Result<String, (Range<usize>, String)> {
    match item.get_ref() {
        DeValue::String(text) => Ok(text.clone().into_owned()),
        DeValue::Integer(integer) => {
            match i128::from_str_radix(integer.as_str(), integer.radix()) {
                Ok(number) => Ok(number.to_string()),
                Err(_) => Err((item.span(), "number is too large".to_owned())),
            }
        }
        DeValue::Float(float) => Ok(float.as_str().to_owned()),
        DeValue::Boolean(boolean) => Ok(boolean.to_string()),
        DeValue::Datetime(_) | DeValue::Array(_) | DeValue::Table(_) => {
            Err((item.span(), "expected a string or a number".to_owned()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(texts: &[&str]) -> Value {
        Value::Texts(texts.iter().map(|&text| text.to_owned()).collect())
    }

    #[test]
    fn values_are_texts_switches_lists_and_pairs() {
        let text = "users = 1_000\nspawn_rate = 2.5\ncsv-full-history = true\ntags = [\"a\", \"b\"]\n\
                    run-time = '1m'\n[set]\nregion = \"eu\"\nretries = 3\n";
        let got: Vec<(String, Value, String)> = flags("f", text)
            .unwrap()
            .into_iter()
            .map(|setting| (setting.flag, setting.value, setting.place))
            .collect();
        let expected = [
            ("users", texts(&["1000"]), "f:1:9"),
            ("spawn-rate", texts(&["2.5"]), "f:2:14"),
            ("csv-full-history", Value::Boolean(true), "f:3:20"),
            ("tags", texts(&["a", "b"]), "f:4:8"),
            ("run-time", texts(&["1m"]), "f:5:12"),
            ("set", texts(&["region=eu", "retries=3"]), "f:6:1"),
        ];
        assert_eq!(got, expected.map(|(flag, value, place)| (flag.into(), value, place.into())));
    }

    #[test]
    fn what_is_no_value_is_told_with_its_place() {
        for (text, expected) in [
            ("users = 5\nhtml = 1979-05-27", "f:2:8: expected a string or a number"),
            ("tags = [[1]]", "f:1:9: expected a string or a number"),
            ("users = ", "f:1:9: "),
            ("[load]\nusers = 5", "f:1:2: 'load' is of a scenario, and this file holds flags"),
            ("[[user]]\nname = 'u'", "f:1:3: 'user' is of a scenario"),
        ] {
            let error = flags("f", text).unwrap_err();
            assert!(error.starts_with(expected), "{error}");
        }
    }
}
