//! `POST /swarm`: Locust's form for a start, and for other numbers while a run lasts.

use form_urlencoded::parse;
use serde_json::{Map, Value, json};
use thiserror::Error;

use crate::units::{DurationError, parse_time_span};

/// What the form asks for. A field that is missing or empty leaves what the scenario and the
/// command line say; the fields are those of `POST /api/v1/runs`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Swarm {
    /// `user_count`: peak number of users.
    pub users: Option<u32>,
    /// `spawn_rate`: users started per second.
    pub spawn_rate: Option<f64>,
    /// Base URL in place of every other, without `<` and `>`.
    pub host: Option<String>,
    /// How long the run takes, in Locust's grammar: `1m`. Checked.
    pub run_time: Option<String>,
    /// Iterations released per second.
    pub rate: Option<f64>,
    /// `user_classes`, once for each: the names of those that are to run.
    pub classes: Option<Vec<String>>,
    /// Tags of the tasks to run, set apart by spaces.
    pub tags: Option<String>,
    /// Tags of the tasks to leave out, likewise.
    pub exclude_tags: Option<String>,
    /// The cores to use: `0-1`.
    pub cores: Option<String>,
    /// A name for the run.
    pub profile: Option<String>,
    /// Custom parameters that the scenario declares, by name; of one that is there several times the
    /// values are set apart by commas.
    pub parameters: Vec<(String, String)>,
}

/// Why there can be no run, in Locust's words where it has them.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Refusal {
    /// Not a whole number.
    #[error("Invalid user_count value: {} (must be an integer)", quoted(.0))]
    UserCount(String),
    /// A field whose value is not a number.
    #[error("Invalid {field} value: {} (must be a number)", quoted(value))]
    Number {
        /// Its name.
        field: &'static str,
        /// What it has.
        value: String,
    },
    /// One of the two is not there, or a number that no run can have.
    #[error("Missing or invalid user_count or spawn_rate from /swarm request")]
    Missing,
    /// Not in Locust's grammar.
    #[error("Valid run_time formats are : 20, 20s, 3m, 2h, 1h20m, 3h30m10s, etc.")]
    RunTime,
    /// Of valid form, but beyond what there is.
    #[error(transparent)]
    TooLong(DurationError),
    /// A shape class was picked by name.
    #[error("shape_class {} cannot be picked: the scenario says what the load is", quoted(.0))]
    Shape(String),
}

impl Swarm {
    /// Reads a form, `application/x-www-form-urlencoded`. What is neither a field nor one of the
    /// declared parameters is ignored, as Locust does.
    ///
    /// # Errors
    ///
    /// The first field that has no meaning.
    pub fn parse(form: &[u8], declared: &[&str]) -> Result<Self, Refusal> {
        let mut swarm = Swarm::default();
        for (key, value) in parse(form) {
            match &*key {
                "user_count" => swarm.users = Some(user_count(&value)?),
                "spawn_rate" => swarm.spawn_rate = Some(spawn_rate(&value)?),
                "rate" if value.is_empty() => {}
                "rate" => swarm.rate = Some(number("rate", &value)?),
                "host" => swarm.host = given(value.replace(['<', '>'], "")),
                "run_time" => swarm.run_time = run_time(&value)?,
                "shape_class" => no_shape(&value)?,
                "user_classes" => swarm.classes.get_or_insert_default().push(value.into_owned()),
                "tags" => join(&mut swarm.tags, ' ', &value.replace(',', " ")),
                "exclude_tags" => join(&mut swarm.exclude_tags, ' ', &value.replace(',', " ")),
                "cores" => swarm.cores = given(value.into_owned()),
                "profile" => swarm.profile = given(value.into_owned()),
                name if declared.contains(&name) => swarm.parameter(name, &value),
                _ => {}
            }
        }
        Ok(swarm)
    }

    /// That both numbers are there, which Locust wants of every form; for loads that are users and
    /// nothing else.
    ///
    /// # Errors
    ///
    /// [`Refusal::Missing`].
    pub fn has_numbers(&self) -> Result<(), Refusal> {
        if self.users.is_some() && self.spawn_rate.is_some() {
            Ok(())
        } else {
            Err(Refusal::Missing)
        }
    }

    /// The same as the body of `POST /api/v1/runs`.
    pub fn json(&self) -> Value {
        let classes = self.classes.as_ref().map(|names| {
            names.iter().map(|name| json!({ "name": name, "weight": null })).collect::<Value>()
        });
        let parameters = self.parameters.iter();
        let parameters = parameters.map(|(name, value)| (name.clone(), value.clone().into()));
        json!({
            "users": self.users,
            "spawn_rate": self.spawn_rate,
            "host": self.host,
            "run_time": self.run_time,
            "rate": self.rate,
            "classes": classes,
            "tags": self.tags,
            "exclude_tags": self.exclude_tags,
            "cores": self.cores,
            "profile": self.profile,
            "parameters": parameters.collect::<Map<String, Value>>(),
        })
    }

    fn parameter(&mut self, name: &str, value: &str) {
        match self.parameters.iter_mut().find(|(known, _)| known == name) {
            Some((_, before)) => *before = format!("{before},{value}"),
            None => self.parameters.push((name.to_owned(), value.to_owned())),
        }
    }
}

/// The answer to a form that starts a run, or changes the one that there is. `host` is the one of
/// all users, if there is one; `shape` says what the load is where it is not what the form has.
pub fn started(swarm: &Swarm, host: Option<&str>, shape: Option<&str>) -> Value {
    let message = match shape {
        Some(shape) => format!("Swarming started using shape class '{shape}'"),
        None => "Swarming started".to_owned(),
    };
    let mut answer = answer(host, &message, true);
    if shape.is_none() {
        let seconds = swarm.run_time.as_deref().and_then(|text| parse_time_span(text).ok());
        if let Some(seconds) = seconds.map(|time| time.as_secs()).filter(|seconds| *seconds > 0) {
            answer.insert("run_time".to_owned(), seconds.into());
        }
        if let Some(classes) = &swarm.classes {
            let mut classes = classes.clone();
            classes.sort();
            classes.dedup();
            answer.insert("user_classes".to_owned(), classes.into());
        }
        answer.sort_keys();
    }
    Value::Object(answer)
}

/// The answer to a form that cannot be followed: a [`Refusal`], or whatever else there is against it.
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

fn number(field: &'static str, text: &str) -> Result<f64, Refusal> {
    text.trim().parse().map_err(|_| Refusal::Number { field, value: text.to_owned() })
}

fn run_time(text: &str) -> Result<Option<String>, Refusal> {
    if text.is_empty() {
        return Ok(None);
    }
    match parse_time_span(text) {
        Ok(_) => Ok(Some(text.to_owned())),
        Err(error @ DurationError::TooLong(_)) => Err(Refusal::TooLong(error)),
        Err(_) => Err(Refusal::RunTime),
    }
}

/// `Default` is what Locust's form sends where nobody picked one.
fn no_shape(name: &str) -> Result<(), Refusal> {
    if matches!(name, "" | "Default") { Ok(()) } else { Err(Refusal::Shape(name.to_owned())) }
}

fn given(text: String) -> Option<String> {
    Some(text).filter(|text| !text.is_empty())
}

fn join(list: &mut Option<String>, separator: char, more: &str) {
    match list {
        Some(list) => {
            list.push(separator);
            list.push_str(more);
        }
        None => *list = given(more.to_owned()),
    }
}

/// As Python shows a text.
fn quoted(text: &str) -> String {
    match (text.contains('\''), text.contains('"')) {
        (true, false) => format!("\"{}\"", text.replace('\\', "\\\\")),
        _ => format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(form: &str) -> Result<Swarm, Refusal> {
        Swarm::parse(form.as_bytes(), &["token", "sizes"])
    }

    #[test]
    fn a_form_has_all_that_a_start_can_have() {
        let form = "user_count=%2010&spawn_rate=2.5&host=http%3A%2F%2F%3Cb%3Ehost&run_time=1m\
                    &user_classes=A&user_classes=B&shape_class=Default&profile=nightly&rate=100\
                    &tags=a%2Cb&tags=c&exclude_tags=d&cores=0-1&token=t+1&sizes=1&sizes=2&undeclared=x";
        let text = |text: &str| Some(text.to_owned());
        let expected = Swarm {
            users: Some(10),
            spawn_rate: Some(2.5),
            host: text("http://bhost"),
            run_time: text("1m"),
            rate: Some(100.0),
            classes: Some(vec!["A".to_owned(), "B".to_owned()]),
            tags: text("a b c"),
            exclude_tags: text("d"),
            cores: text("0-1"),
            profile: text("nightly"),
            parameters: [("token", "t 1"), ("sizes", "1,2")]
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .to_vec(),
        };
        assert_eq!(parsed(form), Ok(expected));
    }

    #[test]
    fn a_form_is_the_body_of_our_own_interface() {
        let form = "user_count=10&spawn_rate=2.5&user_classes=A&run_time=1m&token=t";
        assert_eq!(
            parsed(form).unwrap().json(),
            json!({
                "users": 10, "spawn_rate": 2.5, "host": null, "run_time": "1m", "rate": null,
                "classes": [{ "name": "A", "weight": null }], "tags": null, "exclude_tags": null,
                "cores": null, "profile": null, "parameters": { "token": "t" },
            })
        );
    }

    #[test]
    fn empty_fields_ask_for_nothing() {
        let form = "host=&run_time=&profile=&tags=&exclude_tags=&cores=&rate=&shape_class=";
        assert_eq!(parsed(form), Ok(Swarm::default()));
        assert_eq!(Swarm::default().has_numbers(), Err(Refusal::Missing));
        assert_eq!(parsed("user_count=1").unwrap().has_numbers(), Err(Refusal::Missing));
        assert_eq!(parsed("user_count=1&spawn_rate=1").unwrap().has_numbers(), Ok(()));
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
