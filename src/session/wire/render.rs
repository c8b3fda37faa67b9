//! Renders a request: joins its own parts with the defaults of its class and writes the bytes.

use std::borrow::Cow;
use std::rc::Rc;

use http::header::{ACCEPT_ENCODING, AUTHORIZATION, CONNECTION, EXPECT, HOST, PROXY_AUTHORIZATION};
use http::{HeaderName, HeaderValue, Method};

use super::attempt::Settings;
use super::content::{Content, SeparateBody};
use super::context::Context;
use super::rendered::{Rendered, Text};
use crate::http1::{GivenHeaders, RequestHead};
use crate::session::connection::origin::Origin;
use crate::session::connection::resolved::ResolvedUrl;
use crate::session::connection::route::Route;
use crate::session::request::Request;
use crate::session::request::auth::{Auth, Credentials};
use crate::session::request::base_url::{BaseUrl, UrlError, is_absolute};
use crate::session::request::policy::Policy;
use crate::session::request::via::Via;
use crate::transport::tls::Tls;

/// The content codings that can be decoded, in the form in which requests sends them.
const CODINGS: &[u8] = b"gzip, deflate, br, zstd";

/// What every request of a class of users has in common, on one core.
#[derive(Debug)]
pub struct Defaults {
    pub(in crate::session) base: BaseUrl,
    pub(in crate::session) origin: Rc<Origin>,
    pub(in crate::session) headers: Vec<(HeaderName, HeaderValue)>,
    /// Which special headers are among these.
    given: GivenHeaders,
    /// The header lines that requests to the class's server begin with, in the form in which they are sent;
    /// empty if they depend on the request.
    common: Vec<u8>,
    /// For challenges of the class's own server.
    credentials: Option<Rc<Credentials>>,
    pub(in crate::session) policy: Policy,
    /// Those of requests that have none of their own.
    pub(in crate::session) settings: Settings,
    pub(in crate::session) tls: Tls,
}

impl Defaults {
    /// Makes the defaults of a class. Its authentication is that of a header, or else that of the class, or
    /// else that of the URL.
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
        let of_url =
            || base.basic_auth.as_ref().map(|(user, password)| Auth::basic(user, password));
        let is_said = headers.iter().any(|(name, _)| name == AUTHORIZATION);
        let auth = if is_said { None } else { auth.cloned().or_else(of_url) };
        headers.extend(auth.as_ref().and_then(Auth::header).map(|value| (AUTHORIZATION, value)));
        let credentials = auth.as_ref().and_then(Auth::credentials);
        let given = GivenHeaders::read(headers.iter().map(line));
        let common = common_lines(&base, &headers, given, &policy);
        let (settings, tls) = (Settings::of_class(&policy), Tls::default());
        Defaults { base, origin, headers, given, common, credentials, policy, settings, tls }
    }

    /// Returns the common lines if a request has nothing in their place. `own` are its own headers, and
    /// `is_of_class` is whether it has the authentication of its class.
    fn common_lines_of<'l>(
        &self,
        mut own: impl Iterator<Item = Line<'l>>,
        given: GivenHeaders,
        is_of_class: bool,
    ) -> &[u8] {
        let is_default = !(given.host || given.user_agent || given.accept || given.accept_encoding)
            && (is_of_class || !self.given.authorization);
        let replaces = |(own, _): Line<'_>| {
            self.headers.iter().any(|of_class| own.eq_ignore_ascii_case(line(of_class).0))
        };
        if is_default && !own.any(replaces) { &self.common } else { &[] }
    }

    /// Returns the same defaults with this policy and its TLS configuration.
    pub(in crate::session) fn varied(&self, context: &Context, policy: Policy, tls: Tls) -> Self {
        let origin = match &policy.via {
            Via::Direct => self.origin.clone(),
            via => context.origins.get(&self.base, via),
        };
        Defaults {
            base: self.base.clone(),
            origin,
            headers: self.headers.clone(),
            common: self.common.clone(),
            credentials: self.credentials.clone(),
            given: self.given,
            settings: self.settings.clone(),
            policy,
            tls,
        }
    }

    /// Sets the TLS configuration: the policy's options with their files read. Without it, no server's
    /// certificate is accepted.
    pub fn tls(mut self, tls: Tls) -> Self {
        self.tls = tls;
        self
    }
}

/// Writes the common header lines of a class's requests; empty if one of them depends on the request.
fn common_lines(
    base: &BaseUrl,
    headers: &[(HeaderName, HeaderValue)],
    given: GivenHeaders,
    policy: &Policy,
) -> Vec<u8> {
    if given.host || headers.iter().any(|(name, _)| name == CONNECTION || name == EXPECT) {
        return Vec::new();
    }
    let codings = policy.compression && !given.accept_encoding;
    let codings = codings.then_some((ACCEPT_ENCODING.as_str().as_bytes(), CODINGS));
    let headers = codings.into_iter().chain(headers.iter().map(line));
    let mut text = Vec::new();
    let head = RequestHead { method: &Method::GET, target: "/", host: &base.authority, headers };
    let blank = head.encode_head(0, None, &mut text);
    text.truncate(blank);
    text.drain(..b"GET / HTTP/1.1\r\n".len());
    text
}

/// A request's own parts, from data or from code.
pub(in crate::session) struct RequestParts<'r, H> {
    pub(in crate::session) method: &'r Method,
    pub(in crate::session) path: &'r str,
    pub(in crate::session) query: &'r [(String, String)],
    /// Names and values of its headers.
    pub(in crate::session) headers: H,
    /// The names of headers that are not sent, although the class or the engine would send them.
    pub(in crate::session) absent: &'r [Vec<u8>],
    pub(in crate::session) auth: Option<&'r Auth>,
    pub(in crate::session) expect_continue: bool,
}

/// The name and the value of a header, as bytes.
pub(super) type Line<'l> = (&'l [u8], &'l [u8]);

fn line((name, value): &(HeaderName, HeaderValue)) -> Line<'_> {
    (name.as_str().as_bytes(), value.as_bytes())
}

pub(in crate::session) fn is(name: &[u8], header: &HeaderName) -> bool {
    name.eq_ignore_ascii_case(header.as_str().as_bytes())
}

/// Returns the same lines with a shorter lifetime, so that they can be chained with others.
#[expect(clippy::map_identity, reason = "the lifetimes differ")]
fn briefly<'s, 'l: 's>(
    lines: impl Iterator<Item = Line<'l>> + Clone,
) -> impl Iterator<Item = Line<'s>> + Clone {
    lines.map(|(name, value)| (name, value))
}

impl<'r> RequestParts<'r, ()> {
    /// Returns the parts of a request that is data.
    pub(in crate::session) fn of(
        request: &'r Request,
    ) -> RequestParts<'r, impl Iterator<Item = Line<'r>> + Clone> {
        RequestParts {
            method: &request.method,
            path: &request.path,
            query: &request.query,
            headers: request.headers.iter().map(line),
            absent: &[],
            auth: request.auth.as_ref(),
            expect_continue: request.expect_continue,
        }
    }
}

impl<'r, H: Iterator<Item = Line<'r>> + Clone> RequestParts<'r, H> {
    /// Joins the parts with the defaults of the class and writes the request into an earlier one, whose
    /// memory is reused. The content comes with its type.
    ///
    /// # Errors
    ///
    /// Returns an error if the path is an absolute URL that cannot be used.
    pub(in crate::session) fn render(
        self,
        context: &Context,
        defaults: &Defaults,
        (content, content_type): (Content, Option<HeaderValue>),
        rendered: &mut Rendered,
    ) -> Result<(), UrlError> {
        let elsewhere =
            if is_absolute(self.path) { Some(BaseUrl::split(self.path)?) } else { None };
        let origin = match &elsewhere {
            Some((base, _)) => context.origins.get(base, &defaults.policy.via),
            None => defaults.origin.clone(),
        };
        let is_at_home = Rc::ptr_eq(&origin, &defaults.origin);
        let (base, target) = match &elsewhere {
            Some((base, path)) => (base, joined(context, "", path, self.query)),
            None => {
                let prefix = &defaults.base.path;
                (&defaults.base, joined(context, prefix, self.path, self.query))
            }
        };

        let absent = self.absent.iter().map(|name| (&name[..], &b""[..]));
        let given = {
            let replacing = briefly(self.headers.clone()).chain(briefly(absent.clone()));
            GivenHeaders::read(replacing)
        };
        let of_url = || {
            let (base, _) = elsewhere.as_ref()?;
            base.basic_auth.as_ref().map(|(user, password)| Auth::basic(user, password))
        };
        let auth = self.auth.map(Cow::Borrowed).or_else(|| of_url().map(Cow::Owned));
        let auth = auth.filter(|_| !given.authorization);
        let mut value = if auth.is_some() { context.spare() } else { Vec::new() };
        let has_value = auth.as_ref().is_some_and(|auth| auth.write(&mut value));
        let authorization = has_value.then_some((AUTHORIZATION.as_str().as_bytes(), &value[..]));
        let own_credentials = auth.as_ref().and_then(|auth| auth.credentials());
        let is_of_class = is_at_home && auth.is_none() && !given.authorization;

        // Only a request with a body may have the expectation (RFC 9110 section 10.1.1).
        let expects = self.expect_continue && content.len() > 0;
        let is_last = is_last(&origin, defaults);
        let is_written_here =
            move |name: &[u8]| expects && is(name, &EXPECT) || is_last && is(name, &CONNECTION);
        {
            let own = briefly(self.headers);
            let replacing = briefly(own.clone()).chain(briefly(absent));
            let is_replaced =
                |name: &[u8]| replacing.clone().any(|(own, _)| own.eq_ignore_ascii_case(name));
            let common = match &elsewhere {
                None => defaults.common_lines_of(replacing.clone(), given, is_of_class),
                Some(_) => &[],
            };
            let class_headers = if common.is_empty() { &defaults.headers[..] } else { &[] };
            let of_class = class_headers.iter().map(line).filter(|(name, _)| {
                !is_replaced(name) && (is_of_class || !is(name, &AUTHORIZATION))
            });
            let said = of_class.chain(own.clone());
            let given = given.and(defaults.given);
            let host =
                if given.host { said.clone().find(|(name, _)| is(name, &HOST)) } else { None };
            let codings =
                common.is_empty() && defaults.policy.compression && !given.accept_encoding;
            let when = |is_so: bool, name: &'static HeaderName, value: &'static [u8]| {
                is_so.then_some((name.as_str().as_bytes(), value))
            };
            let headers = when(codings, &ACCEPT_ENCODING, CODINGS)
                .into_iter()
                .chain(said.filter(|(name, _)| !is_written_here(name)))
                .chain(authorization)
                .chain(when(expects, &EXPECT, b"100-continue"));
            let wanted = RequestSpec {
                origin,
                method: self.method.clone(),
                authority: &base.authority,
                target: &target,
                common,
                host: host.map(|(_, value)| host_of(value)),
                takes_cookies: defaults.policy.cookies && !given.cookie,
                credentials: own_credentials
                    .or_else(|| defaults.credentials.clone().filter(|_| is_of_class)),
                is_last,
            };
            let body = (content, content_type, expects);
            wanted.write(context, (headers, given), body, rendered);
        }
        context.recycle_text(target);
        context.recycle(value);
        Ok(())
    }
}

/// Returns whether no later request uses the connection (RFC 9112 section 9.6).
pub(in crate::session) fn is_last(origin: &Origin, defaults: &Defaults) -> bool {
    !origin.remembered || defaults.policy.is_one_request_per_connection()
}

/// All of a request but its header lines and its body.
pub(in crate::session) struct RequestSpec<'w> {
    pub(in crate::session) origin: Rc<Origin>,
    pub(in crate::session) method: Method,
    /// The value of `Host`, unless there is a header for it.
    pub(in crate::session) authority: &'w str,
    /// Path and query.
    pub(in crate::session) target: &'w str,
    /// Header lines that are copied as they are; see [`RequestHead::encode_with`].
    pub(in crate::session) common: &'w [u8],
    pub(in crate::session) host: Option<String>,
    pub(in crate::session) takes_cookies: bool,
    pub(in crate::session) credentials: Option<Rc<Credentials>>,
    pub(in crate::session) is_last: bool,
}

impl RequestSpec<'_> {
    /// Writes the request into an earlier one, with these headers, with the special ones among them, and this
    /// body: its content, the content's type, and whether it waits for `100 Continue`.
    pub(in crate::session) fn write<'h>(
        self,
        context: &Context,
        (headers, given): (impl Iterator<Item = Line<'h>> + Clone, GivenHeaders),
        (content, content_type, expects): (Content, Option<HeaderValue>, bool),
        rendered: &mut Rendered,
    ) {
        let RequestSpec {
            origin,
            method,
            authority,
            target,
            common,
            host,
            takes_cookies,
            credentials,
            is_last,
        } = self;
        // A request to a proxy has its target in absolute form (RFC 9112 section 3.2.2), and the proxy's
        // own credentials.
        let (prefix, for_proxy) = match &*origin.route {
            Route::Proxy(_, authorization) => ("http://", authorization.as_ref()),
            _ => ("", None),
        };
        let absolute = if prefix.is_empty() {
            Cow::Borrowed(target)
        } else {
            let mut absolute = context.spare_text();
            absolute.extend([prefix, authority, target]);
            Cow::Owned(absolute)
        };
        let close: Line<'_> = (CONNECTION.as_str().as_bytes(), b"close");
        let for_proxy =
            for_proxy.map(|value| (PROXY_AUTHORIZATION.as_str().as_bytes(), value.as_bytes()));
        let headers = briefly(headers).chain(is_last.then_some(close)).chain(for_proxy);
        let mut text = rendered.take_text();
        text.clear();
        let head = RequestHead { method: &method, target: &absolute, host: authority, headers };
        let blank =
            head.encode_with(given, common, content.len(), content_type.as_ref(), &mut text);
        context.recycle_text(absolute);
        let target = target_in(&text, method.as_str().len() + 1, prefix.len());
        rendered.separate_body = if content.is_sent_separately(expects) {
            Some(SeparateBody { content, expects })
        } else {
            text.extend_from_slice(content.bytes(context));
            if let Content::Bytes(bytes) = content {
                context.recycle(bytes);
            }
            None
        };
        rendered.origin = origin;
        rendered.method = method;
        rendered.host = host;
        rendered.takes_cookies = takes_cookies;
        rendered.credentials = credentials;
        rendered.text = Text::Own(text);
        rendered.target = target;
        rendered.blank = blank;
    }
}

/// Returns where path and query are in a request whose target begins at `begin`. In absolute form the
/// target begins with a scheme of `scheme` bytes; otherwise that is 0.
fn target_in(text: &[u8], begin: usize, scheme: usize) -> std::ops::Range<usize> {
    let length = |from: usize, end: u8| text[from..].iter().position(|&byte| byte == end);
    let end = begin + length(begin, b' ').unwrap_or_default();
    if scheme == 0 {
        return begin..end;
    }
    let path = begin + scheme + length(begin + scheme, b'/').unwrap_or_default();
    path.min(end)..end
}

/// Joins the prefix of the class, the path and query pairs. Nearly always the result is the path
/// itself.
fn joined<'p>(
    context: &Context,
    prefix: &str,
    path: &'p str,
    query: &[(String, String)],
) -> Cow<'p, str> {
    if prefix.is_empty() && query.is_empty() && path.starts_with('/') {
        return Cow::Borrowed(path);
    }
    let slash = if path.starts_with('/') { "" } else { "/" };
    let mut target = context.spare_text();
    target.extend([prefix, slash, path]);
    append_query(&mut target, query);
    Cow::Owned(target)
}

/// Returns the host in a `Host` header, without its port and its brackets.
fn host_of(header: &[u8]) -> String {
    let text = String::from_utf8_lossy(header);
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
    // A fragment is never sent, and neither would be pairs behind it.
    target.truncate(target.find('#').unwrap_or(target.len()));
    target.push(if target.contains('?') { '&' } else { '?' });
    let pairs = form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish();
    target.push_str(&pairs);
}
