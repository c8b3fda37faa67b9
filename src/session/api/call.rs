//! Building and making a request from a task.

use std::borrow::Cow;
use std::time::Duration;

use http::header::HOST;
use http::{HeaderName, HeaderValue, Method};
use serde::Serialize;

use super::check::Check;
use super::later::Later;
use super::response::Response;
use super::session::Session;
use crate::http1::KeepBody;
use crate::session::request::auth::Auth;
use crate::session::request::base_url::host_header;
use crate::session::request::upload::Upload;
use crate::session::request::{Body, Request};
use crate::session::wire::exchange::RequestFailed;

/// A request being put together. Nothing happens before [`send`](Call::send).
///
/// A request that says no more than a literal path, and perhaps a literal name, is rendered the
/// first time and sent from the same bytes ever after.
#[derive(Debug)]
#[must_use = "a request is made by send()"]
pub struct Call<'s> {
    session: &'s Session,
    path: Cow<'static, str>,
    name: Option<Cow<'static, str>>,
    /// Everything else; its path and name are filled in when it is sent.
    request: Request,
    checks: Vec<Check>,
    keep_body: KeepBody,
    /// Nothing but method, path and name has been said.
    plain: bool,
    /// A mistake in what was said, told when the request is sent.
    mistake: Option<String>,
}

impl<'s> Call<'s> {
    pub(in crate::session) fn new(
        session: &'s Session,
        method: Method,
        path: impl Into<Cow<'static, str>>,
    ) -> Self {
        Call {
            session,
            path: path.into(),
            name: None,
            request: Request::new(method, String::new()),
            checks: Vec::new(),
            keep_body: KeepBody::Yes,
            plain: true,
            mistake: None,
        }
    }

    /// Counts the request under this name in place of its path: `/item/17` as `/item/[id]`.
    pub fn name(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Appends a query pair, percent-encoded.
    pub fn query(mut self, key: impl Into<String>, value: impl ToString) -> Self {
        self.request.query.push((key.into(), value.to_string()));
        self.special()
    }

    /// Adds a header; it replaces one of the same name that the user class sends with every
    /// request. A name or value that cannot be a header fails the request, and so does a `Host`
    /// that is not one.
    pub fn header<N, V>(mut self, name: N, value: V) -> Self
    where
        N: TryInto<HeaderName>,
        V: TryInto<HeaderValue>,
    {
        match (name.try_into(), value.try_into()) {
            (Ok(name), Ok(value)) => {
                if name == HOST && host_header(&value).is_err() {
                    self.mistake = Some("the host header is not a host".into());
                }
                self.request.headers.push((name, value));
            }
            (Err(_), _) => self.mistake = Some("a header's name is not valid".into()),
            (_, Err(_)) => self.mistake = Some("a header's value is not valid".into()),
        }
        self.special()
    }

    /// Sends these bytes as the body, with no content type of their own.
    pub fn body(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.request.body = Body::Bytes(bytes.into());
        self.special()
    }

    /// Sends a value as a JSON body, which is written here. One that cannot be written as JSON fails the request.
    pub fn json(mut self, value: &impl Serialize) -> Self {
        match serde_json::to_vec(value) {
            Ok(text) => self.request.body = Body::JsonText(text),
            Err(error) => self.mistake = Some(format!("the body is not JSON: {error}")),
        }
        self.special()
    }

    /// Sends pairs as a form.
    pub fn form<K: Into<String>, V: Into<String>>(
        mut self,
        pairs: impl IntoIterator<Item = (K, V)>,
    ) -> Self {
        let pairs = pairs.into_iter().map(|(key, value)| (key.into(), value.into()));
        self.request.body = Body::Form(pairs.collect());
        self.special()
    }

    /// Sends a file or a form with files, made before the run: its bytes are not copied.
    pub fn upload(mut self, upload: &Upload) -> Self {
        self.request.body = Body::Upload(upload.clone());
        self.special()
    }

    /// Lets the body wait until the server asks for it, for at most a second: a server that answers
    /// otherwise is not sent it (RFC 9110 section 10.1.1).
    pub fn expect_continue(mut self) -> Self {
        self.request.expect_continue = true;
        self.special()
    }

    /// Sends basic authentication (RFC 7617).
    pub fn basic_auth(self, user: impl Into<String>, password: impl Into<String>) -> Self {
        self.auth(Auth::basic(user, password))
    }

    /// Sends a bearer token (RFC 6750).
    pub fn bearer_auth(self, token: impl Into<String>) -> Self {
        self.auth(Auth::Bearer(token.into()))
    }

    /// Answers the server's challenge (RFC 7616), or the one that it set the user before.
    pub fn digest_auth(self, user: impl Into<String>, password: impl Into<String>) -> Self {
        self.auth(Auth::digest(user, password))
    }

    fn auth(mut self, auth: Auth) -> Self {
        if let Some(fault) = auth.fault() {
            self.mistake = Some(fault.into());
        }
        self.request.auth = Some(auth);
        self.special()
    }

    /// Says whether redirects are followed, in place of what the class says: one that is not is a
    /// response like any other. Those of HEAD are followed only where this says so.
    pub fn redirects(mut self, follow: bool) -> Self {
        self.request.redirects = Some(follow);
        self.special()
    }

    /// Gives up after this time, from the start of the request to the end of the response.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.request.timeout = Some(timeout);
        self.special()
    }

    /// Adds a check; the first that does not hold makes the response a failure.
    pub fn check(mut self, check: Check) -> Self {
        self.checks.push(check);
        self
    }

    /// Does not keep the response's body: it is received and counted, and [`Response::body`] is
    /// empty. For large bodies that nobody looks at.
    pub fn discard_body(mut self) -> Self {
        self.keep_body = KeepBody::No;
        self
    }

    fn special(mut self) -> Self {
        self.plain = false;
        self
    }

    /// Makes the request and waits for its whole response.
    ///
    /// # Errors
    ///
    /// Where no response came: it is counted already, and a task that returns this error ends
    /// without being counted as an exception. A response that failed a check is no error here.
    pub async fn send(self) -> Result<Response, RequestFailed> {
        let (session, request) = self.split();
        session.make(request).await
    }

    /// Puts the request aside, to be made beside others by [`Session::parallel`].
    pub fn later(self) -> Later {
        self.split().1
    }

    fn split(self) -> (&'s Session, Later) {
        let Call { session, path, name, request, checks, keep_body, plain, mistake } = self;
        (session, Later { path, name, request, checks, keep_body, plain, mistake })
    }
}
