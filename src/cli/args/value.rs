//! Parsers of the values of flags.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use clap::builder::TypedValueParser;
use clap::error::ErrorKind;
use clap::{Arg, Command, Error};
use http::HeaderName;

use crate::plan::SelectedClass;
use crate::scenario::{ClassSettings, validate_dns_refresh, validate_proxy, validate_unix_socket};
use crate::units;

/// Core numbers, in the order given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::cli) struct Cores(pub Vec<usize>);

pub(super) fn cores(text: &str) -> Result<Cores, String> {
    units::parse_cores(text).map(Cores)
}

/// Parses a class with an optional weight: `Browser=3`.
pub(super) fn class(text: &str) -> Result<SelectedClass, String> {
    let Some((name, weight)) = text.rsplit_once('=') else {
        return Ok(SelectedClass::new(text.trim()));
    };
    match weight.trim().parse::<f64>() {
        Ok(weight) if weight > 0.0 && weight.is_finite() && !name.trim().is_empty() => {
            Ok(SelectedClass { weight: Some(weight), ..SelectedClass::new(name.trim()) })
        }
        _ => Err("expected NAME, or NAME=WEIGHT with a weight above 0, such as Browser=3".into()),
    }
}

/// Settings of classes, as one text has them.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::cli) struct ClassSettingsList(pub Vec<ClassSettings>);

pub(super) fn class_settings(text: &str) -> Result<ClassSettingsList, String> {
    ClassSettings::list(text).map(ClassSettingsList)
}

/// Returns the picked classes, or `None` for all. An empty variable has a class with an empty name.
pub(super) fn picked(classes: &[SelectedClass]) -> Option<Vec<SelectedClass>> {
    let named = classes.iter().filter(|class| !class.name.is_empty());
    let picked: Vec<SelectedClass> = named.cloned().collect();
    (!picked.is_empty()).then_some(picked)
}

/// Splits texts at commas and spaces, as Locust splits its variables.
pub(super) fn words(texts: &[String]) -> Vec<String> {
    let words = texts.iter().flat_map(|text| text.split([',', ' ', '\t', '\n']));
    words.filter(|word| !word.is_empty()).map(Into::into).collect()
}

pub(super) fn span(text: &str) -> Result<Duration, String> {
    units::parse_time_span(text).map_err(|error| error.to_string())
}

/// Parses the URL of a proxy.
#[derive(Debug, Clone)]
pub(super) struct ProxyUrl;

impl TypedValueParser for ProxyUrl {
    type Value = String;

    fn parse_ref(&self, command: &Command, _: Option<&Arg>, url: &OsStr) -> Result<String, Error> {
        let url = url.to_string_lossy().into_owned();
        let wrong =
            |error: crate::scenario::Error| without_value(command, "--proxy", &error.to_string());
        validate_proxy(&url).map(|()| url).map_err(wrong)
    }
}

/// Takes any base URL, which is checked later, if the run needs it. A header is an error here, because
/// `-H` is a header in other tools.
#[derive(Debug, Clone)]
pub(super) struct HostUrl;

impl TypedValueParser for HostUrl {
    type Value = String;

    fn parse_ref(&self, command: &Command, _: Option<&Arg>, url: &OsStr) -> Result<String, Error> {
        let url = url.to_string_lossy().into_owned();
        if url.split_once(": ").is_some_and(|(name, _)| HeaderName::from_str(name).is_ok()) {
            let message = "this is a header, and -H is the base URL; headers are headers = { name = \
                           \"value\" } of a class or a request in a scenario";
            return Err(without_value(command, "--host", message));
        }
        Ok(url)
    }
}

/// Makes an error that does not show the value, as clap's do: it may contain a password.
fn without_value(command: &Command, flag: &str, message: &str) -> Error {
    Error::raw(ErrorKind::ValueValidation, format!("{flag}: {message}\n")).with_cmd(command)
}

pub(super) fn unix_socket(text: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(text);
    validate_unix_socket(&path).map_err(|error| error.to_string())?;
    Ok(path)
}

pub(super) fn interval(text: &str) -> Result<Duration, String> {
    match units::parse_duration(text) {
        Ok(interval) => {
            validate_dns_refresh(interval).map(|()| interval).map_err(|e| e.to_string())
        }
        Err(error) => Err(error.to_string()),
    }
}

/// Parses a count.
pub(super) fn count(text: &str) -> Result<u32, String> {
    let example = "expected a whole number, such as 10";
    match (text.parse::<u32>(), text.parse::<f64>()) {
        (Ok(count), _) => Ok(count),
        (Err(_), Ok(number)) if number < 0.0 => Err(format!("{example}; this is below 0")),
        (Err(_), Ok(number)) if number > f64::from(u32::MAX) && number.is_finite() => {
            Err(format!("at most {} can be given", u32::MAX))
        }
        _ => Err(example.to_owned()),
    }
}

/// Parses a count of at least 1.
pub(super) fn one_or_more(text: &str) -> Result<u32, String> {
    match count(text)? {
        0 => Err("0 is not in 1..: give 1 or more".to_owned()),
        count => Ok(count),
    }
}

/// Parses users per second.
pub(super) fn spawn_rate(text: &str) -> Result<f64, String> {
    per_second(
        text,
        "to have all users at once, give --spawn-rate as many per second as there are users",
    )
}

/// Parses iterations per second.
pub(super) fn rate(text: &str) -> Result<f64, String> {
    per_second(text, "to have as many as there can be, leave --rate out, and waits, too")
}

/// Parses a finite number per second. `endless` says what to do instead of an infinite one.
fn per_second(text: &str, endless: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(rate) if rate.is_infinite() && rate > 0.0 => Err(format!("must be finite; {endless}")),
        Ok(rate) if rate <= 0.0 => Err("must be > 0".into()),
        Ok(rate) if rate.is_finite() => Ok(rate),
        _ => Err("expected a number per second, such as 10 or 0.5".into()),
    }
}
