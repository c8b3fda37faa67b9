//! The forms that clients send: the start form, and a change of the load.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Map, Value};

use crate::credentials::hidden;
use crate::plan::SelectedClass;
use crate::scenario::Arrivals;
use crate::units;

/// What is wrong with a field of a form.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FieldError {
    /// The field's key, `parameters.NAME`, or empty for the form as a whole.
    pub field: String,
    /// What is wrong and what to do.
    pub message: String,
}

/// The start form. Its values take precedence over those of the command line and the scenario. A field
/// that is missing or `null` changes nothing. An empty field changes nothing either, unless empty is a
/// valid value.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct StartForm {
    /// Peak number of users.
    pub users: Option<u32>,
    /// Users started per second.
    pub spawn_rate: Option<f64>,
    /// Iterations per second, in place of users.
    pub rate: Option<f64>,
    /// Base URL.
    pub host: Option<String>,
    /// How long the run takes; `Some(None)` is a run until it is stopped.
    pub run_time: Option<Option<Duration>>,
    /// The user classes that run; all of them without this.
    pub classes: Option<Vec<SelectedClass>>,
    /// Tasks that run have one of these tags; an empty list takes all tasks.
    pub tags: Option<Vec<String>>,
    /// Tasks that run have none of these tags.
    pub exclude_tags: Option<Vec<String>>,
    /// Core numbers.
    pub cores: Option<Vec<usize>>,
    /// A name for the run; empty for none.
    pub profile: Option<String>,
    /// The shape class of a locustfile that makes the load; empty for none of them.
    pub shape_class: Option<String>,
    /// Values of the scenario's parameters.
    pub parameters: BTreeMap<String, String>,
}

/// A change of the load of an active run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum LoadChange {
    /// The new number of users, and the spawn rate; without one, the present spawn rate stays.
    Users(u32, Option<f64>),
    /// The new number of iterations per second.
    Rate(f64),
}

impl FieldError {
    /// Makes the error of one field. Credentials in it are hidden.
    pub fn new(field: impl Into<String>, message: impl ToString) -> Self {
        let field = hidden(&field.into()).into_owned();
        FieldError { field, message: hidden(&message.to_string()).into_owned() }
    }
}

impl StartForm {
    /// Reads the form.
    ///
    /// # Errors
    ///
    /// Returns an error for every field that is wrong.
    pub fn from_json(form: &Value) -> Result<Self, Vec<FieldError>> {
        let mut fields = Fields::of(form)?;
        let start = StartForm {
            users: fields.number("users", users),
            spawn_rate: fields.number("spawn_rate", above_zero),
            rate: fields.number("rate", rate),
            host: fields.text("host", |text| Ok(text.to_owned())),
            run_time: fields.text_or_none("run_time", run_time),
            classes: fields.value("classes", classes),
            tags: fields.text_or_none("tags", |text| Ok(words(text))),
            exclude_tags: fields.text_or_none("exclude_tags", |text| Ok(words(text))),
            cores: fields.text("cores", units::parse_cores),
            profile: fields.text_or_none("profile", |text| Ok(text.to_owned())),
            shape_class: fields.text_or_none("shape_class", |text| Ok(text.to_owned())),
            parameters: fields.value("parameters", parameters).unwrap_or_default(),
        };
        fields.done(start)
    }
}

impl LoadChange {
    /// Reads the form.
    ///
    /// # Errors
    ///
    /// Returns an error for every field that is wrong, or for a form without any.
    pub(super) fn from_json(form: &Value) -> Result<Self, Vec<FieldError>> {
        let mut fields = Fields::of(form)?;
        let to = fields.number("users", users);
        let spawn_rate = fields.number("spawn_rate", above_zero);
        let rate = fields.number("rate", rate_or_none);
        let edit = match (to, rate) {
            (Some(users), None) => Some(LoadChange::Users(users, spawn_rate)),
            (None, Some(rate)) => Some(LoadChange::Rate(rate)),
            _ => None,
        };
        let edit = fields.done(edit)?;
        edit.ok_or_else(|| vec![FieldError::new("", "give either users or a rate")])
    }
}

/// The fields of a form that are not read yet, and the errors of those that were.
struct Fields {
    left: Map<String, Value>,
    faults: Vec<FieldError>,
}

impl Fields {
    fn of(form: &Value) -> Result<Self, Vec<FieldError>> {
        match form {
            Value::Object(fields) => Ok(Fields { left: fields.clone(), faults: Vec::new() }),
            _ => Err(vec![FieldError::new("", "expected a JSON object")]),
        }
    }

    fn done<T>(mut self, read: T) -> Result<T, Vec<FieldError>> {
        let unknown = self.left.keys().map(|name| FieldError::new(name, "there is no such field"));
        self.faults.extend(unknown);
        if self.faults.is_empty() { Ok(read) } else { Err(self.faults) }
    }

    fn value<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(&Value) -> Result<T, FieldError>,
    ) -> Option<T> {
        let value = self.left.remove(name).filter(|value| !value.is_null())?;
        let read = read(&value).map_err(|fault| {
            let field = if fault.field.is_empty() { name.to_owned() } else { fault.field };
            self.faults.push(FieldError { field, message: fault.message });
        });
        read.ok()
    }

    /// Reads a text. An empty one counts as missing.
    fn text<T>(&mut self, name: &str, read: impl FnOnce(&str) -> Result<T, String>) -> Option<T> {
        self.drop_blank(name);
        self.text_or_none(name, read)
    }

    /// Reads a text that may be empty.
    fn text_or_none<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        self.value(name, |value| {
            let text = value.as_str().ok_or_else(|| FieldError::new("", "expected text"))?;
            read(text.trim()).map_err(|message| FieldError::new("", message))
        })
    }

    fn drop_blank(&mut self, name: &str) {
        let value = self.left.get(name).and_then(Value::as_str);
        if value.is_some_and(|text| text.trim().is_empty()) {
            self.left.remove(name);
        }
    }

    /// Reads a number. It may be given as a text, because HTML forms send nothing else.
    fn number<T>(&mut self, name: &str, read: impl FnOnce(f64) -> Result<T, String>) -> Option<T> {
        self.drop_blank(name);
        self.value(name, |value| {
            let number = value.as_f64().or_else(|| value.as_str()?.trim().parse().ok());
            let number = number.ok_or_else(|| FieldError::new("", "expected a number"))?;
            read(number).map_err(|message| FieldError::new("", message))
        })
    }
}

/// Reads a run time; empty means that the run has no time limit.
fn run_time(text: &str) -> Result<Option<Duration>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    units::parse_duration(text).map(Some).map_err(|error| error.to_string())
}

fn users(number: f64) -> Result<u32, String> {
    let is_whole = number >= 0.0 && number.fract() == 0.0;
    match is_whole {
        true if number > f64::from(u32::MAX) => Err(format!("at most {} can be given", u32::MAX)),
        true => Ok(number as u32),
        false => Err("expected a whole number of 0 or more".into()),
    }
}

fn above_zero(number: f64) -> Result<f64, String> {
    let is_fit = number > 0.0 && number.is_finite();
    if is_fit { Ok(number) } else { Err("must be more than 0".into()) }
}

/// Checks a rate, in iterations per second.
pub(super) fn rate(number: f64) -> Result<f64, String> {
    above_zero(number).and_then(within_bounds)
}

/// Checks the rate of an active run, which may be 0.
pub(super) fn rate_or_none(number: f64) -> Result<f64, String> {
    if number >= 0.0 { within_bounds(number) } else { Err("must be 0 or more".into()) }
}

fn within_bounds(rate: f64) -> Result<f64, String> {
    let most = Arrivals::RATE_MAX;
    if rate <= most { Ok(rate) } else { Err(format!("must be at most {most}")) }
}

/// Splits a list at commas and spaces.
pub(super) fn words(text: &str) -> Vec<String> {
    text.split([' ', ',']).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

fn classes(list: &Value) -> Result<Vec<SelectedClass>, FieldError> {
    let class = |value: &Value| {
        let name = value.as_str().or_else(|| value["name"].as_str())?.to_owned();
        match &value["weight"] {
            Value::Null => Some(SelectedClass { name, weight: None }),
            weight => Some(SelectedClass { name, weight: Some(weight.as_f64()?) }),
        }
    };
    let classes: Option<Vec<SelectedClass>> =
        list.as_array().and_then(|list| list.iter().map(class).collect());
    let classes = classes
        .ok_or_else(|| FieldError::new("", "expected a list of {\"name\": …, \"weight\": …}"))?;
    let is_fit = |weight: f64| weight > 0.0 && weight.is_finite();
    match classes.iter().find(|class| !class.weight.is_none_or(is_fit)) {
        Some(SelectedClass { name, .. }) => {
            let message = format!("the weight of '{name}' must be more than 0; or leave it out");
            Err(FieldError::new("", message))
        }
        None => Ok(classes),
    }
}

fn parameters(values: &Value) -> Result<BTreeMap<String, String>, FieldError> {
    let values = values.as_object().ok_or_else(|| FieldError::new("", "expected an object"))?;
    let text = |(name, value): (&String, &Value)| match value {
        Value::String(text) => Ok((name.clone(), text.clone())),
        Value::Number(_) | Value::Bool(_) => Ok((name.clone(), value.to_string())),
        _ => Err(FieldError::new(format!("parameters.{name}"), "expected text")),
    };
    values.iter().map(text).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::options;

    #[track_caller]
    fn check(form: Value, expected: &[(&str, &str)]) {
        let faults = StartForm::from_json(&form).unwrap_err();
        let faults: Vec<_> = faults.iter().map(|fault| (&*fault.field, &*fault.message)).collect();
        assert_eq!(faults, expected);
    }

    #[test]
    fn what_is_left_out_is_left_to_scenario_and_command_line() {
        let empty = json!({
            "users": null, "spawn_rate": "", "rate": null, "host": " ", "run_time": null,
            "classes": null, "tags": null, "exclude_tags": null, "cores": "", "profile": null,
            "parameters": {},
        });
        assert_eq!(StartForm::from_json(&empty), Ok(StartForm::default()));
        assert_eq!(StartForm::from_json(&json!({})), Ok(StartForm::default()));
        let none = json!({
            "run_time": " ", "tags": "", "exclude_tags": "", "profile": "", "shape_class": "",
        });
        let expected = StartForm {
            run_time: Some(None),
            tags: Some(Vec::new()),
            exclude_tags: Some(Vec::new()),
            profile: Some(String::new()),
            shape_class: Some(String::new()),
            ..StartForm::default()
        };
        assert_eq!(StartForm::from_json(&none), Ok(expected));
    }

    #[test]
    fn a_full_form_is_read() {
        let form = json!({
            "users": 5, "spawn_rate": "1.5", "host": " http://h ", "run_time": "1m30s",
            "classes": [{"name": "A", "weight": 3}, {"name": "B"}, "C"],
            "tags": "a b,c", "exclude_tags": "d", "cores": "0-1,3", "profile": "p q",
            "shape_class": "Steps",
            "parameters": {"text": "x", "number": 1.5, "switch": true},
        });
        let picked = |name: &str, weight| SelectedClass { name: name.into(), weight };
        let expected = StartForm {
            users: Some(5),
            spawn_rate: Some(1.5),
            rate: None,
            host: Some("http://h".into()),
            run_time: Some(Some(Duration::from_secs(90))),
            classes: Some(vec![picked("A", Some(3.0)), picked("B", None), picked("C", None)]),
            tags: Some(vec!["a".into(), "b".into(), "c".into()]),
            exclude_tags: Some(vec!["d".into()]),
            cores: Some(vec![0, 1, 3]),
            profile: Some("p q".into()),
            shape_class: Some("Steps".into()),
            parameters: [("text", "x"), ("number", "1.5"), ("switch", "true")]
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into(),
        };
        assert_eq!(StartForm::from_json(&form), Ok(expected));
    }

    #[test]
    fn the_fields_of_the_options_are_read_and_no_others() {
        for (option, field) in options::fields() {
            let form = json!({ field.name: options::samples::json(option) });
            let start = StartForm::from_json(&form);
            assert!(start.is_ok_and(|start| start != StartForm::default()), "{}", field.name);
        }
        for option in options::all().filter(|option| option.field.is_none()) {
            let form = json!({ option.name: options::samples::text(option) });
            check(form, &[(option.name, "there is no such field")]);
        }
    }

    #[test]
    fn each_field_that_is_wrong_is_named() {
        let whole = "expected a whole number of 0 or more";
        check(json!({"users": 1.5}), &[("users", whole)]);
        check(json!({"users": -1}), &[("users", whole)]);
        check(json!({"users": 1e10}), &[("users", "at most 4294967295 can be given")]);
        check(json!({"users": "many"}), &[("users", "expected a number")]);
        check(json!({"users": [1]}), &[("users", "expected a number")]);
        let above = "must be more than 0";
        check(json!({"spawn_rate": 0, "rate": "inf"}), &[("spawn_rate", above), ("rate", above)]);
        check(json!({"rate": "NaN", "host": 5}), &[("rate", above), ("host", "expected text")]);
        let most = "must be at most 1000000000";
        check(json!({"rate": 1e300}), &[("rate", most)]);
        check(json!({"usres": 5}), &[("usres", "there is no such field")]);
        check(json!([]), &[("", "expected a JSON object")]);
        check(json!({"parameters": {"a": []}}), &[("parameters.a", "expected text")]);
        let list = "expected a list of {\"name\": …, \"weight\": …}";
        for classes in [json!("A"), json!([{}]), json!([{"name": "A", "weight": "x"}])] {
            check(json!({ "classes": classes }), &[("classes", list)]);
        }
        for weight in [0, -1] {
            let classes = json!([{"name": "A", "weight": weight}]);
            let weight = "the weight of 'A' must be more than 0; or leave it out";
            check(json!({ "classes": classes }), &[("classes", weight)]);
        }
        let faults = StartForm::from_json(&json!({"run_time": "soon", "cores": "a"})).unwrap_err();
        let fields: Vec<_> = faults.iter().map(|fault| &*fault.field).collect();
        assert_eq!(fields, ["run_time", "cores"]);
    }

    #[test]
    fn an_edit_is_of_users_or_of_a_rate() {
        let edit = |form: Value| LoadChange::from_json(&form);
        assert_eq!(
            edit(json!({"users": 20, "spawn_rate": 5})),
            Ok(LoadChange::Users(20, Some(5.0)))
        );
        assert_eq!(edit(json!({"users": 0})), Ok(LoadChange::Users(0, None)));
        assert_eq!(edit(json!({"rate": 0})), Ok(LoadChange::Rate(0.0)));
        let most = vec![FieldError::new("rate", "must be at most 1000000000")];
        assert_eq!(edit(json!({"rate": 1e300})), Err(most));
        assert!(edit(json!({})).is_err() && edit(json!({"users": 1, "rate": 1})).is_err());
        assert!(edit(json!({"users": 1, "host": "http://h"})).is_err());
    }
}
