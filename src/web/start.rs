//! What somebody asks a run for: the start form as it comes back.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Map, Value};

use crate::credentials::hidden;
use crate::plan::Picked;
use crate::scenario::Arrivals;
use crate::units;

/// Why a form is not accepted, beside the field that it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// A key of the form, `parameters.name`, or nothing for the whole.
    pub field: String,
    /// What is wrong and what to do.
    pub message: String,
}

/// What is asked for in the place of what scenario and command line say. What is missing or `null` is
/// left to them, and so is an empty field where nothing cannot be meant.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Start {
    /// Peak number of users.
    pub users: Option<u32>,
    /// Users started per second.
    pub spawn_rate: Option<f64>,
    /// Iterations per second, in place of users.
    pub rate: Option<f64>,
    /// Base URL.
    pub host: Option<String>,
    /// How long the run takes; within, none is until it is stopped.
    pub run_time: Option<Option<Duration>>,
    /// The classes that run, where it is not all.
    pub classes: Option<Vec<Picked>>,
    /// Of which tags tasks must have one; any will do where there is none.
    pub tags: Option<Vec<String>>,
    /// Of which tags they must have none.
    pub exclude_tags: Option<Vec<String>>,
    /// Core numbers.
    pub cores: Option<Vec<usize>>,
    /// A name for the run; empty for none.
    pub profile: Option<String>,
    /// Values of the scenario's parameters.
    pub parameters: BTreeMap<String, String>,
}

/// How the load of a run is to go on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Edit {
    /// So many users, who come or go by so many per second; as before without that.
    Users(u32, Option<f64>),
    /// So many iterations per second.
    Rate(f64),
}

impl Fault {
    /// About one field.
    pub fn of(field: impl Into<String>, message: impl ToString) -> Self {
        let field = hidden(&field.into()).into_owned();
        Fault { field, message: hidden(&message.to_string()).into_owned() }
    }
}

impl Start {
    /// Reads the form.
    ///
    /// # Errors
    ///
    /// Every field that cannot be meant.
    pub fn from_json(form: &Value) -> Result<Self, Vec<Fault>> {
        let mut fields = Fields::of(form)?;
        let start = Start {
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
            parameters: fields.value("parameters", parameters).unwrap_or_default(),
        };
        fields.done(start)
    }
}

impl Edit {
    /// Reads the form.
    ///
    /// # Errors
    ///
    /// Every field that cannot be meant, and a form without any.
    pub fn from_json(form: &Value) -> Result<Self, Vec<Fault>> {
        let mut fields = Fields::of(form)?;
        let to = fields.number("users", users);
        let spawn_rate = fields.number("spawn_rate", above_zero);
        let rate = fields.number("rate", rate_or_none);
        let edit = match (to, rate) {
            (Some(users), None) => Some(Edit::Users(users, spawn_rate)),
            (None, Some(rate)) => Some(Edit::Rate(rate)),
            _ => None,
        };
        let edit = fields.done(edit)?;
        edit.ok_or_else(|| vec![Fault::of("", "give either users or a rate")])
    }
}

/// The fields of a form that nobody has read yet, and what is wrong with those that were.
struct Fields {
    left: Map<String, Value>,
    faults: Vec<Fault>,
}

impl Fields {
    fn of(form: &Value) -> Result<Self, Vec<Fault>> {
        match form {
            Value::Object(fields) => Ok(Fields { left: fields.clone(), faults: Vec::new() }),
            _ => Err(vec![Fault::of("", "expected a JSON object")]),
        }
    }

    fn done<T>(mut self, read: T) -> Result<T, Vec<Fault>> {
        let unknown = self.left.keys().map(|name| Fault::of(name, "there is no such field"));
        self.faults.extend(unknown);
        if self.faults.is_empty() { Ok(read) } else { Err(self.faults) }
    }

    fn value<T>(&mut self, name: &str, read: impl FnOnce(&Value) -> Result<T, Fault>) -> Option<T> {
        let value = self.left.remove(name).filter(|value| !value.is_null())?;
        let read = read(&value).map_err(|fault| {
            let field = if fault.field.is_empty() { name.to_owned() } else { fault.field };
            self.faults.push(Fault { field, message: fault.message });
        });
        read.ok()
    }

    /// Text that is left to scenario and command line where there is none.
    fn text<T>(&mut self, name: &str, read: impl FnOnce(&str) -> Result<T, String>) -> Option<T> {
        self.drop_blank(name);
        self.text_or_none(name, read)
    }

    /// Text, or none, which is what was meant then.
    fn text_or_none<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        self.value(name, |value| {
            let text = value.as_str().ok_or_else(|| Fault::of("", "expected text"))?;
            read(text.trim()).map_err(|message| Fault::of("", message))
        })
    }

    fn drop_blank(&mut self, name: &str) {
        let value = self.left.get(name).and_then(Value::as_str);
        if value.is_some_and(|text| text.trim().is_empty()) {
            self.left.remove(name);
        }
    }

    /// A number, which may be in a text: forms have nothing else.
    fn number<T>(&mut self, name: &str, read: impl FnOnce(f64) -> Result<T, String>) -> Option<T> {
        self.drop_blank(name);
        self.value(name, |value| {
            let number = value.as_f64().or_else(|| value.as_str()?.trim().parse().ok());
            let number = number.ok_or_else(|| Fault::of("", "expected a number"))?;
            read(number).map_err(|message| Fault::of("", message))
        })
    }
}

/// Nothing is no end.
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

/// Iterations per second.
pub(super) fn rate(number: f64) -> Result<f64, String> {
    above_zero(number).and_then(within_bounds)
}

/// The same while a run lasts, where there may be none for a time.
pub(super) fn rate_or_none(number: f64) -> Result<f64, String> {
    if number >= 0.0 { within_bounds(number) } else { Err("must be 0 or more".into()) }
}

fn within_bounds(rate: f64) -> Result<f64, String> {
    let most = Arrivals::RATE_MAX;
    if rate <= most { Ok(rate) } else { Err(format!("must be at most {most}")) }
}

/// What commas and spaces set apart.
pub(super) fn words(text: &str) -> Vec<String> {
    text.split([' ', ',']).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

fn classes(list: &Value) -> Result<Vec<Picked>, Fault> {
    let class = |value: &Value| {
        let name = value.as_str().or_else(|| value["name"].as_str())?.to_owned();
        match &value["weight"] {
            Value::Null => Some(Picked { name, weight: None }),
            weight => Some(Picked { name, weight: Some(weight.as_f64()?) }),
        }
    };
    let classes: Option<Vec<Picked>> =
        list.as_array().and_then(|list| list.iter().map(class).collect());
    let classes =
        classes.ok_or_else(|| Fault::of("", "expected a list of {\"name\": …, \"weight\": …}"))?;
    let is_fit = |weight: f64| weight > 0.0 && weight.is_finite();
    match classes.iter().find(|class| !class.weight.is_none_or(is_fit)) {
        Some(Picked { name, .. }) => {
            let message = format!("the weight of '{name}' must be more than 0; or leave it out");
            Err(Fault::of("", message))
        }
        None => Ok(classes),
    }
}

fn parameters(values: &Value) -> Result<BTreeMap<String, String>, Fault> {
    let values = values.as_object().ok_or_else(|| Fault::of("", "expected an object"))?;
    let text = |(name, value): (&String, &Value)| match value {
        Value::String(text) => Ok((name.clone(), text.clone())),
        Value::Number(_) | Value::Bool(_) => Ok((name.clone(), value.to_string())),
        _ => Err(Fault::of(format!("parameters.{name}"), "expected text")),
    };
    values.iter().map(text).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(form: Value, expected: &[(&str, &str)]) {
        let faults = Start::from_json(&form).unwrap_err();
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
        assert_eq!(Start::from_json(&empty), Ok(Start::default()));
        assert_eq!(Start::from_json(&json!({})), Ok(Start::default()));
        let none = json!({"run_time": " ", "tags": "", "exclude_tags": "", "profile": ""});
        let expected = Start {
            run_time: Some(None),
            tags: Some(Vec::new()),
            exclude_tags: Some(Vec::new()),
            profile: Some(String::new()),
            ..Start::default()
        };
        assert_eq!(Start::from_json(&none), Ok(expected));
    }

    #[test]
    fn a_full_form_is_read() {
        let form = json!({
            "users": 5, "spawn_rate": "1.5", "host": " http://h ", "run_time": "1m30s",
            "classes": [{"name": "A", "weight": 3}, {"name": "B"}, "C"],
            "tags": "a b,c", "exclude_tags": "d", "cores": "0-1,3", "profile": "p q",
            "parameters": {"text": "x", "number": 1.5, "switch": true},
        });
        let picked = |name: &str, weight| Picked { name: name.into(), weight };
        let expected = Start {
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
            parameters: [("text", "x"), ("number", "1.5"), ("switch", "true")]
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into(),
        };
        assert_eq!(Start::from_json(&form), Ok(expected));
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
        let faults = Start::from_json(&json!({"run_time": "soon", "cores": "a"})).unwrap_err();
        let fields: Vec<_> = faults.iter().map(|fault| &*fault.field).collect();
        assert_eq!(fields, ["run_time", "cores"]);
    }

    #[test]
    fn an_edit_is_of_users_or_of_a_rate() {
        let edit = |form: Value| Edit::from_json(&form);
        assert_eq!(edit(json!({"users": 20, "spawn_rate": 5})), Ok(Edit::Users(20, Some(5.0))));
        assert_eq!(edit(json!({"users": 0})), Ok(Edit::Users(0, None)));
        assert_eq!(edit(json!({"rate": 0})), Ok(Edit::Rate(0.0)));
        let most = vec![Fault::of("rate", "must be at most 1000000000")];
        assert_eq!(edit(json!({"rate": 1e300})), Err(most));
        assert!(edit(json!({})).is_err() && edit(json!({"users": 1, "rate": 1})).is_err());
        assert!(edit(json!({"users": 1, "host": "http://h"})).is_err());
    }
}
