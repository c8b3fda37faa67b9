//! A rendered request: the form in which all requests are sent, constant or not.

use std::ops::Range;
use std::rc::Rc;

use http::Method;

use super::content::{Content, SeparateBody};
use super::context::Context;
use crate::reactor::KeptBytes;
use crate::session::connection::origin::Origin;
use crate::session::identity::client_state::{ClientState, Recipient};
use crate::session::request::auth::Credentials;
use crate::transport::Stream;

/// A request as it is sent, but for the lines of its user's client state: cookies and the answer to a
/// challenge are inserted before the blank line at the end of its head.
#[derive(Debug)]
pub(in crate::session) struct Rendered {
    pub(in crate::session) origin: Rc<Origin>,
    pub(in crate::session) method: Method,
    /// The host of a `Host` header, in place of the origin's.
    pub(in crate::session) host: Option<String>,
    /// Whether the user's cookies are sent with it.
    pub(in crate::session) takes_cookies: bool,
    /// User and password for the challenges of its server.
    pub(in crate::session) credentials: Option<Rc<Credentials>>,
    /// The head and, unless it is sent separately, the body.
    pub(in crate::session) text: Text,
    /// Where path and query are in the text.
    pub(in crate::session) target: Range<usize>,
    /// Where the blank line begins.
    pub(in crate::session) blank: usize,
    /// The body, where it is not in the text.
    pub(in crate::session) separate_body: Option<SeparateBody>,
}

/// The bytes of a request.
#[derive(Debug)]
pub(in crate::session) enum Text {
    /// Kept by the reactor and sent from there: those of a constant request.
    Kept(KeptBytes),
    /// Copied for each send.
    Own(Vec<u8>),
}

impl Rendered {
    /// Returns an empty request to an origin, to be rendered.
    pub(in crate::session) fn unwritten(origin: Rc<Origin>) -> Self {
        Rendered {
            origin,
            method: Method::GET,
            host: None,
            takes_cookies: false,
            credentials: None,
            text: Text::Own(Vec::new()),
            target: 0..0,
            blank: 0,
            separate_body: None,
        }
    }

    /// Has the reactor keep the bytes until it ends, for any number of sends.
    pub(in crate::session) fn kept(self, context: &Context) -> Self {
        let text = match self.text {
            Text::Own(bytes) => Text::Kept(context.reactor.keep(bytes)),
            kept => kept,
        };
        Rendered { text, separate_body: self.separate_body.map(|body| body.kept(context)), ..self }
    }

    /// Takes the bytes out, to reuse their memory.
    pub(super) fn take_text(&mut self) -> Vec<u8> {
        match &mut self.text {
            Text::Own(bytes) => std::mem::take(bytes),
            Text::Kept(_) => Vec::new(),
        }
    }

    pub(in crate::session) fn bytes<'r>(&'r self, context: &'r Context) -> &'r [u8] {
        match &self.text {
            Text::Kept(kept) => context.reactor.kept(*kept),
            Text::Own(bytes) => bytes,
        }
    }

    /// Returns the names and values of the header lines.
    pub(in crate::session) fn lines<'r>(
        &'r self,
        context: &'r Context,
    ) -> impl Iterator<Item = (&'r [u8], &'r [u8])> + Clone {
        lines(&self.bytes(context)[..self.blank])
    }

    /// Returns the URL that it is sent to, without user and password.
    pub(in crate::session) fn url(&self, context: &Context) -> String {
        let scheme = if self.origin.secure { "https" } else { "http" };
        format!("{scheme}://{}{}", self.origin.authority, self.recipient(context).target)
    }

    /// Returns the body, wherever it is.
    pub(in crate::session) fn content(&self, context: &Context) -> Content {
        match &self.separate_body {
            Some(body) => body.content.clone(),
            None => Content::from(self.bytes(context)[self.blank + 2..].to_vec()),
        }
    }

    /// Returns the recipient, for the user's client state.
    pub(in crate::session) fn recipient<'r>(&'r self, context: &'r Context) -> Recipient<'r> {
        let target = &self.bytes(context)[self.target.clone()];
        Recipient {
            origin: &self.origin,
            host: self.host.as_deref().unwrap_or(self.origin.host()),
            method: self.method.as_str(),
            // A target is escaped, so it is ASCII.
            target: str::from_utf8(target).unwrap_or_default(),
            takes_cookies: self.takes_cookies,
            credentials: self.credentials.as_ref(),
        }
    }

    /// Returns whether the body waits for `100 Continue`.
    pub(in crate::session) fn waits_for_continue(&self) -> bool {
        self.separate_body.as_ref().is_some_and(|body| body.expects)
    }

    /// Returns the length of the separate body.
    pub(in crate::session) fn separate_body_len(&self) -> usize {
        self.separate_body.as_ref().map_or(0, |body| body.content.len())
    }

    /// Sends the request, but not a body that waits for `100 Continue`. Returns the number of bytes on the
    /// wire.
    pub(in crate::session) fn send(
        &self,
        context: &Context,
        memory: &mut ClientState,
        stream: &mut Stream,
    ) -> u64 {
        let has_lines = memory.has_lines(|| self.recipient(context), || context.unix_time());
        let head = match &self.text {
            Text::Kept(kept) if !has_lines => match self.separate_body {
                None => return stream.send_kept(*kept),
                Some(_) => stream.send_kept_behind(*kept),
            },
            _ => {
                let (head, rest) = self.bytes(context).split_at(self.blank);
                let mut text = context.reactor.buffer();
                text.extend_from_slice(head);
                if has_lines {
                    memory.write_lines(&self.recipient(context), context.unix_time(), &mut text);
                }
                text.extend_from_slice(rest);
                if self.separate_body.is_some() {
                    stream.send_behind(text)
                } else {
                    stream.send(text)
                }
            }
        };
        if self.waits_for_continue() {
            head
        } else {
            head + self.send_separate_body(context, stream)
        }
    }

    /// Sends the separate body, if there is one. Returns the number of bytes on the wire.
    pub(in crate::session) fn send_separate_body(
        &self,
        context: &Context,
        stream: &mut Stream,
    ) -> u64 {
        self.separate_body.as_ref().map_or(0, |body| body.content.send(context, stream))
    }
}

/// Returns the header lines of a head, without its first line.
fn lines(head: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> + Clone {
    let first = head.iter().position(|&byte| byte == b'\n').map_or(head.len(), |end| end + 1);
    header_lines(&head[first..])
}

/// Returns the names and values of header lines.
pub(in crate::session) fn header_lines(
    lines: &[u8],
) -> impl Iterator<Item = (&[u8], &[u8])> + Clone {
    lines.split(|&byte| byte == b'\n').filter_map(|line| {
        let line = line.strip_suffix(b"\r")?;
        let colon = line.iter().position(|&byte| byte == b':')?;
        Some((&line[..colon], line[colon + 1..].trim_ascii_start()))
    })
}
