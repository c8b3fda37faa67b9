//! A response as a task sees it.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::rc::Rc;
use std::slice;
use std::time::Duration;

use http::StatusCode;
use serde::de::DeserializeOwned;

use super::check::{Check, ResponseView, first_failure, has_status_check, needs_body};
use crate::credentials::hidden;
use crate::http1::{self, Head, KeepBody};
use crate::session::body::decoding::{DecodeError, codings};
use crate::session::body::{json, text};
use crate::session::identity::excerpt::excerpt;
use crate::session::identity::secrets::Secrets;
use crate::session::wire::context::Context;
use crate::session::wire::received::Received;
use crate::session::wire::rendered::Rendered;
use crate::stats::{Clocks, EntryId, EntryKey, Outcome, Sample};

/// A whole response. It is counted when it is dropped, so a task can look at it first and call it
/// a [success](Response::success) or a [failure](Response::failure); the last word counts. Without
/// one, the checks decide, and without a check on the status, 400 and above is a failure.
#[derive(Debug)]
pub struct Response {
    context: Rc<Context>,
    /// Whose it is, by the user's number.
    user: u64,
    entry: EntryId,
    clocks: Clocks,
    head: Head,
    body_bytes: u64,
    /// The raw head and, where it was kept, the body behind it as it was transferred.
    bytes: Vec<u8>,
    /// Whether all of the body is there; otherwise its beginning, or nothing.
    is_kept: bool,
    /// What was sent, where it was made on the way: its credentials may be its own.
    request: Option<Box<Rendered>>,
    /// The most bytes that it may have when it is decoded.
    max_body: u64,
    /// The body without its content codings, once somebody has looked at one that has any.
    decoded: OnceCell<Result<Vec<u8>, DecodeError>>,
    failure: Option<Cow<'static, str>>,
    /// The task has said that it is a success, whatever there is to say against it.
    overruled: bool,
}

impl Response {
    pub(in crate::session) fn new(
        context: Rc<Context>,
        user: u64,
        entry: EntryId,
        clocks: Clocks,
        received: Received,
    ) -> Self {
        let Received { head, body_bytes, bytes, is_kept, max_body } = received;
        Response {
            context,
            user,
            entry,
            clocks,
            head,
            body_bytes,
            bytes,
            is_kept,
            request: None,
            max_body,
            decoded: OnceCell::new(),
            failure: None,
            overruled: false,
        }
    }

    /// The status code.
    pub fn status(&self) -> u16 {
        self.head.status
    }

    /// The first header of this name, in any case.
    pub fn header(&self, name: &str) -> Option<&[u8]> {
        http1::header(&self.bytes[..self.head.head_len], name)
    }

    /// All headers in the order they came.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &[u8])> {
        http1::headers(&self.bytes[..self.head.head_len])
    }

    /// The body without its content codings; empty where the request said that it need not be kept.
    /// One that is kept has at most [`Policy::max_body`](crate::session::Policy::max_body) bytes; a longer one
    /// fails the request.
    ///
    /// It is decoded the first time that somebody asks for it: a response that nobody looks into costs
    /// nothing. One that cannot be decoded (`cannot decode the body: bad gzip`), or is too long then
    /// (`decoded body too large`), is empty, and the response a failure from there on.
    pub fn body(&self) -> &[u8] {
        match self.decoded() {
            None => self.transferred(),
            Some(Ok(body)) => body,
            Some(Err(_)) => &[],
        }
    }

    /// The body as it was transferred, content codings and all.
    fn transferred(&self) -> &[u8] {
        if self.is_kept { &self.bytes[self.head.head_len..] } else { &[] }
    }

    /// Says what was sent: a server may repeat its credentials.
    pub(in crate::session) fn answers(&mut self, request: Box<Rendered>) {
        self.request = Some(request);
    }

    /// Tells who follows the users that the response is a failure, and why.
    #[cold]
    fn tell_of(&self, failure: &str) {
        self.context.recorder.borrow_mut().tell(self.user, |recorder| {
            let EntryKey { method, name } = recorder.key(self.entry);
            format!("{method} {name}: fails: {failure}")
        });
    }

    /// How the body begins, where that was kept.
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
                Cow::Owned(decoders.begin(&codings, bytes, KeepBody::BEGINNING))
            }
            _ => Cow::Borrowed(bytes),
        };
        let is_whole = self.is_kept || self.body_bytes <= bytes.len() as u64;
        let of_sent = |request: &Rendered| {
            Secrets::of_sent(request.lines(&self.context), request.credentials.as_deref())
        };
        let own = self.request.as_deref().map(of_sent).unwrap_or_default();
        Some(excerpt(&body, is_whole, &[&self.context.secrets(), &own]))
    }

    /// The decoded body, where there is anything to decode.
    fn decoded(&self) -> Option<Result<&[u8], DecodeError>> {
        // What was not kept, or never was, has nothing to decode.
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

    /// What stands in the way of its body, where somebody has looked at it.
    fn undecodable(&self) -> Option<&DecodeError> {
        self.decoded.get()?.as_ref().err().filter(|_| !self.overruled)
    }

    /// The body as text, by its charset: that of `Content-Type`, or else by its byte order mark, as UTF-8
    /// where it can be, and as ISO-8859-1 otherwise; `application/json` is UTF-8. What is wrong in its
    /// charset is replaced by U+FFFD.
    pub fn text(&self) -> Cow<'_, str> {
        text::text(&self.bytes[..self.head.head_len], self.body(), self.head.other_charset)
    }

    /// The text of the body read as JSON. `NaN`, `Infinity` and `-Infinity`, which Python's `json` reads
    /// and writes though JSON has none, are read as texts.
    ///
    /// # Errors
    ///
    /// What is wrong with it. The request stays a success unless the task says otherwise.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        json::read(&self.text())
    }

    /// From the intended start of the request to the end of the response.
    pub fn latency(&self) -> Duration {
        self.clocks.latency()
    }

    /// Whether the response counts as a success as things stand.
    pub fn is_success(&self) -> bool {
        self.failure.is_none() && self.undecodable().is_none()
    }

    /// Counts the response as a success, whatever its status, its body or the checks say.
    pub fn success(&mut self) {
        self.failure = None;
        self.overruled = true;
    }

    /// Counts the response as a failure under this text. Texts are grouped, so leave out what
    /// differs from request to request.
    pub fn failure(&mut self, message: impl Into<Cow<'static, str>>) {
        self.failure = Some(message.into());
    }

    /// Judges by these checks, and by the status where none of them does.
    pub(in crate::session) fn judge(&mut self, checks: &[Check]) {
        self.failure =
            if checks.is_empty() { status_failure(self.status()) } else { self.judgement(checks) };
    }

    /// The first check that does not hold is the failure. A body that cannot be decoded is one where
    /// the first check looks at it.
    fn judgement(&self, checks: &[Check]) -> Option<Cow<'static, str>> {
        let body = if needs_body(checks) { self.decoded() } else { None };
        let body = body.unwrap_or_else(|| Ok(self.transferred()));
        let looks = |check| needs_body(slice::from_ref(check));
        let first_look = body.err().and_then(|_| checks.iter().position(looks));
        let checks = first_look.map_or(checks, |at| &checks[..at]);
        let view = ResponseView {
            status: self.status(),
            head: &self.bytes[..self.head.head_len],
            body: body.unwrap_or_default(),
            other_charset: self.head.other_charset,
            latency: self.latency(),
        };
        match first_failure(checks, &view) {
            // It may have a value in it that the server sent.
            Some(message) => Some(Cow::Owned(self.context.secrets().mask_text(&message).into())),
            None if body.is_err() || has_status_check(checks) => None,
            None => status_failure(self.status()),
        }
    }
}

/// What is a failure where nobody says otherwise: 400 and above. From 600 on Locust's users disagree:
/// `HttpUser` takes it for a success, `FastHttpUser` for a failure. A client should treat it as a 5xx
/// (RFC 9110 section 15).
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

impl Drop for Response {
    fn drop(&mut self) {
        let undecodable = self.undecodable().map(DecodeError::to_string);
        let fault = self.failure.as_deref().or(undecodable.as_deref()).map(hidden);
        if let Some(message) = &fault {
            self.tell_of(message);
        }
        let outcome = fault.as_deref().map_or(Outcome::Success, Outcome::Failure);
        let body_bytes = match self.decoded.get() {
            Some(Ok(decoded)) => decoded.len() as u64,
            _ => self.body_bytes,
        };
        let (entry, status) = (self.entry, Some(self.head.status));
        let sample = Sample { entry, clocks: self.clocks, body_bytes, status, outcome };
        let is_new = self.context.recorder.borrow_mut().record(sample);
        if let Some(message) = fault.filter(|_| is_new)
            && let Some(body) = self.beginning()
        {
            self.context.recorder.borrow_mut().keep_body(entry, &message, body);
        }
        self.context.recycle(std::mem::take(&mut self.bytes));
        if let Some(request) = self.request.take() {
            self.context.take_back(request);
        }
    }
}
