//! Checks the first line and the headers of a request.

use http::header::{CONTENT_LENGTH, HOST, TRANSFER_ENCODING};
use http::{HeaderName, HeaderValue, Method};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use crate::scenario::Error;
use crate::session::{BaseUrl, host_header, is_absolute};
use crate::template::label;

/// Characters that a path must percent-encode, besides all that are not ASCII.
const NOT_IN_PATH: &AsciiSet = &CONTROLS.add(b' ');

/// Returns an error if a path cannot be sent as it is written.
pub(in crate::scenario) fn path(path: &str) -> Result<(), Error> {
    let begins_with_value = path.starts_with("${");
    let path = &*label(path);
    let refuse = |reason: String| Err(Error::Path { path: path.to_owned(), reason });
    if path.contains('#') {
        return refuse("has a fragment, which is never sent; leave it out".to_owned());
    }
    // A host has other rules: characters that are not ASCII are not percent-encoded there.
    let (base, own) = split_at_path(path);
    let encoded = utf8_percent_encode(own, NOT_IN_PATH).to_string();
    if encoded != own {
        return refuse(format!("must be percent-encoded; write '{base}{encoded}'"));
    }
    if path.starts_with('/') || begins_with_value {
        return Ok(());
    }
    if !path.contains("://") {
        return refuse(format!("must start with '/'; write '/{path}'"));
    }
    BaseUrl::split(path)?;
    Ok(())
}

/// Returns the scheme and host of an absolute URL, and the rest.
fn split_at_path(path: &str) -> (&str, &str) {
    let host =
        if is_absolute(path) { path.find("://").map_or(0, |at| at + "://".len()) } else { 0 };
    let end = path[host..].find(['/', '?']).map_or(path.len(), |at| host + at);
    path.split_at(if host > 0 { end } else { 0 })
}

pub(in crate::scenario) fn method(method: &Method) -> Result<(), Error> {
    if method == Method::CONNECT { Err(Error::ConnectMethod) } else { Ok(()) }
}

/// Returns an error if a header cannot be sent beside these.
pub(in crate::scenario) fn header(
    name: &HeaderName,
    value: &HeaderValue,
    others: &[(HeaderName, HeaderValue)],
) -> Result<(), Error> {
    header_name(name)?;
    if name != HOST {
        return Ok(());
    }
    let text = || String::from_utf8_lossy(value.as_bytes()).into_owned();
    // Where it has an expression, it is judged when that has a value.
    if !text().contains("${") {
        host_header(value).map_err(|cure| Error::HostHeader { value: text(), cure })?;
    }
    // A request has one host (RFC 9112 section 3.2).
    if others.iter().any(|(name, _)| name == HOST) { Err(Error::SeveralHosts) } else { Ok(()) }
}

pub(in crate::scenario) fn header_name(name: &HeaderName) -> Result<(), Error> {
    if [CONTENT_LENGTH, TRANSFER_ENCODING].contains(name) {
        return Err(Error::FramingHeader(name.to_string()));
    }
    Ok(())
}

pub(super) fn headers(headers: &[(HeaderName, HeaderValue)]) -> Result<(), Error> {
    let judge = |(at, (name, value)): (usize, &(_, _))| header(name, value, &headers[..at]);
    headers.iter().enumerate().try_for_each(judge)
}
