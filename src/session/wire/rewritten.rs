//! The request of a follow-up: to where a redirect leads, or without `Expect`.

use http::header::{
    AUTHORIZATION, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, COOKIE, EXPECT, HOST,
    PROXY_AUTHORIZATION,
};
use url::Url;

use super::content::Content;
use super::context::Context;
use super::redirect::Hop;
use super::render::{Defaults, Line, RequestSpec, is, is_last};
use super::rendered::Rendered;
use super::session_user::SessionUser;
use crate::http1::GivenHeaders;
use crate::session::failure::redirect::RedirectError;
use crate::session::request::base_url::BaseUrl;

impl Rendered {
    /// Returns the request that follows this one after a redirect.
    ///
    /// A `Cookie` header of its own is left out, as in requests: the user's cookies are sent instead, and
    /// those of the request beside them ([`with_cookies`](Self::with_cookies)).
    pub(in crate::session) fn redirected(
        &self,
        context: &Context,
        defaults: &Defaults,
        status: u16,
        location: &[u8],
    ) -> Result<Self, RedirectError> {
        let from = Url::parse(&self.url(context)).map_err(|_| RedirectError::Malformed)?;
        let hop = Hop::new(status, &self.method, &from, location)?;
        let (base, target) =
            BaseUrl::split(hop.url.as_str()).map_err(|_| match hop.url.scheme() {
                "https" => RedirectError::Scheme("https".into()),
                _ => RedirectError::Malformed,
            })?;
        let base = base.in_zone_of(self.origin.host());
        let keeps_host = self.host.is_some() && hop.keeps_host;
        let (content, expects) = if hop.keeps_body {
            (self.content(context), self.waits_for_continue())
        } else {
            (Content::EMPTY, false)
        };
        let headers = self.lines(context).filter(|(name, _)| match *name {
            name if is(name, &COOKIE) || is(name, &CONNECTION) => false,
            name if is(name, &PROXY_AUTHORIZATION) || is(name, &CONTENT_LENGTH) => false,
            name if is(name, &CONTENT_TYPE) || is(name, &EXPECT) => hop.keeps_body,
            name if is(name, &AUTHORIZATION) => hop.keeps_credentials,
            name if is(name, &HOST) => keeps_host,
            _ => true,
        });
        let origin = context.origins.get(&base, &defaults.policy.via);
        let wanted = RequestSpec {
            is_last: is_last(&origin, defaults),
            origin,
            method: hop.method,
            authority: &base.authority,
            target: &target,
            common: &[],
            host: self.host.clone().filter(|_| keeps_host),
            takes_cookies: defaults.policy.cookies,
            credentials: self.credentials.clone().filter(|_| hop.keeps_credentials),
        };
        let given = GivenHeaders::read(headers.clone());
        let mut next = Rendered::unwritten(self.origin.clone());
        wanted.write(context, (headers, given), (content, None, expects), &mut next);
        Ok(next)
    }

    /// Returns the same request without `Expect`, if it has one (RFC 9110 section 10.1.1).
    pub(in crate::session) fn without_expect(&self, context: &Context) -> Option<Self> {
        let mut lines = self.lines(context);
        lines.find(|(name, _)| is(name, &EXPECT))?;
        let lines = self.lines(context).filter(|(name, _)| !is(name, &EXPECT));
        Some(self.with_lines(context, lines, self.takes_cookies, false))
    }

    /// Returns the same request with cookies of its own, beside those of the user. Of the same name both are
    /// sent, as by requests.
    pub(in crate::session) fn with_cookies(
        &self,
        context: &Context,
        user: &SessionUser,
        own: &str,
    ) -> Self {
        let (to, now) = (self.recipient(context), context.unix_time());
        let mut cookies = user.with_client_state(|state| state.cookies(&to, now));
        if !cookies.is_empty() {
            cookies.extend_from_slice(b"; ");
        }
        cookies.extend_from_slice(own.as_bytes());
        let lines = self.lines(context).chain([(COOKIE.as_str().as_bytes(), &*cookies)]);
        self.with_lines(context, lines, false, self.waits_for_continue())
    }

    /// Returns the same request with these header lines, of which some are written anew.
    fn with_lines<'l>(
        &'l self,
        context: &'l Context,
        lines: impl Iterator<Item = Line<'l>> + Clone,
        takes_cookies: bool,
        expects: bool,
    ) -> Self {
        let headers = lines.filter(|(name, _)| {
            let is_written_anew = is(name, &CONTENT_LENGTH) || is(name, &PROXY_AUTHORIZATION);
            let is_hosts = is(name, &HOST) && self.host.is_none();
            !(is_written_anew || is_hosts || is(name, &EXPECT))
        });
        let wanted = RequestSpec {
            origin: self.origin.clone(),
            method: self.method.clone(),
            authority: &self.origin.authority,
            target: self.recipient(context).target,
            common: &[],
            host: self.host.clone(),
            takes_cookies,
            credentials: self.credentials.clone(),
            // If it is, it has `Connection: close` among its lines already.
            is_last: false,
        };
        let body = (self.content(context), None, expects);
        let given = GivenHeaders::read(headers.clone());
        let mut next = Rendered::unwritten(self.origin.clone());
        wanted.write(context, (headers, given), body, &mut next);
        next
    }
}
