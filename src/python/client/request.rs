//! Builds the request of a call.

use http::Method as HttpMethod;

use super::super::api::api;
use super::super::core::Core;
use super::super::module::seconds;
use super::super::object::{Object, Result, View, raise};
use super::Client;
use super::call::Call;
use super::prepared::Prepared;
use super::query;
use crate::session::{PendingRequest, RequestBuilder, Session, Variation};

/// Builds the request of a call to `url`, the argument.
pub(super) fn build(
    client: &Client,
    session: &Session,
    method: HttpMethod,
    url: &str,
    call: &Call,
) -> Result<PendingRequest> {
    if call.is_bare()
        && let Some(request) = constant(client, session, &method, url, call)
    {
        return Ok(varied(client, request.keep_trail(), Variation::default()).later());
    }
    let prepared = call.prepared.as_deref();
    let whole = prepared.and_then(|prepared| prepared.url.as_ref()?.view().as_str());
    let mut request = match whole {
        Some(whole) => named(session.request(method, whole.to_owned()), call, path_of(whole)),
        None => begin(client, session, method, url, call),
    };
    request = request.keep_trail();
    let mut own = match &call.headers {
        Some(headers) => headers_of(headers.view())?,
        None => Vec::new(),
    };
    let auth = prepared.and_then(|prepared| prepared.auth.clone());
    let auth = auth.or_else(|| client.auth.borrow().clone());
    let has_auth = auth.is_some();
    if has_auth {
        // It goes before a header, in both of Locust's clients.
        own.retain(|(name, _)| !name.eq_ignore_ascii_case(b"authorization"));
    }
    let is_own = |name: &[u8]| {
        let is_auth = has_auth && name.eq_ignore_ascii_case(b"authorization");
        is_auth || own.iter().any(|(own, _)| own.eq_ignore_ascii_case(name))
    };
    if prepared.is_none() {
        for (name, value) in client.headers.borrow().iter().filter(|(name, _)| !is_own(name)) {
            request = request.header(name, value);
        }
    }
    for (name, value) in &own {
        request = request.header(name, value);
    }
    let has = |name: &[u8]| {
        let of_client = client.headers.borrow();
        let of_client = || of_client.iter().any(|(own, _)| own.eq_ignore_ascii_case(name));
        is_own(name) || prepared.is_none() && of_client()
    };
    request = with_body(client, request, call, &has);
    if let Some(auth) = auth {
        request = auth.apply(request);
    }
    if let Some(timeout) = call.timeout {
        let timeout = Some(seconds(timeout));
        request = request.timeouts(timeout, timeout);
    }
    if let Some(follow) = call.redirects {
        request = request.redirects(follow);
    }
    request = match prepared {
        Some(prepared) => further(client, request, prepared),
        None => varied(client, request, Variation::default()),
    };
    Ok(request.later())
}

/// Begins a request that is the same each time: with a path and perhaps a name that are constants of the file,
/// and nothing else. It is rendered once.
fn constant<'s>(
    client: &Client,
    session: &'s Session,
    method: &HttpMethod,
    url: &str,
    call: &Call,
) -> Option<RequestBuilder<'s>> {
    let is_own = client.headers.borrow().is_empty()
        && client.auth.borrow().is_none()
        && client.name.borrow().is_none()
        && client.is_base.get() == Some(true)
        && !crate::session::is_absolute(url);
    if !is_own || !(client.is_fast.get() || session.base_path().is_empty()) {
        return None;
    }
    let core = Core::current()?;
    let path = core.constants.get(call.url.as_ref()?.view())?;
    let request = session.request(method.clone(), path);
    match &call.name {
        None => Some(request),
        Some(name) => Some(request.name(core.constants.get(name.view())?)),
    }
}

/// Begins a request whose URL is as it was typed, with its query behind it. Only `HttpUser` names the row with
/// the query.
fn begin<'s>(
    client: &Client,
    session: &'s Session,
    method: HttpMethod,
    url: &str,
    call: &Call,
) -> RequestBuilder<'s> {
    let asked = query::behind(url, call.query.as_deref());
    let is_absolute = crate::session::is_absolute(url);
    let base = client.base_url.borrow();
    let is_base = is_absolute || base.is_empty() || {
        let known = client.is_base.get().unwrap_or_else(|| session.is_base(&base));
        client.is_base.set(Some(known));
        known
    };
    let request = if is_base {
        session.request(method, format_args!("{asked}"))
    } else {
        session.request(method, format_args!("{base}{asked}"))
    };
    if call.name.is_some() || client.name.borrow().is_some() {
        let name = client.name.borrow();
        return named(request, call, name.as_deref().unwrap_or_default());
    }
    if client.is_fast.get() {
        let is_named = is_base && call.query.is_none();
        return if is_named { request } else { request.name(url.to_owned()) };
    }
    if is_absolute {
        return request.name(path_of(&asked).to_owned());
    }
    let prefix = if is_base { session.base_path() } else { path_of(&base) };
    match prefix {
        "" => request,
        "/" => request.name(asked.into_owned()),
        prefix => request.name(format!("{prefix}{asked}")),
    }
}

/// Names the row by the call, or else by this.
fn named<'s>(request: RequestBuilder<'s>, call: &Call, other: &str) -> RequestBuilder<'s> {
    let name = call.name.as_ref().and_then(|name| name.view().as_str());
    request.name(name.unwrap_or(other).to_owned())
}

/// Returns the path and query of an absolute URL.
fn path_of(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.find(['/', '?']).map_or("/", |at| &rest[at..])
}

/// Adds what only a prepared call has.
#[cold]
fn further<'s>(
    client: &Client,
    mut request: RequestBuilder<'s>,
    prepared: &Prepared,
) -> RequestBuilder<'s> {
    for name in &prepared.absent {
        request = request.without_header(name.view().as_text_bytes().unwrap_or_default());
    }
    if let Some((connect, read)) = prepared.timeouts {
        request = request.timeouts(connect.map(seconds), read.map(seconds));
    }
    if let Some(most) = prepared.max_redirects {
        request = request.max_redirects(most);
    }
    if let Some(cookies) = prepared.cookies.as_ref().and_then(|cookies| cookies.view().as_str()) {
        request = request.cookies_after_redirects(cookies);
    }
    if let Some(error) = &prepared.error {
        request = request.mistaken(error.to_text());
    }
    varied(client, request, prepared.variation.clone())
}

/// Has the server reached as the request says, or else as the client does.
fn varied<'s>(
    client: &Client,
    request: RequestBuilder<'s>,
    mut variation: Variation,
) -> RequestBuilder<'s> {
    let of_client = client.verify.borrow();
    if variation.insecure.is_none() && variation.ca.is_none() {
        variation.insecure = of_client.insecure;
        variation.ca.clone_from(&of_client.ca);
    }
    request.varied(variation)
}

/// Reads headers: a dict, or pairs.
pub(super) fn headers_of(headers: View) -> Result<Vec<(Vec<u8>, Vec<u8>)>> {
    let pair = |(name, value): (Object, Object)| {
        let bytes = |text: &Object| text.view().as_text_bytes().map(<[u8]>::to_vec);
        bytes(&name).zip(bytes(&value)).ok_or_else(|| {
            raise(api().PyExc_TypeError, "the name and the value of a header are str or bytes")
        })
    };
    if let Some(pairs) = headers.pairs() {
        return pairs.into_iter().map(pair).collect();
    }
    let pairs = headers.items().unwrap_or_default().into_iter().filter_map(|item| {
        let mut parts = item.view().items()?.into_iter();
        parts.next().zip(parts.next())
    });
    pairs.map(pair).collect()
}

/// Adds the body, and the type that the client has for it.
fn with_body<'s>(
    client: &Client,
    request: RequestBuilder<'s>,
    call: &Call,
    has: &dyn Fn(&[u8]) -> bool,
) -> RequestBuilder<'s> {
    let is_fast = client.is_fast.get();
    if let Some(data) = &call.data {
        let data = data.view();
        let request = request.body(data.as_text_bytes().unwrap_or_default());
        // What Python has prepared has its type among its headers.
        if !is_fast || call.prepared.is_some() || has(b"content-type") {
            return request;
        }
        let is_text = data.as_str().is_some();
        let kind = if is_text { "text/plain; charset=utf-8" } else { "application/octet-stream" };
        return request.header("Content-Type", kind);
    }
    let Some(json) = &call.json else { return request };
    let mut request = request.body(json.view().as_text_bytes().unwrap_or_default());
    if !has(b"content-type") {
        request = request.header("Content-Type", "application/json");
    }
    if is_fast && !has(b"accept") {
        request = request.header("Accept", "application/json");
    }
    request
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_named_by_path_and_query() {
        for (url, path) in [
            ("http://h/a?b", "/a?b"),
            ("http://h", "/"),
            ("http://h?b", "?b"),
            ("http://h:81/a/http://x", "/a/http://x"),
        ] {
            assert_eq!(path_of(url), path);
        }
    }
}
