//! Requests that have been built and not yet made, and how they are made.

use std::borrow::Cow;
use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use http::Method;

use super::check::Check;
use super::counted::refuse;
use super::response::{Carrier, Response};
use super::sent::Request;
use super::session::SessionRefs;
use super::unanswered::{Made, Unanswered};
use super::variation::{Overrides, Variation};
use crate::credentials::stripped;
use crate::http1::KeepBody;
use crate::session::request::Body;
use crate::session::request::auth::Auth;
use crate::session::wire::attempt::Outbound;
use crate::session::wire::content::Content;
use crate::session::wire::context::Context;
use crate::session::wire::exchange::Connections;
use crate::session::wire::own_headers::OwnHeaders;
use crate::session::wire::prepared::Prepared;
use crate::session::wire::render::{Defaults, RequestParts};
use crate::session::wire::rendered::Rendered;
use crate::stats::EntryId;

/// The most used requests that are kept for reuse.
const USED_MAX: usize = 64;

/// A request that has been built and not yet made; see
/// [`RequestBuilder::later`](crate::session::RequestBuilder::later).
#[derive(Debug)]
#[must_use = "a pending request is made by parallel()"]
pub struct PendingRequest(Box<PendingParts>);

/// The parts of a pending request. They are in a box, because they are passed through several futures.
/// The box is reused.
#[derive(Debug)]
pub(in crate::session) struct PendingParts {
    pub(in crate::session) method: Method,
    pub(in crate::session) path: Cow<'static, str>,
    pub(in crate::session) name: Option<Cow<'static, str>>,
    /// The entry that it is counted under, if that is known already.
    pub(in crate::session) entry: Option<EntryId>,
    pub(in crate::session) query: Vec<(String, String)>,
    pub(in crate::session) headers: OwnHeaders,
    pub(in crate::session) body: Body,
    pub(in crate::session) expect_continue: bool,
    pub(in crate::session) auth: Option<Auth>,
    pub(in crate::session) timeout: Option<Duration>,
    pub(in crate::session) redirects: Option<bool>,
    pub(in crate::session) checks: Vec<Check>,
    pub(in crate::session) keep_body: KeepBody,
    /// Whether the response has the redirects that led to it.
    pub(in crate::session) keep_trail: bool,
    /// What few requests set.
    pub(in crate::session) overrides: Option<Box<Overrides>>,
    /// Whether nothing but method, path and name is set.
    pub(in crate::session) plain: bool,
    /// An error of an earlier call, returned when the request is sent.
    pub(in crate::session) mistake: Option<String>,
}

impl Default for PendingParts {
    fn default() -> Self {
        PendingParts {
            method: Method::GET,
            path: Cow::Borrowed(""),
            name: None,
            entry: None,
            query: Vec::new(),
            headers: OwnHeaders::default(),
            body: Body::Empty,
            expect_continue: false,
            auth: None,
            timeout: None,
            redirects: None,
            checks: Vec::new(),
            keep_body: KeepBody::Yes,
            keep_trail: false,
            overrides: None,
            plain: true,
            mistake: None,
        }
    }
}

/// Used requests, whose memory later ones take.
#[derive(Debug, Default)]
#[expect(clippy::vec_box, reason = "they go in and out as boxes")]
pub(super) struct UsedRequests(RefCell<Vec<Box<PendingParts>>>);

impl UsedRequests {
    /// Returns a request with this method and path, and nothing else.
    pub(super) fn begin(&self, method: Method, path: Cow<'static, str>) -> PendingRequest {
        let mut parts = self.0.borrow_mut().pop().unwrap_or_default();
        parts.method = method;
        parts.path = path;
        PendingRequest(parts)
    }

    /// Keeps the memory of a rendered request. Returns its checks, which are for the response.
    fn end(&self, context: &Context, mut parts: Box<PendingParts>) -> Vec<Check> {
        // All fields by their names, so that none is left to the next request.
        let PendingParts {
            method: _,
            path,
            name,
            entry,
            query,
            headers,
            body,
            expect_continue,
            auth,
            timeout,
            redirects,
            checks,
            keep_body,
            keep_trail,
            overrides,
            plain,
            mistake,
        } = &mut *parts;
        let checks = std::mem::take(checks);
        context.recycle_text(std::mem::take(path));
        if let Some(Auth::Bearer(token)) = auth.take() {
            context.recycle_text(Cow::Owned(token));
        }
        query.clear();
        headers.clear();
        (*name, *entry, *body, *mistake) = (None, None, Body::Empty, None);
        (*expect_continue, *timeout, *redirects) = (false, None, None);
        (*keep_body, *keep_trail, *plain) = (KeepBody::Yes, false, true);
        *overrides = None;
        let mut used = self.0.borrow_mut();
        if used.len() < USED_MAX {
            used.push(parts);
        }
        checks
    }
}

impl PendingParts {
    fn entry(&self, context: &Context) -> EntryId {
        if let Some(entry) = self.entry {
            return entry;
        }
        let name = stripped(self.name.as_deref().unwrap_or(&self.path));
        context.recorder.borrow_mut().entry(self.method.as_str(), &name)
    }

    /// Renders the request into the memory of an earlier one.
    fn render(
        &mut self,
        context: &Context,
        defaults: &Defaults,
        rendered: &mut Rendered,
    ) -> Result<(), String> {
        if let Some(mistake) = self.mistake.take() {
            return Err(mistake);
        }
        let content = Content::of(std::mem::take(&mut self.body));
        let PendingParts { method, path, query, auth, expect_continue, .. } = &*self;
        let (headers, auth, expect_continue) =
            (self.headers.iter(), auth.as_ref(), *expect_continue);
        let absent = self.overrides.as_ref().map_or(&[][..], |of| &of.absent);
        let said = RequestParts { method, path, query, headers, absent, auth, expect_continue };
        said.render(context, defaults, content, rendered).map_err(|error| error.to_string())
    }
}

impl PendingRequest {
    /// Takes out how it differs from its class in reaching its server, if it does.
    pub(super) fn variation(&mut self) -> Option<Variation> {
        self.0.overrides.as_mut()?.variation.take()
    }

    /// Returns the entry that it is counted under.
    pub(super) fn entry(&self, context: &Context) -> EntryId {
        self.0.entry(context)
    }

    /// Returns the parts of the request.
    pub(in crate::session) fn parts(&mut self) -> &mut PendingParts {
        &mut self.0
    }

    /// Makes the request.
    pub(super) async fn make<R: Carrier>(
        self,
        session: SessionRefs<'_>,
        connections: &mut Connections,
    ) -> Made<R> {
        let PendingParts { method, path, name, keep_body, plain, .. } = &*self.0;
        let prepared = match (path, name) {
            (Cow::Borrowed(path), None) if *plain => {
                session.prepared(method, path, None, *keep_body)?
            }
            (Cow::Borrowed(path), Some(Cow::Borrowed(name))) if *plain => {
                session.prepared(method, path, Some(name), *keep_body)?
            }
            _ => None,
        };
        match prepared {
            Some(prepared) => {
                let keeps_trail = self.0.keep_trail;
                let checks = session.class.used.end(session.context, self.0);
                let outbound = session.outbound(&prepared, keeps_trail);
                let judge = |response| checked(response, &checks);
                let made: Made<R> = session.request(connections, &outbound, judge).await;
                made.map(|mut response| {
                    if keeps_trail {
                        response.response().set_request(Request::Constant(prepared));
                    }
                    response
                })
            }
            None => session.perform_once(connections, self.0).await,
        }
    }
}

/// Applies the checks to the response.
fn checked<R: Carrier>(response: Response, checks: &[Check]) -> R {
    let mut response = R::from(response);
    response.response().apply_checks(checks);
    response
}

impl SessionRefs<'_> {
    /// Renders a request and makes it.
    async fn perform_once<R: Carrier>(
        self,
        connections: &mut Connections,
        mut parts: Box<PendingParts>,
    ) -> Made<R> {
        let (context, defaults) = (self.context, &self.class.defaults);
        let entry = parts.entry(context);
        let mut rendered = context.unwritten(defaults);
        if let Err(reason) = parts.render(context, defaults, &mut rendered) {
            context.recycle_request(rendered);
            return Err(refuse(context, entry, self.intended.take(context), reason));
        }
        let PendingParts { timeout, redirects, keep_body, keep_trail, .. } = *parts;
        let overrides = parts.overrides.take();
        let settings = overrides.as_ref().map_or(&defaults.settings, |of| &of.settings);
        let checks = self.class.used.end(context, parts);
        let outbound = Outbound {
            entry,
            defaults,
            first: &rendered,
            timeout: timeout.unwrap_or(settings.timeouts.total),
            keep_body,
            follows: defaults.policy.follows_redirects(&rendered.method, redirects),
            settings,
            keeps_trail: keep_trail,
            intended: self.intended.take(context),
        };
        let judge = |response| checked(response, &checks);
        let made: Made<R> = self.request(connections, &outbound, judge).await;
        match made {
            Ok(mut response) => {
                response.response().set_request(Request::Own(rendered));
                Ok(response)
            }
            Err(failed) => {
                context.recycle_request(rendered);
                Err(failed)
            }
        }
    }

    /// Returns the rendered form of a literal request, which is made once per class and core; `None` if
    /// there are too many.
    fn prepared(
        self,
        method: &Method,
        path: &'static str,
        name: Option<&'static str>,
        keep_body: KeepBody,
    ) -> Result<Option<Rc<Prepared>>, Box<Unanswered>> {
        self.class.literals.get(self.context, &self.class.defaults, method, path, name, keep_body)
    }
}
