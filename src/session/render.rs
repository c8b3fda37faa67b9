//! A request's bytes: what it says itself, and what its user says for all of its requests.

use std::borrow::Cow;
use std::rc::Rc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use http::header::{AUTHORIZATION, CONNECTION};
use http::{HeaderName, HeaderValue, Method};

use super::base_url::{BaseUrl, UrlError, is_absolute};
use super::context::Context;
use super::keep_alive::KeepAlive;
use super::origin::Origin;
use super::policy::Policy;
use super::request::{Body, Request};
use super::resolved::ResolvedUrl;
use crate::http1::RequestHead;

/// What every request of a class of users has in common, on one core.
#[derive(Debug)]
pub struct Defaults {
    pub(super) base: BaseUrl,
    pub(super) origin: Rc<Origin>,
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
    pub(super) policy: Policy,
}

impl Defaults {
    /// The defaults of a class. Basic authentication is the class's own, or else the URL's.
    pub fn new(
        context: &Context,
        target: &ResolvedUrl,
        headers: &[(HeaderName, HeaderValue)],
        basic_auth: Option<&(String, String)>,
        policy: Policy,
    ) -> Self {
        let base = target.url.clone();
        let origin = context.origins.know(target);
        let mut headers = headers.to_vec();
        if let Some((user, password)) = basic_auth.or(base.basic_auth.as_ref())
            && !headers.iter().any(|(name, _)| name == AUTHORIZATION)
        {
            headers.push((AUTHORIZATION, basic(user, password)));
        }
        Defaults { base, origin, headers, policy }
    }
}

/// A request ready to be rendered: where it goes and what it says there.
pub(super) struct Outline<'r> {
    pub(super) origin: Rc<Origin>,
    method: &'r Method,
    target: String,
    authority: String,
    headers: Vec<(HeaderName, HeaderValue)>,
    content_type: Option<HeaderValue>,
    body: Cow<'r, [u8]>,
}

impl<'r> Outline<'r> {
    /// Joins a request with its user's defaults.
    pub(super) fn new(
        context: &Context,
        defaults: &Defaults,
        request: &'r Request,
    ) -> Result<Self, UrlError> {
        let (origin, authority, url_auth, mut target) = if is_absolute(&request.path) {
            let (base, path) = BaseUrl::split(&request.path)?;
            let origin = context.origins.get(&base);
            (origin, base.authority, base.basic_auth, path)
        } else {
            let slash = if request.path.starts_with('/') { "" } else { "/" };
            let target = format!("{}{slash}{}", defaults.base.path, request.path);
            (defaults.origin.clone(), defaults.base.authority.clone(), None, target)
        };
        append_query(&mut target, &request.query);
        let (content_type, body) = body_bytes(&request.body);
        let mut headers = own_headers(request, url_auth.as_ref());
        inherit(&mut headers, defaults, &origin);
        if !origin.remembered || defaults.policy.keep_alive == KeepAlive::Never {
            // No later request uses the connection (RFC 9112 section 9.6).
            headers.retain(|(name, _)| name != CONNECTION);
            headers.push((CONNECTION, HeaderValue::from_static("close")));
        }
        Ok(Outline {
            origin,
            method: &request.method,
            target,
            authority,
            headers,
            content_type: content_type.map(HeaderValue::from_static),
            body,
        })
    }

    /// Appends the whole request to a buffer.
    pub(super) fn render(&self, out: &mut Vec<u8>) {
        let head = RequestHead {
            method: self.method,
            target: &self.target,
            host: &self.authority,
            headers: self.headers.iter().map(|(name, value)| (name, value)),
        };
        head.encode(&self.body, self.content_type.as_ref(), out);
    }
}

/// The request's headers. Basic authentication is its own, or else that of its URL.
fn own_headers(
    request: &Request,
    url_auth: Option<&(String, String)>,
) -> Vec<(HeaderName, HeaderValue)> {
    let mut own = request.headers.clone();
    if let Some((user, password)) = request.basic_auth.as_ref().or(url_auth)
        && !own.iter().any(|(name, _)| name == AUTHORIZATION)
    {
        own.push((AUTHORIZATION, basic(user, password)));
    }
    own
}

/// Puts the class's headers in front, but for those that the request has itself and credentials
/// that are another server's.
fn inherit(own: &mut Vec<(HeaderName, HeaderValue)>, defaults: &Defaults, origin: &Rc<Origin>) {
    let is_elsewhere = !Rc::ptr_eq(origin, &defaults.origin);
    let is_kept_back = |name: &HeaderName| is_elsewhere && name == AUTHORIZATION;
    let is_replaced = |name: &HeaderName| own.iter().any(|(replaced, _)| replaced == name);
    let inherited =
        defaults.headers.iter().filter(|(name, _)| !is_kept_back(name) && !is_replaced(name));
    let inherited: Vec<_> = inherited.cloned().collect();
    own.splice(0..0, inherited);
}

/// RFC 7617 section 2; marked so that it is not printed.
fn basic(user: &str, password: &str) -> HeaderValue {
    let encoded = BASE64.encode(format!("{user}:{password}"));
    let mut value = HeaderValue::try_from(format!("Basic {encoded}"))
        .expect("base64 has only characters that a header may have");
    value.set_sensitive(true);
    value
}

fn append_query(target: &mut String, query: &[(String, String)]) {
    if query.is_empty() {
        return;
    }
    // A fragment is never sent, and pairs behind it would go with it.
    target.truncate(target.find('#').unwrap_or(target.len()));
    target.push(if target.contains('?') { '&' } else { '?' });
    let pairs = form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish();
    target.push_str(&pairs);
}

fn body_bytes(body: &Body) -> (Option<&'static str>, Cow<'_, [u8]>) {
    match body {
        Body::Empty => (None, Cow::Borrowed(&[])),
        Body::Bytes(bytes) => (None, Cow::Borrowed(bytes)),
        Body::Json(value) => {
            let text = serde_json::to_vec(value).expect("a JSON value can be written as JSON");
            (Some("application/json"), Cow::Owned(text))
        }
        Body::Form(pairs) => {
            let text = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
            (Some("application/x-www-form-urlencoded"), Cow::Owned(text.into_bytes()))
        }
    }
}
