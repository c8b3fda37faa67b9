//! Requests that have been put together, and how they are made.

use std::borrow::Cow;
use std::rc::Rc;
use std::time::Duration;

use http::Method;

use super::check::Check;
use super::counted::{RequestFailed, refuse};
use super::response::Response;
use super::session::SessionRefs;
use crate::credentials::stripped;
use crate::http1::KeepBody;
use crate::session::request::Body;
use crate::session::request::auth::Auth;
use crate::session::wire::attempt::Outbound;
use crate::session::wire::content::Content;
use crate::session::wire::context::Context;
use crate::session::wire::exchange::Connections;
use crate::session::wire::prepared::Prepared;
use crate::session::wire::render::RequestParts;
use crate::session::wire::rendered::header_lines;

/// A request that has been put together and waits for the session; see
/// [`RequestBuilder::later`](crate::session::RequestBuilder::later).
#[derive(Debug)]
#[must_use = "a pending request is made by parallel()"]
pub struct PendingRequest {
    pub(in crate::session) method: Method,
    pub(in crate::session) path: Cow<'static, str>,
    pub(in crate::session) name: Option<Cow<'static, str>>,
    pub(in crate::session) query: Vec<(String, String)>,
    /// Its own headers, as lines.
    headers: Vec<u8>,
    pub(in crate::session) body: Body,
    pub(in crate::session) expect_continue: bool,
    pub(in crate::session) auth: Option<Auth>,
    pub(in crate::session) timeout: Option<Duration>,
    pub(in crate::session) redirects: Option<bool>,
    pub(in crate::session) checks: Vec<Check>,
    pub(in crate::session) keep_body: KeepBody,
    /// Nothing but method, path and name has been said.
    pub(in crate::session) plain: bool,
    /// A mistake in what was said, told when the request is sent.
    pub(in crate::session) mistake: Option<String>,
}

impl PendingRequest {
    pub(in crate::session) fn new(method: Method, path: Cow<'static, str>) -> Self {
        PendingRequest {
            method,
            path,
            name: None,
            query: Vec::new(),
            headers: Vec::new(),
            body: Body::Empty,
            expect_continue: false,
            auth: None,
            timeout: None,
            redirects: None,
            checks: Vec::new(),
            keep_body: KeepBody::Yes,
            plain: true,
            mistake: None,
        }
    }

    /// Adds a header whose name and value have been looked at.
    pub(in crate::session) fn add_header(&mut self, context: &Context, name: &[u8], value: &[u8]) {
        if self.headers.is_empty() {
            self.headers = context.spare();
        }
        self.headers.extend(name.iter().map(u8::to_ascii_lowercase));
        self.headers.extend_from_slice(b": ");
        self.headers.extend_from_slice(value);
        self.headers.extend_from_slice(b"\r\n");
    }

    pub(super) async fn make(
        self,
        session: SessionRefs<'_>,
        connections: &mut Connections,
    ) -> Result<Response, RequestFailed> {
        let PendingRequest { method, path, name, keep_body, plain, .. } = &self;
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
                let checks = self.checks;
                let mut response = session.perform(connections, &prepared).await?;
                response.apply_checks(&checks);
                Ok(response)
            }
            None => session.perform_once(connections, self).await,
        }
    }
}

impl SessionRefs<'_> {
    /// Renders a request and makes it.
    async fn perform_once(
        self,
        connections: &mut Connections,
        request: PendingRequest,
    ) -> Result<Response, RequestFailed> {
        let (context, defaults) = (self.context, &self.class.defaults);
        let PendingRequest { method, path, name, query, headers, body, auth, .. } = request;
        let PendingRequest { expect_continue, timeout, redirects, checks, .. } = request;
        let entry = {
            let name = stripped(name.as_deref().unwrap_or(&path));
            context.recorder.borrow_mut().entry(method.as_str(), &name)
        };
        let rendered = match request.mistake {
            Some(mistake) => Err(mistake),
            None => {
                let headers = header_lines(&headers);
                let (path, query, auth) = (&*path, &*query, auth.as_ref());
                let said =
                    RequestParts { method: &method, path, query, headers, auth, expect_continue };
                let rendered = said.render(context, defaults, Content::of(body), context.spare());
                rendered.map_err(|error| error.to_string())
            }
        };
        let rendered = match rendered {
            Ok(rendered) => context.boxed(rendered),
            Err(reason) => return Err(refuse(context, entry, self.intended.take(context), reason)),
        };
        context.recycle(headers);
        if let Cow::Owned(path) = path {
            context.recycle(path.into_bytes());
        }
        if let Some(Auth::Bearer(token)) = auth {
            context.recycle(token.into_bytes());
        }
        let outbound = Outbound {
            entry,
            defaults,
            first: &rendered,
            timeout: timeout.unwrap_or(defaults.policy.timeouts.total),
            keep_body: request.keep_body,
            follows: defaults.policy.follows_redirects(&rendered.method, redirects),
            intended: self.intended.take(context),
        };
        let made = self.request(connections, &outbound).await;
        match made {
            Ok(mut response) => {
                response.set_request(rendered);
                response.apply_checks(&checks);
                Ok(response)
            }
            Err(failed) => {
                context.recycle_request(rendered);
                Err(failed)
            }
        }
    }

    /// The rendered form of a request that is all literals: made once per class and core, unless
    /// there are too many.
    fn prepared(
        self,
        method: &Method,
        path: &'static str,
        name: Option<&'static str>,
        keep_body: KeepBody,
    ) -> Result<Option<Rc<Prepared>>, RequestFailed> {
        self.class.literals.get(self.context, &self.class.defaults, method, path, name, keep_body)
    }
}
