//! `POST /swarm`: Locust's form, which starts a run or changes the load of the active one.

use std::time::Duration;

use form_urlencoded::parse;
use serde_json::{Map, Value, json};
use thiserror::Error;

use crate::options;
use crate::plan::SelectedClass;
use crate::units::{DurationError, parse_cores, parse_time_span};
use crate::web::form::{self, StartForm, words};

/// Why the form is refused, in Locust's words where it has them.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The number of users is not a whole number.
    #[error("Invalid user_count value: {} (must be an integer)", quoted(.0))]
    UserCount(String),
    /// A field whose value is not a number.
    #[error("Invalid {field} value: {} (must be a number)", quoted(value))]
    Number {
        /// Its name.
        field: &'static str,
        /// Its value.
        value: String,
    },
    /// The number of users or the spawn rate is missing, or is out of range.
    #[error("Missing or invalid user_count or spawn_rate from /swarm request")]
    Missing,
    /// The rate is out of range. Locust has no rate.
    #[error("rate: {0}")]
    Rate(String),
    /// The run time is not in Locust's grammar.
    #[error("Valid run_time formats are : 20, 20s, 3m, 2h, 1h20m, 3h30m10s, etc.")]
    RunTime,
    /// The run time is too long.
    #[error(transparent)]
    TooLong(DurationError),
    /// The cores are not a list of core numbers.
    #[error("cores: {0}")]
    Cores(String),
    /// The form picks a shape class by name.
    #[error("shape_class {} cannot be picked: the scenario says what the load is", quoted(.0))]
    Shape(String),
}

/// Reads a form, `application/x-www-form-urlencoded`. A field that is missing or empty changes nothing. As
/// in Locust, unknown fields are ignored, unless they are declared parameters. A shape class is one of `shapes`. Several values of one
/// parameter are joined by commas.
///
/// # Errors
///
/// Returns the error of the first field that is wrong.
pub fn swarm(form: &[u8], declared: &[&str], shapes: &[&str]) -> Result<StartForm, Refusal> {
    let mut start = StartForm::default();
    for (key, value) in parse(form) {
        match options::fields().find(|(_, field)| field.swarm == key) {
            Some((option, _)) => read(&mut start, option.name, &value)?,
            None if key == "shape_class" => start.shape_class = shape(&value, shapes)?,
            None if declared.contains(&&*key) => {
                let values = start.parameters.entry(key.into_owned());
                values.and_modify(|before| *before += &format!(",{value}")).or_insert(value.into());
            }
            None => {}
        }
    }
    Ok(start)
}

/// Reads the value of an option.
fn read(start: &mut StartForm, option: &str, value: &str) -> Result<(), Refusal> {
    match option {
        "users" => start.users = Some(user_count(value)?),
        "spawn_rate" => start.spawn_rate = Some(spawn_rate(value)?),
        "rate" if value.is_empty() => {}
        "rate" => start.rate = Some(rate(value)?),
        "host" => start.host = given(value.replace(['<', '>'], "").trim()),
        "run_time" => start.run_time = run_time(value)?.map(Some),
        "user_classes" => start.classes.get_or_insert_default().push(SelectedClass::new(value)),
        "tags" => add_words(&mut start.tags, value),
        "exclude_tags" => add_words(&mut start.exclude_tags, value),
        "cores" => start.cores = cores(value.trim())?,
        "profile" => start.profile = given(value).map(|name| name.trim().to_owned()),
        _ => {}
    }
    Ok(())
}

/// Checks that both numbers are there, as Locust does. It is for loads of users without a shape.
///
/// # Errors
///
/// Returns [`Refusal::Missing`] if one of them is not.
pub fn has_numbers(start: &StartForm) -> Result<(), Refusal> {
    if start.users.is_some() && start.spawn_rate.is_some() { Ok(()) } else { Err(Refusal::Missing) }
}

/// Makes the response to a form that starts or changes a run. `host` is the host of all users, if there is
/// only one. `shape` names the load if it is not that of the form.
pub fn started(start: &StartForm, host: Option<&str>, shape: Option<&str>) -> Value {
    let message = match shape {
        Some(shape) => format!("Swarming started using shape class '{shape}'"),
        None => "Swarming started".to_owned(),
    };
    let mut answer = answer(host, &message, true);
    if shape.is_none() {
        let seconds = start.run_time.flatten().map(|time| time.as_secs());
        if let Some(seconds) = seconds.filter(|seconds| *seconds > 0) {
            answer.insert("run_time".to_owned(), seconds.into());
        }
        if let Some(classes) = &start.classes {
            let mut classes: Vec<&str> = classes.iter().map(|class| &*class.name).collect();
            classes.sort_unstable();
            classes.dedup();
            answer.insert("user_classes".to_owned(), classes.into());
        }
        answer.sort_keys();
    }
    Value::Object(answer)
}

/// Makes the response to a refused form. `message` is a [`Refusal`] or another reason.
pub fn refused(message: &str, host: Option<&str>) -> Value {
    Value::Object(answer(host, message, false))
}

fn answer(host: Option<&str>, message: &str, success: bool) -> Map<String, Value> {
    let pairs = [("host", json!(host)), ("message", json!(message)), ("success", json!(success))];
    pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}

fn user_count(text: &str) -> Result<u32, Refusal> {
    let count = text.trim().parse::<i128>();
    let count = count.map_err(|_| Refusal::UserCount(text.to_owned()))?;
    u32::try_from(count).map_err(|_| Refusal::Missing)
}

fn spawn_rate(text: &str) -> Result<f64, Refusal> {
    let rate = number("spawn_rate", text)?;
    if rate.is_finite() && rate > 0.0 { Ok(rate) } else { Err(Refusal::Missing) }
}

fn rate(text: &str) -> Result<f64, Refusal> {
    form::rate_or_none(number("rate", text)?).map_err(Refusal::Rate)
}

fn number(field: &'static str, text: &str) -> Result<f64, Refusal> {
    text.trim().parse().map_err(|_| Refusal::Number { field, value: text.to_owned() })
}

fn run_time(text: &str) -> Result<Option<Duration>, Refusal> {
    if text.is_empty() {
        return Ok(None);
    }
    match parse_time_span(text) {
        Ok(time) => Ok(Some(time)),
        Err(error @ DurationError::TooLong(_)) => Err(Refusal::TooLong(error)),
        Err(_) => Err(Refusal::RunTime),
    }
}

fn cores(text: &str) -> Result<Option<Vec<usize>>, Refusal> {
    given(text).map(|text| parse_cores(&text)).transpose().map_err(Refusal::Cores)
}

/// Returns the picked shape class. In Locust's form `Default` is none of them.
fn shape(name: &str, shapes: &[&str]) -> Result<Option<String>, Refusal> {
    match name {
        "" => Ok(None),
        "Default" => Ok((!shapes.is_empty()).then(String::new)),
        _ if shapes.contains(&name) => Ok(Some(name.to_owned())),
        _ => Err(Refusal::Shape(name.to_owned())),
    }
}

fn given(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

fn add_words(list: &mut Option<Vec<String>>, text: &str) {
    if !text.is_empty() {
        list.get_or_insert_default().extend(words(text));
    }
}

/// Quotes a text as Python's `repr` does.
fn quoted(text: &str) -> String {
    match (text.contains('\''), text.contains('"')) {
        (true, false) => format!("\"{}\"", text.replace('\\', "\\\\")),
        _ => format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(form: &str) -> Result<StartForm, Refusal> {
        swarm(form.as_bytes(), &["token", "sizes"], &[])
    }

    #[test]
    fn a_shape_class_is_one_of_a_locustfile_or_none() {
        let shape = |form: &str, shapes: &[&str]| {
            let start = swarm(form.as_bytes(), &[], shapes);
            start.map(|start| start.shape_class).map_err(|refusal| refusal.to_string())
        };
        assert_eq!(shape("shape_class=Steps", &["Steps"]), Ok(Some("Steps".to_owned())));
        assert_eq!(shape("shape_class=Default", &["Steps"]), Ok(Some(String::new())));
        assert_eq!(shape("shape_class=Default", &[]), Ok(None));
        assert_eq!(shape("shape_class=", &["Steps"]), Ok(None));
        assert!(shape("shape_class=Steps", &[]).unwrap_err().contains("cannot be picked"));
    }

    #[test]
    fn a_rate_has_a_bound() {
        let most = Refusal::Rate("must be at most 1000000000".to_owned());
        assert_eq!(parsed("rate=1e300"), Err(most.clone()));
        assert_eq!(parsed("rate=inf"), Err(most.clone()));
        assert_eq!(parsed("rate=-1").unwrap_err().to_string(), "rate: must be 0 or more");
        assert_eq!(parsed("rate=0").unwrap().rate, Some(0.0), "a run that is on may go on so");
        assert_eq!(most.to_string(), "rate: must be at most 1000000000");
    }

    #[test]
    fn a_form_has_all_that_a_start_can_have() {
        let form = "user_count=%2010&spawn_rate=2.5&host=http%3A%2F%2F%3Cb%3Ehost+&run_time=1m\
                    &user_classes=A&user_classes=B&shape_class=Default&profile=nightly&rate=100\
                    &tags=a%2Cb&tags=c+&exclude_tags=d&cores=+0-1&token=t+1&sizes=1&sizes=2&undeclared=x";
        let text = |text: &str| Some(text.to_owned());
        let list = |words: &[&str]| Some(words.iter().map(|&word| word.to_owned()).collect());
        let expected = StartForm {
            users: Some(10),
            spawn_rate: Some(2.5),
            host: text("http://bhost"),
            run_time: Some(Some(Duration::from_secs(60))),
            rate: Some(100.0),
            classes: Some(vec![SelectedClass::new("A"), SelectedClass::new("B")]),
            tags: list(&["a", "b", "c"]),
            exclude_tags: list(&["d"]),
            cores: Some(vec![0, 1]),
            profile: text("nightly"),
            shape_class: None,
            parameters: [("token", "t 1"), ("sizes", "1,2")]
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into(),
        };
        assert_eq!(parsed(form), Ok(expected));
    }

    #[test]
    fn every_field_of_the_options_is_read_under_locusts_name() {
        for (option, field) in options::fields() {
            let form = format!("{}={}", field.swarm, options::samples::text(option));
            assert_ne!(parsed(&form), Ok(StartForm::default()), "{form}");
        }
    }

    #[test]
    fn empty_fields_ask_for_nothing() {
        let form = "host=&run_time=&profile=&tags=&exclude_tags=&cores=&rate=&shape_class=";
        assert_eq!(parsed(form), Ok(StartForm::default()));
        let has_numbers = |form: &str| has_numbers(&parsed(form).unwrap());
        assert_eq!(has_numbers(""), Err(Refusal::Missing));
        assert_eq!(has_numbers("user_count=1"), Err(Refusal::Missing));
        assert_eq!(has_numbers("user_count=1&spawn_rate=1"), Ok(()));
    }

    #[test]
    fn numbers_that_no_run_can_have_are_refused() {
        for form in [
            "user_count=-1&spawn_rate=1",
            "user_count=5000000000&spawn_rate=1",
            "user_count=1&spawn_rate=0",
            "user_count=1&spawn_rate=-2",
            "user_count=1&spawn_rate=inf",
            "user_count=1&spawn_rate=nan",
        ] {
            assert_eq!(parsed(form), Err(Refusal::Missing), "{form}");
        }
        let long = parsed("run_time=9999999999").unwrap_err().to_string();
        assert!(long.contains("at most 136 years"), "{long}");
        assert_eq!(parsed("shape_class=Mine"), Err(Refusal::Shape("Mine".to_owned())));
        let cores = parsed("cores=one").unwrap_err().to_string();
        assert!(cores.starts_with("cores: "), "{cores}");
    }

    #[test]
    fn texts_are_quoted_as_python_quotes_them() {
        let check = |text: &str, expected: &str| assert_eq!(quoted(text), expected);
        check("x", "'x'");
        check("it's", "\"it's\"");
        check("'\"", "'\\'\"'");
        check("\\", "'\\\\'");
    }
}
