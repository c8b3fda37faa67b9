//! A response as a task sees it.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::rc::Rc;
use std::slice;
use std::time::Duration;

use http::StatusCode;
use serde::de::DeserializeOwned;

use super::check::{Check, ResponseView, first_failure, has_status_check, needs_body};
use super::counted::renamed;
use super::sent::{Request, Sent};
use crate::credentials::hidden;
use crate::http1::{self, Head, KeepBody};
use crate::session::body::decoding::{DecodeError, codings};
use crate::session::body::{json, text};
use crate::session::identity::excerpt::excerpt;
use crate::session::identity::secrets::Secrets;
use crate::session::wire::context::Context;
use crate::session::wire::received::Received;
use crate::session::wire::rendered::Rendered;
use crate::session::wire::trail::{Redirect, Trail};
use crate::stats::{Clocks, EntryId, EntryKey, Outcome, Sample};

/// A whole response. It is counted when it is dropped, so a task can inspect it first and call
/// [`success`](Response::success) or [`failure`](Response::failure); the last call counts. Without such
/// a call the checks decide, and without a check on the status, 400 and above is a failure.
#[derive(Debug)]
pub struct Response {
    context: Rc<Context>,
    /// The user's number.
    user: u64,
    entry: EntryId,
    clocks: Clocks,
    head: Head,
    body_bytes: u64,
    /// The raw head and, if it was kept, the body behind it as it was transferred.
    bytes: Vec<u8>,
    /// Whether the whole body is in `bytes`; otherwise its beginning is, or nothing.
    is_kept: bool,
    request: Request,
    /// The redirects that led here, if there were some and the request keeps them.
    trail: Option<Box<Trail>>,
    /// The most bytes that the decoded body may have.
    max_body: u64,
    /// The decoded body, once it was asked for, if it has content codings.
    decoded: OnceCell<Result<Vec<u8>, DecodeError>>,
    failure: Option<Cow<'static, str>>,
    /// Whether the task has called it a success.
    overruled: bool,
    /// Whether it is in the statistics already.
    is_counted: bool,
}

/// What a response is handed on in: itself, or a box, which is cheaper to move through many futures.
pub(crate) trait Carrier: From<Response> {
    /// Returns the response.
    fn response(&mut self) -> &mut Response;
}

impl Carrier for Response {
    fn response(&mut self) -> &mut Response {
        self
    }
}

impl Carrier for Box<Response> {
    fn response(&mut self) -> &mut Response {
        self
    }
}

impl Response {
    pub(in crate::session) fn new(
        context: Rc<Context>,
        user: u64,
        entry: EntryId,
        clocks: Clocks,
        received: Received,
    ) -> Self {
        let Received { head, body_bytes, bytes, is_kept, max_body, trail } = received;
        Response {
            context,
            user,
            entry,
            clocks,
            head,
            body_bytes,
            bytes,
            is_kept,
            request: Request::Unknown,
            trail,
            max_body,
            decoded: OnceCell::new(),
            failure: None,
            overruled: false,
            is_counted: false,
        }
    }

    /// Returns the status code.
    pub fn status(&self) -> u16 {
        self.head.status
    }

    /// Returns the value of the first header of this name, in any case.
    pub fn header(&self, name: &str) -> Option<&[u8]> {
        http1::header(&self.bytes[..self.head.head_len], name)
    }

    /// Returns all headers in the order in which they came.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &[u8])> {
        http1::headers(&self.bytes[..self.head.head_len])
    }

    /// Returns the body without its content codings; empty if the request discards it. A body of more
    /// than [`Policy::max_body`](crate::session::Policy::max_body) bytes fails the request.
    ///
    /// The body is decoded at the first call, so responses whose body is not used cost nothing. If it
    /// cannot be decoded (`cannot decode the body: bad gzip`) or becomes too long (`decoded body too
    /// large`), it is empty and the response becomes a failure.
    pub fn body(&self) -> &[u8] {
        match self.decoded() {
            None => self.transferred(),
            Some(Ok(body)) => body,
            Some(Err(_)) => &[],
        }
    }

    /// Returns the body as it was transferred, with its content codings.
    fn transferred(&self) -> &[u8] {
        if self.is_kept { &self.bytes[self.head.head_len..] } else { &[] }
    }

    /// Returns the redirects that led to this response, if its request keeps them.
    pub(crate) fn redirects(&self) -> &[Redirect] {
        self.trail.as_ref().map_or(&[], |trail| &trail.redirects)
    }

    /// Returns the request that was sent last, if the response has it.
    pub(crate) fn sent(&self) -> Option<Sent<'_>> {
        let last = self.trail.as_ref().and_then(|trail| trail.last.as_ref());
        let request = last.or_else(|| self.request.rendered())?;
        Some(Sent { context: &self.context, request })
    }

    /// Sets the first request.
    pub(super) fn set_request(&mut self, request: Request) {
        self.request = request;
    }

    /// Logs that the response is a failure, and why.
    #[cold]
    fn log_failure(&self, failure: &str) {
        self.context.recorder.borrow_mut().tell(self.user, |recorder| {
            let EntryKey { method, name } = recorder.key(self.entry);
            format!("{method} {name}: fails: {failure}")
        });
    }

    /// Returns the beginning of the body, if that was kept.
    #[cold]
    fn beginning(&self) -> Option<String> {
        let bytes = &self.bytes[self.head.head_len..];
        if bytes.is_empty() && self.body_bytes > 0 {
            return None;
        }
        let body = match self.decoded.get() {
            Some(Ok(decoded)) => Cow::Borrowed(&decoded[..]),
            _ if self.head.content_encoding => {
                let codings = codings(&self.bytes[..self.head.head_len]).ok()?;
                let mut decoders = self.context.decoders.borrow_mut();
                Cow::Owned(decoders.begin(&codings, bytes, KeepBody::EXCERPT_BYTES))
            }
            _ => Cow::Borrowed(bytes),
        };
        let is_whole = self.is_kept || self.body_bytes <= bytes.len() as u64;
        let of_sent = |request: &Rendered| {
            Secrets::of_sent(request.lines(&self.context), request.credentials.as_deref())
        };
        let own = self.request.own().map(of_sent).unwrap_or_default();
        Some(excerpt(&body, is_whole, &[&self.context.secrets(), &own]))
    }

    /// Returns the decoded body, if there is anything to decode.
    fn decoded(&self) -> Option<Result<&[u8], DecodeError>> {
        // Nothing was kept, or the body is empty.
        if !self.head.content_encoding || self.transferred().is_empty() {
            return None;
        }
        let decoded = self.decoded.get_or_init(|| {
            let codings = codings(&self.bytes[..self.head.head_len])?;
            let mut decoders = self.context.decoders.borrow_mut();
            decoders.decode(&codings, self.transferred(), self.max_body)
        });
        Some(decoded.as_deref().map_err(|error| *error))
    }

    /// Returns why the body could not be decoded, if that was tried.
    fn decode_error(&self) -> Option<&DecodeError> {
        self.decoded.get()?.as_ref().err().filter(|_| !self.overruled)
    }

    /// Returns the body as text. The charset is that of `Content-Type`, or else that of the byte order
    /// mark, or else UTF-8 if the body is valid UTF-8, or else ISO-8859-1. `application/json` is UTF-8.
    /// Bytes that are not valid in the charset are replaced by U+FFFD.
    pub fn text(&self) -> Cow<'_, str> {
        text::text(&self.bytes[..self.head.head_len], self.body(), self.head.other_charset)
    }

    /// Parses the text of the body as JSON. `NaN`, `Infinity` and `-Infinity`, which are not JSON but are
    /// read and written by Python's `json`, become strings.
    ///
    /// # Errors
    ///
    /// Returns an error if the text is not JSON or does not have this type. It does not make the response
    /// a failure.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        json::read(&self.text())
    }

    /// Returns the time from the intended start of the request to the end of the response.
    pub fn latency(&self) -> Duration {
        self.clocks.latency()
    }

    /// Returns whether the response counts as a success so far.
    pub fn is_success(&self) -> bool {
        self.failure.is_none() && self.decode_error().is_none()
    }

    /// Counts the response as a success, whatever its status, its body or the checks say.
    pub fn success(&mut self) {
        self.failure = None;
        self.overruled = true;
    }

    /// Counts the response as a failure under this text. Failures are grouped by their text, so leave out
    /// what differs from request to request.
    pub fn failure(&mut self, message: impl Into<Cow<'static, str>>) {
        self.failure = Some(message.into());
    }

    /// Applies the checks, or the rule for the status if none of them is on the status.
    pub(crate) fn apply_checks(&mut self, checks: &[Check]) {
        self.failure = if checks.is_empty() {
            status_failure(self.status())
        } else {
            self.first_failure(checks)
        };
    }

    /// Returns the failure of the first check that does not hold. A body that cannot be decoded is a
    /// failure at the first check that needs it.
    fn first_failure(&self, checks: &[Check]) -> Option<Cow<'static, str>> {
        let body = if needs_body(checks) { self.decoded() } else { None };
        let body = body.unwrap_or_else(|| Ok(self.transferred()));
        let needs = |check| needs_body(slice::from_ref(check));
        let first_on_body = body.err().and_then(|_| checks.iter().position(needs));
        let checks = first_on_body.map_or(checks, |at| &checks[..at]);
        let view = ResponseView {
            status: self.status(),
            head: &self.bytes[..self.head.head_len],
            body: body.unwrap_or_default(),
            other_charset: self.head.other_charset,
            latency: self.latency(),
        };
        match first_failure(checks, &view) {
            // It may contain a value that the server sent.
            Some(message) => Some(Cow::Owned(self.context.secrets().mask_text(&message).into())),
            None if body.is_err() || has_status_check(checks) => None,
            None => status_failure(self.status()),
        }
    }
}

/// Returns the failure of a response without a check on its status: 400 and above is one. From 600 on
/// Locust's users differ: for `HttpUser` it is a success, for `FastHttpUser` a failure. RFC 9110
/// section 15 has clients treat it as a 5xx.
fn status_failure(status: u16) -> Option<Cow<'static, str>> {
    if status < 400 { None } else { Some(status_text(status)) }
}

#[cold]
fn status_text(status: u16) -> Cow<'static, str> {
    let reason = StatusCode::from_u16(status).ok().and_then(|code| code.canonical_reason());
    Cow::Owned(match reason {
        Some(reason) => format!("{status} {reason}"),
        None => status.to_string(),
    })
}

impl Response {
    /// Counts the response now. What is said of it later changes nothing.
    pub(crate) fn count(&mut self) {
        if std::mem::replace(&mut self.is_counted, true) {
            return;
        }
        let undecodable = self.decode_error().map(DecodeError::to_string);
        let fault = self.failure.as_deref().or(undecodable.as_deref()).map(hidden);
        if let Some(message) = &fault {
            self.log_failure(message);
        }
        let outcome = fault.as_deref().map_or(Outcome::Success, Outcome::Failure);
        let body_bytes = self.counted_bytes();
        let (entry, status) = (self.entry, Some(self.head.status));
        let sample = Sample { entry, clocks: self.clocks, body_bytes, status, outcome };
        let is_new = self.context.recorder.borrow_mut().record(sample);
        if let Some(message) = fault.filter(|_| is_new)
            && let Some(body) = self.beginning()
        {
            self.context.recorder.borrow_mut().keep_body(entry, &message, body);
        }
    }

    /// Returns the name of its row.
    pub(crate) fn name(&self) -> String {
        self.context.recorder.borrow().key(self.entry).name.to_string()
    }

    /// Returns the method of its row.
    pub(crate) fn method(&self) -> String {
        self.context.recorder.borrow().key(self.entry).method.to_string()
    }

    /// Counts it under another method or name.
    pub(crate) fn rename(&mut self, method: Option<&str>, name: Option<&str>) {
        self.entry = renamed(&self.context, self.entry, method, name);
    }

    /// Counts it with another time.
    pub(crate) fn set_latency(&mut self, latency: Duration) {
        self.clocks.ended = crate::units::after(self.clocks.intended, latency);
    }

    /// Returns how many bytes of body are counted: those of the decoded one, if it has been decoded.
    pub(crate) fn counted_bytes(&self) -> u64 {
        match self.decoded.get() {
            Some(Ok(decoded)) => decoded.len() as u64,
            _ => self.body_bytes,
        }
    }

    /// Counts so many bytes of body.
    pub(crate) fn set_counted_bytes(&mut self, bytes: u64) {
        self.body_bytes = bytes;
        self.decoded = OnceCell::new();
    }

    /// Counts it as a failure by its status.
    pub(crate) fn fail_by_status(&mut self) {
        self.failure = Some(status_text(self.status()));
    }

    /// Returns the reason phrase of the status line.
    pub(crate) fn reason(&self) -> &[u8] {
        http1::reason(&self.bytes[..self.head.head_len])
    }

    /// Returns the failure that it counts as so far.
    pub(crate) fn failure_text(&self) -> Option<&str> {
        self.failure.as_deref()
    }
}

impl Drop for Response {
    fn drop(&mut self) {
        self.count();
        self.context.recycle(std::mem::take(&mut self.bytes));
        if let Request::Own(request) = std::mem::take(&mut self.request) {
            self.context.recycle_request(request);
        }
    }
}
