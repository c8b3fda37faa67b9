//! A request's bytes: what it says itself, and what its user says for all of its requests.

use std::borrow::Cow;
use std::rc::Rc;

use http::header::{
    ACCEPT_ENCODING, AUTHORIZATION, CONNECTION, CONTENT_TYPE, COOKIE, EXPECT, HOST,
    PROXY_AUTHORIZATION,
};
use http::{HeaderName, HeaderValue};
use url::Url;

use super::content::{Apart, Content, Source};
use super::envelope::Envelope;
use super::redirect::Hop;
use crate::http1::{RequestHead, request_target};
use crate::session::connection::origin::Origin;
use crate::session::connection::resolved::ResolvedUrl;
use crate::session::connection::route::Route;
use crate::session::context::Context;
use crate::session::failure::redirect::RedirectError;
use crate::session::request::Request;
use crate::session::request::auth::Auth;
use crate::session::request::auth::Credentials;
use crate::session::request::base_url::{BaseUrl, UrlError, is_absolute};
use crate::session::request::policy::Policy;
use crate::session::request::via::Via;
use crate::transport::tls::Tls;

/// What is undone for whoever looks at a body, as requests says it where it knows them all.
const CODINGS: &str = "gzip, deflate, br, zstd";

/// What every request of a class of users has in common, on one core.
#[derive(Debug)]
pub struct Defaults {
    pub(in crate::session) base: BaseUrl,
    pub(in crate::session) origin: Rc<Origin>,
    pub(in crate::session) headers: Vec<(HeaderName, HeaderValue)>,
    /// For the challenges of the class's own server.
    credentials: Option<Rc<Credentials>>,
    pub(in crate::session) policy: Policy,
    pub(in crate::session) tls: Tls,
}

impl Defaults {
    /// The defaults of a class. Who its requests are from is said by a header, or else by the class,
    /// or else by the URL.
    pub fn new(
        context: &Context,
        target: &ResolvedUrl,
        headers: &[(HeaderName, HeaderValue)],
        auth: Option<&Auth>,
        policy: Policy,
    ) -> Self {
        let base = target.url.clone();
        let origin = match &policy.via {
            Via::Direct => context.origins.know(target),
            via => context.origins.get(&base, via),
        };
        let mut headers = headers.to_vec();
        let credentials = authorize(&mut headers, auth, base.basic_auth.as_ref());
        Defaults { base, origin, headers, credentials, policy, tls: Tls::default() }
    }

    /// Sets how connections are sealed, which is what the policy says with its files read. Without
    /// it, no server's certificate is accepted.
    pub fn tls(mut self, tls: Tls) -> Self {
        self.tls = tls;
        self
    }
}

/// A request ready to be rendered: where it goes and what it says there.
pub(in crate::session) struct Outline<'r> {
    pub(in crate::session) envelope: Envelope,
    authority: String,
    headers: Vec<(HeaderName, HeaderValue)>,
    content_type: Option<HeaderValue>,
    content: Content<'r>,
    expects: bool,
}

impl<'r> Outline<'r> {
    /// Joins a request with its user's defaults.
    pub(in crate::session) fn new(
        context: &Context,
        defaults: &Defaults,
        request: &'r Request,
    ) -> Result<Self, UrlError> {
        let via = &defaults.policy.via;
        let (origin, authority, url_auth, mut target) = if is_absolute(&request.path) {
            let (base, path) = BaseUrl::split(&request.path)?;
            let origin = context.origins.get(&base, via);
            (origin, base.authority, base.basic_auth, path)
        } else {
            let slash = if request.path.starts_with('/') { "" } else { "/" };
            let target = format!("{}{slash}{}", defaults.base.path, request.path);
            (defaults.origin.clone(), defaults.base.authority.clone(), None, target)
        };
        append_query(&mut target, &request.query);
        let (content, content_type) = Content::of(&request.body);
        // There must be something to wait with (RFC 9110 section 10.1.1).
        let expects = request.expect_continue && !content.bytes().is_empty();
        let mut headers = request.headers.clone();
        let mut credentials = authorize(&mut headers, request.auth.as_ref(), url_auth.as_ref());
        let is_at_home = Rc::ptr_eq(&origin, &defaults.origin);
        let has_auth = credentials.is_some() || contains(&headers, &AUTHORIZATION);
        inherit(&mut headers, defaults, is_at_home && !has_auth);
        if defaults.policy.compression && !contains(&headers, &ACCEPT_ENCODING) {
            headers.insert(0, (ACCEPT_ENCODING, HeaderValue::from_static(CODINGS)));
        }
        if expects {
            headers.retain(|(name, _)| name != EXPECT);
            headers.push((EXPECT, HeaderValue::from_static("100-continue")));
        }
        if is_at_home && !has_auth {
            credentials.clone_from(&defaults.credentials);
        }
        let takes_cookies = defaults.policy.cookies && !contains(&headers, &COOKIE);
        let host = headers.iter().find(|(name, _)| name == HOST).map(|(_, value)| host_of(value));
        let envelope = Envelope {
            origin,
            method: request.method.clone(),
            target: request_target(&target),
            host,
            takes_cookies,
            credentials,
        };
        let mut outline = Outline { envelope, authority, headers, content_type, content, expects };
        outline.say_whether_it_is_the_last(defaults);
        Ok(outline)
    }

    /// The request that follows this one, which was answered by a redirect.
    ///
    /// As with requests, the `Cookie` header is the user's jar's again after any redirect.
    pub(in crate::session) fn redirected(
        self,
        context: &Context,
        defaults: &Defaults,
        status: u16,
        location: &[u8],
    ) -> Result<Self, RedirectError> {
        let Outline { envelope, authority, mut headers, .. } = self;
        let Outline { mut content_type, mut content, mut expects, .. } = self;
        let scheme = if envelope.origin.secure { "https" } else { "http" };
        let from = Url::parse(&format!("{scheme}://{authority}{}", envelope.target));
        let from = from.map_err(|_| RedirectError::Malformed)?;
        let hop = Hop::new(status, &envelope.method, &from, location)?;
        let (base, target) =
            BaseUrl::split(hop.url.as_str()).map_err(|_| match hop.url.scheme() {
                "https" => RedirectError::Scheme("https".into()),
                _ => RedirectError::Malformed,
            })?;
        let base = base.in_zone_of(envelope.origin.host());
        if !hop.keeps_body {
            content = Content::EMPTY;
            content_type = None;
            expects = false;
        }
        headers.retain(|(name, _)| match *name {
            COOKIE | CONNECTION | PROXY_AUTHORIZATION => false,
            CONTENT_TYPE | EXPECT => hop.keeps_body,
            AUTHORIZATION => hop.keeps_credentials,
            HOST => hop.keeps_host,
            _ => true,
        });
        let envelope = Envelope {
            origin: context.origins.get(&base, &defaults.policy.via),
            method: hop.method,
            target: request_target(&target),
            host: envelope.host.filter(|_| hop.keeps_host),
            takes_cookies: defaults.policy.cookies,
            credentials: envelope.credentials.filter(|_| hop.keeps_credentials),
        };
        let authority = base.authority;
        let mut outline = Outline { envelope, authority, headers, content_type, content, expects };
        outline.say_whether_it_is_the_last(defaults);
        Ok(outline)
    }

    /// The same request without its expectation, and whether it had one (RFC 9110 section 10.1.1).
    pub(super) fn without_expect(mut self) -> (Self, bool) {
        let headers = self.headers.len();
        self.headers.retain(|(name, _)| name != EXPECT);
        self.expects = false;
        let had_one = self.headers.len() < headers;
        (self, had_one)
    }

    /// Where no later request uses the connection (RFC 9112 section 9.6).
    fn say_whether_it_is_the_last(&mut self, defaults: &Defaults) {
        if !self.envelope.origin.remembered || defaults.policy.is_one_request_per_connection() {
            self.headers.retain(|(name, _)| name != CONNECTION);
            self.headers.push((CONNECTION, HeaderValue::from_static("close")));
        }
    }

    /// Appends the request to a buffer, but for a body that is sent apart. Gives the place of the blank
    /// line behind its head.
    pub(in crate::session) fn render(&self, out: &mut Vec<u8>) -> usize {
        let Envelope { origin, method, target, .. } = &self.envelope;
        // A proxy is asked in absolute form, and has credentials of its own (RFC 9112 section 3.2.2).
        let (target, authorization) = match &*origin.route {
            Route::Proxy(_, authorization) => {
                (Cow::Owned(format!("http://{}{target}", self.authority)), authorization.as_ref())
            }
            _ => (Cow::Borrowed(&**target), None),
        };
        let own = self.headers.iter().map(|(name, value)| (name, value));
        let head = RequestHead {
            method,
            target: &target,
            host: &self.authority,
            headers: own.chain(authorization.map(|value| (&PROXY_AUTHORIZATION, value))),
        };
        let blank = head.encode_head(self.content.bytes().len(), self.content_type.as_ref(), out);
        if !self.content.is_apart(self.expects) {
            out.extend_from_slice(self.content.bytes());
        }
        blank
    }

    /// The body, where it is sent apart, for one send.
    pub(in crate::session) fn apart(&self, context: &Context) -> Option<Apart<'_>> {
        let is_apart = self.content.is_apart(self.expects);
        is_apart.then(|| Apart { bytes: self.content.source(context), expects: self.expects })
    }

    /// The same, for any number of sends.
    pub(super) fn apart_for_good(&self, context: &Context) -> Option<Apart<'static>> {
        let is_apart = self.content.is_apart(self.expects);
        let bytes = || Source::Kept(self.content.keep(context));
        is_apart.then(|| Apart { bytes: bytes(), expects: self.expects })
    }
}

fn contains(headers: &[(HeaderName, HeaderValue)], wanted: &HeaderName) -> bool {
    headers.iter().any(|(name, _)| name == wanted)
}

/// Says who a request is from, where no header does: by its own word, or else by its URL. Gives what
/// is needed for challenges in place of a header.
fn authorize(
    headers: &mut Vec<(HeaderName, HeaderValue)>,
    auth: Option<&Auth>,
    of_url: Option<&(String, String)>,
) -> Option<Rc<Credentials>> {
    if contains(headers, &AUTHORIZATION) {
        return None;
    }
    let of_url = || of_url.map(|(user, password)| Auth::basic(user, password));
    let auth = auth.cloned().or_else(of_url)?;
    headers.extend(auth.header().map(|value| (AUTHORIZATION, value)));
    auth.credentials()
}

/// Puts the class's headers in front, but for those that the request has itself and credentials
/// that are another server's.
fn inherit(own: &mut Vec<(HeaderName, HeaderValue)>, defaults: &Defaults, takes_auth: bool) {
    let is_inherited =
        |name: &HeaderName| !contains(own, name) && (takes_auth || name != AUTHORIZATION);
    let inherited = defaults.headers.iter().filter(|(name, _)| is_inherited(name));
    let inherited: Vec<_> = inherited.cloned().collect();
    own.splice(0..0, inherited);
}

/// The host in a `Host` header, without its port and its brackets.
fn host_of(header: &HeaderValue) -> String {
    let text = String::from_utf8_lossy(header.as_bytes());
    let host = match text.strip_prefix('[') {
        Some(address) => address.split(']').next(),
        None => text.split(':').next(),
    };
    host.unwrap_or_default().to_owned()
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
