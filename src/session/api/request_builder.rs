//! How a task builds a request.

use std::borrow::Cow;
use std::fmt::{self, Write as _};
use std::time::Duration;

use http::{HeaderValue, Method};
use serde::Serialize;

use super::check::Check;
use super::pending::PendingRequest;
use super::response::Response;
use super::session::Session;
use super::unanswered::RequestFailed;
use crate::http1::KeepBody;
use crate::session::request::Body;
use crate::session::request::auth::Auth;
use crate::session::request::base_url::host_header;
use crate::session::request::upload::Upload;
use crate::stats::EntryId;

/// A type that a request's path may be given as: a literal, a string, or [`format_args!`], for which
/// nothing is allocated.
pub trait Path {
    /// Returns the path. `spare` returns an empty buffer that it may be written to.
    fn into_path(self, spare: impl FnOnce() -> Vec<u8>) -> Cow<'static, str>;
}

impl Path for &'static str {
    fn into_path(self, _: impl FnOnce() -> Vec<u8>) -> Cow<'static, str> {
        Cow::Borrowed(self)
    }
}

impl Path for String {
    fn into_path(self, _: impl FnOnce() -> Vec<u8>) -> Cow<'static, str> {
        Cow::Owned(self)
    }
}

impl Path for &String {
    fn into_path(self, spare: impl FnOnce() -> Vec<u8>) -> Cow<'static, str> {
        format_args!("{self}").into_path(spare)
    }
}

impl Path for Cow<'static, str> {
    fn into_path(self, _: impl FnOnce() -> Vec<u8>) -> Cow<'static, str> {
        self
    }
}

impl Path for fmt::Arguments<'_> {
    fn into_path(self, spare: impl FnOnce() -> Vec<u8>) -> Cow<'static, str> {
        let mut path = String::from_utf8(spare()).unwrap_or_default();
        // A value whose formatting fails is the task's own error. What has been written is sent.
        let _ = path.write_fmt(self);
        Cow::Owned(path)
    }
}

/// A request that is being built. Nothing is sent before [`send`](RequestBuilder::send).
///
/// A request with a literal path and nothing else, but perhaps a literal name, is rendered once and
/// sent from the same bytes each time. Any other request is rendered each time, into a buffer of an
/// earlier one.
#[derive(Debug)]
#[must_use = "a request is made by send()"]
pub struct RequestBuilder<'s> {
    pub(super) session: &'s Session,
    pub(super) request: PendingRequest,
}

impl<'s> RequestBuilder<'s> {
    pub(in crate::session) fn new(session: &'s Session, method: Method, path: impl Path) -> Self {
        let path = path.into_path(|| session.context.spare());
        RequestBuilder { session, request: session.class.used.begin(method, path) }
    }

    /// Counts the request under this name in place of its path: `/item/17` as `/item/[id]`.
    pub fn name(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.request.parts().name = Some(name.into());
        self
    }

    /// Appends a query pair, percent-encoded.
    pub fn query(mut self, key: impl Into<String>, value: impl ToString) -> Self {
        self.request.parts().query.push((key.into(), value.to_string()));
        self.special()
    }

    /// Adds a header. It replaces the user class's header of the same name. The request fails if the
    /// name or the value is not valid in a header, or if the value of `Host` is not a host.
    pub fn header(mut self, name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Self {
        let (name, value) = (name.as_ref(), value.as_ref());
        if !is_header_name(name) {
            self.request.parts().mistake = Some("a header's name is not valid".into());
        } else if !is_header_value(value) {
            self.request.parts().mistake = Some("a header's value is not valid".into());
        } else {
            if name.eq_ignore_ascii_case(b"host") && !is_host(value) {
                self.request.parts().mistake = Some("the host header is not a host".into());
            }
            self.request.parts().headers.push(name, value);
        }
        self.special()
    }

    /// Sends these bytes as the body, without a content type.
    pub fn body(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.request.parts().body = Body::Bytes(bytes.into());
        self.special()
    }

    /// Sends a value as a JSON body. It is serialized here; if that fails, so does the request.
    pub fn json(mut self, value: &impl Serialize) -> Self {
        let mut text = self.session.context.spare();
        match serde_json::to_writer(&mut text, value) {
            Ok(()) => self.request.parts().body = Body::JsonText(text),
            Err(error) => {
                self.request.parts().mistake = Some(format!("the body is not JSON: {error}"))
            }
        }
        self.special()
    }

    /// Sends pairs as a URL-encoded form.
    pub fn form<K: Into<String>, V: Into<String>>(
        mut self,
        pairs: impl IntoIterator<Item = (K, V)>,
    ) -> Self {
        let pairs = pairs.into_iter().map(|(key, value)| (key.into(), value.into()));
        self.request.parts().body = Body::Form(pairs.collect());
        self.special()
    }

    /// Sends a file or a form with files that was read before the run. Its bytes are not copied.
    pub fn upload(mut self, upload: &Upload) -> Self {
        self.request.parts().body = Body::Upload(upload.clone());
        self.special()
    }

    /// Holds the body back until the server asks for it, for at most a second. If the server sends a
    /// final response instead, the body is not sent (RFC 9110 section 10.1.1).
    pub fn expect_continue(mut self) -> Self {
        self.request.parts().expect_continue = true;
        self.special()
    }

    /// Sends basic authentication (RFC 7617).
    pub fn basic_auth(self, user: impl Into<String>, password: impl Into<String>) -> Self {
        self.auth(Auth::basic(user, password))
    }

    /// Sends a bearer token (RFC 6750).
    pub fn bearer_auth(self, token: impl AsRef<str>) -> Self {
        let mut text = self.session.context.spare_text();
        text.push_str(token.as_ref());
        self.auth(Auth::Bearer(text))
    }

    /// Uses digest authentication (RFC 7616): answers the server's challenge, or sends the answer at once
    /// if the user has had the challenge before.
    pub fn digest_auth(self, user: impl Into<String>, password: impl Into<String>) -> Self {
        self.auth(Auth::digest(user, password))
    }

    pub(crate) fn auth(mut self, auth: Auth) -> Self {
        if let Some(fault) = auth.fault() {
            self.request.parts().mistake = Some(fault.into());
        }
        self.request.parts().auth = Some(auth);
        self.special()
    }

    /// Sets whether redirects are followed, in place of the class's setting. A redirect that is not
    /// followed is a response like any other. Those of HEAD requests are followed only if this is set.
    pub fn redirects(mut self, follow: bool) -> Self {
        self.request.parts().redirects = Some(follow);
        self.special()
    }

    /// Gives up after this time, from the start of the request to the end of the response.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.request.parts().timeout = Some(timeout);
        self.special()
    }

    /// Adds a check. The response is a failure under the text of the first check that does not hold.
    pub fn check(mut self, check: Check) -> Self {
        self.request.parts().checks.push(check);
        self
    }

    /// Discards the response's body: it is received and counted, and [`Response::body`] is empty. Use it
    /// for large bodies whose content does not matter.
    pub fn discard_body(mut self) -> Self {
        self.request.parts().keep_body = KeepBody::No;
        self
    }

    /// Counts the request under an entry that is known already.
    pub(crate) fn counted_as(mut self, entry: EntryId) -> Self {
        self.request.parts().entry = Some(entry);
        self.special()
    }

    /// Sends this body.
    pub(crate) fn with_body(mut self, body: Body) -> Self {
        self.request.parts().body = body;
        self.special()
    }

    /// Sets whether the response's body is kept.
    pub(crate) fn keep_body(mut self, keep: KeepBody) -> Self {
        self.request.parts().keep_body = keep;
        self
    }

    pub(super) fn special(mut self) -> Self {
        self.request.parts().plain = false;
        self
    }

    /// Makes the request and waits for its whole response.
    ///
    /// # Errors
    ///
    /// Returns an error if there was no response. The failure has been counted already, and a task that
    /// returns this error is not counted as an exception. A failed check is not an error here.
    pub async fn send(self) -> Result<Response, RequestFailed> {
        self.session.make(self.request).await.map_err(|unanswered| unanswered.into_failed())
    }

    /// Returns the request unsent, for [`Session::parallel`].
    pub fn later(self) -> PendingRequest {
        self.request
    }
}

/// Returns whether this is a token (RFC 9110 section 5.6.2).
fn is_header_name(name: &[u8]) -> bool {
    let may = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
    !name.is_empty() && name.iter().all(may)
}

/// Returns whether this is a field value (RFC 9110 section 5.5).
fn is_header_value(value: &[u8]) -> bool {
    value.iter().all(|&byte| byte == b'\t' || !byte.is_ascii_control())
}

fn is_host(value: &[u8]) -> bool {
    HeaderValue::from_bytes(value).is_ok_and(|value| host_header(&value).is_ok())
}
