//! One call of a client: its keywords, as far as they are plain.

use super::super::api::{Raw, api};
use super::super::core::Core;
use super::super::module::Arguments;
use super::super::object::{Object, Raised, Result, View, raise};
use super::prepared::Prepared;
use super::query;

/// The keywords of a call.
#[derive(Default)]
pub(super) struct Call {
    pub(super) url: Option<Object>,
    pub(super) name: Option<Object>,
    /// The query that `params` makes, behind that of the URL.
    pub(super) query: Option<String>,
    pub(super) is_caught: Option<bool>,
    /// A value, and then its text.
    pub(super) json: Option<Object>,
    pub(super) data: Option<Object>,
    pub(super) headers: Option<Object>,
    pub(super) context: Option<Object>,
    /// In seconds.
    pub(super) timeout: Option<f64>,
    pub(super) redirects: Option<bool>,
    /// What only a call that Python has prepared has.
    pub(super) prepared: Option<Box<Prepared>>,
}

/// The keywords that may have positions, and their places behind the URL.
const POSITIONS: [(usize, &str); 2] = [(1, "data"), (2, "json")];

impl Call {
    /// Writes `json` as text: by `json.dumps` for a `FastHttpUser`, and else without what is not JSON.
    ///
    /// # Errors
    ///
    /// Raises what the encoder raises.
    pub(super) fn with_json_text(mut self, is_fast: bool) -> Result<Call> {
        if let Some(json) = &self.json
            && let Some(core) = Core::current()
        {
            let engine = &core.engine;
            let dumps = if is_fast { &engine.json_dumps } else { &engine.json_dumps_strictly };
            self.json = Some(dumps.call1(json)?);
        }
        Ok(self)
    }

    /// Reads the arguments of a call; `first` is the place of the URL. Returns `None` if something is not
    /// plain, for which Python has to prepare the request.
    pub(super) fn read(arguments: &Arguments<'_>, first: usize) -> Option<Call> {
        let mut call = Call::default();
        let mut is_plain = arguments.positional() <= first + 1 + POSITIONS.len();
        for (at, key) in POSITIONS {
            if let Some(value) = arguments.get(first + at) {
                is_plain &= call.take(key, value);
            }
        }
        for (key, value) in arguments.named() {
            match key.as_str() {
                Some("url") => call.url = Some(value.to_owned()),
                Some("method") if first == 1 => {}
                Some(key) => is_plain &= call.take(key, value),
                None => is_plain = false,
            }
        }
        if let Some(url) = arguments.get(first) {
            call.url = Some(url.to_owned());
        }
        let url = call.url.as_ref()?;
        is_plain &= url.view().as_str().is_some_and(is_plain_url);
        is_plain &= call.data.is_none() || call.json.is_none();
        // One without a path would get it between its host and the query.
        is_plain &=
            call.query.is_none() || url.view().as_str().is_some_and(|url| url.starts_with('/'));
        is_plain.then_some(call)
    }

    /// Returns whether it has nothing but a URL and perhaps a name.
    pub(super) fn is_bare(&self) -> bool {
        let has_body = self.json.is_some() || self.data.is_some() || self.headers.is_some();
        let has_limits = self.timeout.is_some() || self.redirects.is_some();
        !has_body && !has_limits && self.query.is_none() && self.prepared.is_none()
    }

    /// Takes a keyword. Returns `false` for one that is not plain.
    pub(super) fn take(&mut self, key: &str, value: View) -> bool {
        if value.is_none() {
            return is_optional(key);
        }
        match key {
            "name" => {
                let is_text = value.as_str().is_some_and(|name| !name.is_empty());
                self.name = is_text.then(|| value.to_owned());
                return is_text;
            }
            "params" => {
                self.query = query::of_dict(value);
                return self.query.is_some();
            }
            "catch_response" => self.is_caught = Some(value.is_true()),
            "json" => self.json = Some(value.to_owned()),
            "data" => {
                let is_body = value.as_text_bytes().is_some_and(|data| !data.is_empty());
                self.data = is_body.then(|| value.to_owned());
                return is_body;
            }
            "headers" => {
                let is_plain = are_plain_headers(value);
                self.headers = is_plain.then(|| value.to_owned());
                return is_plain;
            }
            "context" => self.context = Some(value.to_owned()),
            "timeout" => {
                self.timeout = value.as_number().filter(|timeout| *timeout > 0.0);
                return self.timeout.is_some();
            }
            "allow_redirects" => self.redirects = Some(value.is_true()),
            _ => return false,
        }
        true
    }
}

/// Returns whether None means that the keyword is not given.
fn is_optional(key: &str) -> bool {
    matches!(
        key,
        "name"
            | "params"
            | "json"
            | "data"
            | "headers"
            | "timeout"
            | "auth"
            | "context"
            | "catch_response"
    )
}

/// Returns the URL and the keywords of a call as `_prepare` takes them.
pub(super) fn keywords(arguments: &Arguments<'_>, first: usize) -> Result<(Object, Object)> {
    let keywords = Object::dict()?;
    let most = first + 1 + POSITIONS.len();
    if arguments.positional() > most {
        return Err(raise(
            api().PyExc_TypeError,
            "only the URL, data and json may be given without their names",
        ));
    }
    for (at, key) in POSITIONS {
        if let Some(value) = arguments.get(first + at) {
            keywords.set(&Object::str(key)?, &value.to_owned())?;
        }
    }
    let mut url = arguments.get(first).map(View::to_owned);
    for (key, value) in arguments.named() {
        match key.as_str() {
            Some("url") => url = Some(value.to_owned()),
            Some("method") if first == 1 => {}
            _ => keywords.set(&key.to_owned(), &value.to_owned())?,
        }
    }
    let url = url.ok_or_else(|| raise(api().PyExc_TypeError, "the URL is missing"))?;
    Ok((url, keywords))
}

/// Has Python prepare a call.
#[cold]
pub(super) fn prepared(
    client: Raw,
    method: &str,
    arguments: &Arguments<'_>,
    first: usize,
) -> Result<Call> {
    let (url, keywords) = keywords(arguments, first)?;
    let prepare = Object::borrowed(client)?.attr(c"_prepare")?;
    let answer = prepare.call(&[&Object::str(method)?, &url, &keywords])?;
    let mut call = Call { url: Some(url), ..Call::default() };
    let mut prepared = Box::<Prepared>::default();
    for (key, value) in answer.view().pairs().ok_or(Raised)? {
        let key = key.view().as_str().unwrap_or_default();
        if !prepared.take(&mut call, key, value.view()) {
            return Err(raise(
                api().PyExc_TypeError,
                &format!("{method} request: {key}= cannot be {}", value.to_text()),
            ));
        }
    }
    call.prepared = Some(prepared);
    Ok(call)
}

/// Returns whether a URL is sent and named as it stands: nothing in it is escaped, resolved or cut off.
fn is_plain_url(url: &str) -> bool {
    const OTHERS: &[u8] = b"-_.~!$&'()*+,;=:@/?";
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || OTHERS.contains(&byte);
    let has_user = || url.contains("://") && url.contains('@');
    !url.is_empty()
        && (url.starts_with('/') || !url.contains("://") || has_plain_host(url))
        && url.bytes().all(is_plain)
        && !url.contains("/.")
        && !url.ends_with('?')
        && !has_user()
}

/// Returns whether this is an absolute URL with a host and, if any, a port.
fn has_plain_host(url: &str) -> bool {
    let authority = |url: &str| {
        let (_, rest) = url.split_once("://")?;
        let authority = rest.split(['/', '?']).next()?;
        let (host, port) = authority.split_once(':').unwrap_or((authority, "80"));
        Some(!host.is_empty() && port.parse().is_ok_and(|port: u16| port > 0))
    };
    crate::session::is_absolute(url) && authority(url).unwrap_or(false)
}

/// Returns whether headers are texts by texts that can be sent as they are.
fn are_plain_headers(headers: View) -> bool {
    let is_printable = |text: &str| text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    let is_plain = |(name, value): &(Object, Object)| {
        let is_name = name.view().as_str().is_some_and(|name| {
            !name.is_empty() && is_printable(name) && !name.contains([' ', ':'])
        });
        let is_value = |text: &str| is_printable(text) && !text.starts_with(' ');
        is_name && value.view().as_str().is_some_and(is_value)
    };
    headers.pairs().is_some_and(|pairs| pairs.iter().all(is_plain))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_with_something_to_escape_or_to_resolve_are_prepared() {
        for url in ["/", "/a/b.html?x=1&y=(2)", "https://h:81/a,b;c", "?x=1", "/user@host", "a/b"] {
            assert!(is_plain_url(url), "{url}");
        }
        for url in
            ["http:///x", "http://h:x/", "http://h:0", "http://h:65536/", "ftp://h/", "a?b://"]
        {
            assert!(!is_plain_url(url), "{url}");
        }
        for url in ["", "/a b", "/é", "/%7e", "/a#b", "/../x", "/./x", "/a?", "/[1]", "http://u@h/"]
        {
            assert!(!is_plain_url(url), "{url}");
        }
    }
}
