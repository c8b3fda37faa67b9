//! The text and the JSON of a response.
//!
//! Most bodies are ASCII or said to be UTF-8. Others are decoded in Python, by the rules of requests.

use std::borrow::Cow;

use super::super::api::{Raw, api};
use super::super::core::Core;
use super::super::module::Arguments;
use super::super::object::{Object, Raised, Result, raise, raise_object, take_exception};
use super::{Made, State};
use crate::session::Response;

/// Returns the text.
pub(super) fn text(object: Raw, state: &State) -> Result<Object> {
    match plain(state) {
        Some(text) => text,
        None => Object::borrowed(object)?.attr(c"_text")?.call(&[]),
    }
}

/// Returns the parsed body; the arguments are those of `json.loads`.
pub(super) fn json(object: Raw, state: &State, arguments: &Arguments<'_>) -> Result<Object> {
    let Some(core) = Core::current() else {
        return Err(raise(api().PyExc_RuntimeError, "only users have responses"));
    };
    let loads = &core.engine.json_loads;
    let Some(text) = plain(state) else {
        let own = Object::borrowed(object)?.attr(c"_json")?;
        return arguments.forward_named(&own, None);
    };
    let text = text?;
    let parsed = if arguments.named().next().is_some() {
        arguments.forward_named(loads, Some(&text))
    } else {
        loads.call1(&text)
    };
    parsed.map_err(|Raised| {
        let exception = take_exception();
        let own = || Object::borrowed(object)?.attr(c"_json_error")?.call1(&exception);
        own().map_or_else(|raised| raised, |own| raise_object(&own))
    })
}

/// Returns the text if it needs no decoding but that of UTF-8.
fn plain(state: &State) -> Option<Result<Object>> {
    if state.has_encoding.get() {
        return None;
    }
    let made = state.made.borrow();
    let Made::Response(response) = &*made else {
        return Some(if state.is_fast() { Ok(Object::none()) } else { Object::str("") });
    };
    let body = response.body();
    match charset(response) {
        Charset::Utf8 => Some(Object::str(&String::from_utf8_lossy(body))),
        Charset::Ascii if body.is_ascii() => {
            let text = str::from_utf8(body).map_or(Cow::Borrowed(""), Cow::Borrowed);
            Some(Object::str(&text))
        }
        _ => None,
    }
}

/// What a Content-Type says of the encoding.
#[derive(Debug, PartialEq)]
enum Charset {
    Utf8,
    /// Nothing, or an encoding that ASCII is a part of.
    Ascii,
    Other,
}

fn charset(response: &Response) -> Charset {
    response.header("content-type").map_or(Charset::Ascii, charset_of)
}

fn charset_of(content_type: &[u8]) -> Charset {
    const WITH_ASCII: [&str; 5] = ["us-ascii", "ascii", "iso-8859-1", "latin-1", "windows-1252"];
    let Ok(content_type) = str::from_utf8(content_type) else { return Charset::Other };
    let mut parameters = content_type.split(';').skip(1).filter_map(|text| text.split_once('='));
    let named = |name: &str| name.trim().eq_ignore_ascii_case("charset");
    match parameters.find(|(name, _)| named(name)) {
        None if content_type.contains("application/json") => Charset::Utf8,
        None => Charset::Ascii,
        Some((_, value)) => {
            let value = value.trim_matches(['"', '\'', ' ']);
            let is = |name: &str| value.eq_ignore_ascii_case(name);
            if is("utf-8") || is("utf8") {
                Charset::Utf8
            } else if WITH_ASCII.into_iter().any(is) {
                Charset::Ascii
            } else {
                Charset::Other
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_utf8_and_ascii_are_plain() {
        for (content_type, charset) in [
            ("application/json", Charset::Utf8),
            ("text/html; charset=\"UTF-8\"", Charset::Utf8),
            ("text/html; q=1; CHARSET=utf8", Charset::Utf8),
            ("text/html", Charset::Ascii),
            ("text/html; charset=ISO-8859-1", Charset::Ascii),
            ("text/html; charset=utf-16", Charset::Other),
            ("application/json; charset=koi8-r", Charset::Other),
            ("text/html; charset=", Charset::Other),
        ] {
            assert_eq!(charset_of(content_type.as_bytes()), charset, "{content_type}");
        }
    }
}
