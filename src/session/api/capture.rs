//! Takes values out of responses.
//!
//! A JSON value by its pointer is taken from the text, without building the document. A CSS selector parses
//! the whole document and costs many times as much.

use std::borrow::Cow;

use http::HeaderName;
use http::header::SET_COOKIE;
use scraper::{Html, Selector};
use serde_json::Value;
use thiserror::Error;

use super::check::{InvalidPattern, Pattern};
use super::response::Response;
use crate::session::body::json::{self, InvalidJson, Pointer, PointerError};

/// The longest value that is taken.
const LONGEST: usize = 1 << 20;

/// A value that is taken out of a response: where it is, which of several it is, and what stands for it
/// where there is none.
///
/// ```
/// use gregaria::session::{Capture, Pick};
///
/// let token = Capture::json("/token")?;
/// let item = Capture::regex("href=\"/items/(\\d+)\"")?.pick(Pick::Random).default(1);
/// let csrf = Capture::html("input[name=csrf]", Some("value"))?;
/// # Ok::<(), gregaria::session::InvalidCapture>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Capture {
    source: Source,
    pick: Pick,
    default: Option<Value>,
}

/// Which of several values is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Pick {
    /// The first.
    #[default]
    First,
    /// The last.
    Last,
    /// Any, by the user's random numbers.
    Random,
    /// All, as a JSON array.
    All,
    /// Their number.
    Count,
}

/// The error for a place in a response that is described wrongly.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum InvalidCapture {
    /// It is no JSON pointer.
    #[error(transparent)]
    Pointer(#[from] PointerError),
    /// It is no regular expression.
    #[error(transparent)]
    Regex(#[from] InvalidPattern),
    /// It is no CSS selector.
    #[error("invalid CSS selector '{0}'")]
    Selector(String),
    /// It is not the name of a header.
    #[error("'{0}' is not the name of a header")]
    Header(String),
}

/// Where a value is.
#[derive(Debug, Clone)]
enum Source {
    Json(Pointer),
    Header(HeaderName),
    Cookie(String),
    Regex(Pattern),
    Html { selector: Selector, text: String, attribute: Option<String> },
    Status,
    Url,
}

impl PartialEq for Source {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Source::Json(a), Source::Json(b)) => a == b,
            (Source::Header(a), Source::Header(b)) => a == b,
            (Source::Cookie(a), Source::Cookie(b)) => a == b,
            (Source::Regex(a), Source::Regex(b)) => a == b,
            (
                Source::Html { text: a, attribute: of_a, .. },
                Source::Html { text: b, attribute: of_b, .. },
            ) => (a, of_a) == (b, of_b),
            (Source::Status, Source::Status) | (Source::Url, Source::Url) => true,
            _ => false,
        }
    }
}

/// Whether a value that was taken is text or JSON text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    Json,
}

impl Capture {
    fn of(source: Source) -> Self {
        Capture { source, pick: Pick::First, default: None }
    }

    /// Takes the JSON value at a pointer (RFC 6901). With another pick than the first, that value is an array,
    /// of whose elements it takes.
    ///
    /// # Errors
    ///
    /// Returns an error if the text is not a JSON pointer.
    pub fn json(pointer: &str) -> Result<Self, InvalidCapture> {
        Ok(Capture::of(Source::Json(Pointer::parse(pointer)?)))
    }

    /// Takes the value of a header.
    ///
    /// # Errors
    ///
    /// Returns an error if this is not the name of a header.
    pub fn header(name: &str) -> Result<Self, InvalidCapture> {
        let parsed = HeaderName::from_bytes(name.as_bytes());
        parsed
            .map(|name| Capture::of(Source::Header(name)))
            .map_err(|_| InvalidCapture::Header(name.to_owned()))
    }

    /// Takes the value of a cookie that the response sets.
    pub fn cookie(name: impl Into<String>) -> Self {
        Capture::of(Source::Cookie(name.into()))
    }

    /// Takes the first group of a regular expression in the text of the body, or the whole match where there is
    /// no group. It takes time in proportion to the length of the text.
    ///
    /// # Errors
    ///
    /// Returns an error if the text is not a regular expression of the crate `regex`.
    pub fn regex(pattern: &str) -> Result<Self, InvalidCapture> {
        Ok(Capture::of(Source::Regex(Pattern::new(pattern)?)))
    }

    /// Takes the text, or an attribute, of the elements of an HTML document that a CSS selector selects.
    ///
    /// # Errors
    ///
    /// Returns an error if the text is not a CSS selector.
    pub fn html(selector: &str, attribute: Option<&str>) -> Result<Self, InvalidCapture> {
        let parsed =
            Selector::parse(selector).map_err(|_| InvalidCapture::Selector(selector.to_owned()))?;
        let attribute = attribute.map(str::to_owned);
        Ok(Capture::of(Source::Html { selector: parsed, text: selector.to_owned(), attribute }))
    }

    /// Takes the status code.
    pub fn status() -> Self {
        Capture::of(Source::Status)
    }

    /// Takes the URL that the response came from, after redirects.
    pub fn url() -> Self {
        Capture::of(Source::Url)
    }

    /// Sets which of several values is taken.
    pub fn pick(mut self, pick: Pick) -> Self {
        self.pick = pick;
        self
    }

    /// Sets what stands for a value where there is none. Without it, that is a failure of the request, and ends
    /// the task.
    pub fn default(mut self, value: impl Into<Value>) -> Self {
        self.default = Some(value.into());
        self
    }

    /// Returns whether it needs the body, which is otherwise not kept.
    pub(crate) fn needs_body(&self) -> bool {
        matches!(self.source, Source::Json(_) | Source::Regex(_) | Source::Html { .. })
    }

    /// Returns whether it needs to know the redirects.
    pub(crate) fn needs_trail(&self) -> bool {
        matches!(self.source, Source::Url)
    }

    /// Appends the value to a text that is empty.
    ///
    /// # Errors
    ///
    /// Returns what is missing, if there is no default.
    pub(crate) fn take(
        &self,
        response: &Response,
        rng: &mut fastrand::Rng,
        out: &mut String,
    ) -> Result<Kind, String> {
        let taken = match &self.source {
            Source::Json(pointer) => self.take_json(&response.text(), pointer, rng, out),
            source => {
                let mut all = source.all(response);
                self.take_of(&mut all, rng, out).ok_or_else(|| source.missing())
            }
        };
        match (taken, &self.default) {
            (Ok(_), _) if out.len() > LONGEST => Err("the value is longer than 1 MiB".to_owned()),
            (Ok(kind), _) => Ok(kind),
            (Err(_), Some(default)) => Ok(self.write_default(default, out)),
            (Err(missing), None) => Err(missing),
        }
    }

    /// Appends the default; `None` if there is none.
    pub(crate) fn take_default(&self, out: &mut String) -> Option<Kind> {
        self.default.as_ref().map(|default| self.write_default(default, out))
    }

    fn write_default(&self, default: &Value, out: &mut String) -> Kind {
        out.clear();
        match default {
            Value::String(text) => {
                out.push_str(text);
                Kind::Text
            }
            other => {
                out.push_str(&other.to_string());
                Kind::Json
            }
        }
    }

    fn take_json(
        &self,
        text: &str,
        pointer: &Pointer,
        rng: &mut fastrand::Rng,
        out: &mut String,
    ) -> Result<Kind, String> {
        match json::copy(text, pointer, out) {
            Ok(true) => {}
            Ok(false) => return Err(format!("no JSON value at {pointer}")),
            Err(InvalidJson) => return Err("the body is not JSON".to_owned()),
        }
        if self.pick == Pick::First {
            return Ok(decoded(out));
        }
        let elements = serde_json::from_str::<Vec<&serde_json::value::RawValue>>(out);
        let elements = elements.map_err(|_| format!("the JSON value at {pointer} is no array"))?;
        let mut elements: Vec<Cow<'_, str>> =
            elements.into_iter().map(|element| element.get().to_owned().into()).collect();
        out.clear();
        let picked = match self.pick {
            Pick::All => {
                *out = format!("[{}]", elements.join(","));
                Some(Kind::Json)
            }
            _ => self.take_of(&mut elements, rng, out).map(|kind| match self.pick {
                Pick::Count => kind,
                _ => decoded(out),
            }),
        };
        picked.ok_or_else(|| format!("the array at {pointer} is empty"))
    }

    /// Appends those of these values that are picked; `None` if there are none.
    fn take_of(
        &self,
        all: &mut [Cow<'_, str>],
        rng: &mut fastrand::Rng,
        out: &mut String,
    ) -> Option<Kind> {
        let one = match self.pick {
            Pick::First => all.first(),
            Pick::Last => all.last(),
            Pick::Random => rng.choice(&*all),
            Pick::All if all.is_empty() => None,
            Pick::All => {
                *out = serde_json::to_string(&all).unwrap_or_default();
                return Some(Kind::Json);
            }
            Pick::Count => {
                *out = all.len().to_string();
                return Some(Kind::Json);
            }
        };
        out.push_str(one?);
        Some(match self.source {
            Source::Status => Kind::Json,
            _ => Kind::Text,
        })
    }
}

impl Source {
    /// Returns all values, in their order.
    fn all<'r>(&self, response: &'r Response) -> Vec<Cow<'r, str>> {
        match self {
            Source::Json(_) => Vec::new(),
            Source::Header(name) => {
                let lines = response
                    .headers()
                    .filter(|(given, _)| given.eq_ignore_ascii_case(name.as_str()));
                lines.map(|(_, value)| String::from_utf8_lossy(value)).collect()
            }
            Source::Cookie(name) => {
                let lines = response
                    .headers()
                    .filter(|(given, _)| given.eq_ignore_ascii_case(SET_COOKIE.as_str()));
                let value = |(_, line): (&str, &'r [u8])| {
                    let line = str::from_utf8(line).ok()?;
                    let (given, value) = line.split(';').next()?.split_once('=')?;
                    (given.trim() == name).then(|| Cow::Borrowed(value.trim()))
                };
                lines.filter_map(value).collect()
            }
            Source::Regex(pattern) => {
                pattern.all(&response.text()).into_iter().map(Cow::Owned).collect()
            }
            Source::Html { selector, attribute, .. } => {
                let document = Html::parse_document(&response.text());
                let value = |element: scraper::ElementRef<'_>| match attribute {
                    Some(attribute) => element.attr(attribute).map(str::to_owned),
                    None => Some(element.text().collect::<String>().trim().to_owned()),
                };
                document.select(selector).filter_map(value).map(Cow::Owned).collect()
            }
            Source::Status => vec![Cow::Owned(response.status().to_string())],
            Source::Url => response.sent().map(|sent| Cow::Owned(sent.url())).into_iter().collect(),
        }
    }

    /// Says what is missing. Failures group by their texts, so nothing of the response is in it.
    fn missing(&self) -> String {
        match self {
            Source::Json(pointer) => format!("no JSON value at {pointer}"),
            Source::Header(name) => format!("no header {name}"),
            Source::Cookie(name) => format!("no cookie {name}"),
            Source::Regex(pattern) => format!("no match for {pattern}"),
            Source::Html { text, attribute: None, .. } => format!("no element for {text}"),
            Source::Html { text, attribute: Some(attribute), .. } => {
                format!("no attribute {attribute} for {text}")
            }
            Source::Status | Source::Url => "no response".to_owned(),
        }
    }
}

/// Returns the kind of a JSON text; a string is decoded in place.
fn decoded(json: &mut String) -> Kind {
    if !json.starts_with('"') {
        return Kind::Json;
    }
    if json.contains('\\') {
        if let Ok(text) = serde_json::from_str::<String>(json) {
            *json = text;
        }
    } else {
        json.pop();
        json.remove(0);
    }
    Kind::Text
}
