//! Where a request goes, and its bytes on the way there.

use std::rc::Rc;

use http::Method;

use super::content::Apart;
use super::context::Context;
use super::cookies::Place;
use super::digest::Credentials;
use super::memory::Memory;
use super::origin::Origin;
use super::render::Outline;
use crate::reactor::Kept;
use crate::transport::Stream;

/// Where a request goes, and what a user's memory has to know of it.
#[derive(Debug, Clone)]
pub(super) struct Envelope {
    pub(super) origin: Rc<Origin>,
    pub(super) method: Method,
    /// Path and query, as they are sent.
    pub(super) target: String,
    /// The host that a `Host` header names, in place of the origin's.
    pub(super) host: Option<String>,
    /// Whether the user's cookies go with it.
    pub(super) takes_cookies: bool,
    /// User and password for the challenges of its server.
    pub(super) credentials: Option<Rc<Credentials>>,
}

/// A request in the form in which it is sent.
#[derive(Clone, Copy)]
pub(super) struct Message<'r> {
    pub(super) envelope: &'r Envelope,
    pub(super) text: Text<'r>,
    /// The body, where it is not in the text.
    pub(super) apart: Option<Apart<'r>>,
}

/// The bytes of a request, without what its user remembers.
#[derive(Clone, Copy)]
pub(super) enum Text<'r> {
    /// Rendered once, kept by the reactor; the blank line begins at `blank`.
    Kept { text: Kept, blank: usize },
    /// Rendered anew for every send.
    Outline(&'r Outline<'r>),
}

impl Envelope {
    /// Where it goes, as far as cookies are concerned.
    pub(super) fn place(&self) -> Place<'_> {
        Place {
            host: self.host.as_deref().unwrap_or(self.origin.host()),
            path: self.target.split('?').next().unwrap_or_default(),
            is_secure: self.origin.secure,
        }
    }
}

impl<'r> Message<'r> {
    /// One that is rendered for each send.
    pub(super) fn of(outline: &'r Outline<'r>, context: &Context) -> Self {
        let apart = outline.apart(context);
        Message { envelope: &outline.envelope, text: Text::Outline(outline), apart }
    }

    /// Whether the body waits for `100 Continue`.
    pub(super) fn waits_to_be_asked(&self) -> bool {
        self.apart.is_some_and(|apart| apart.expects)
    }

    /// The length of the body that is not in the text.
    pub(super) fn apart_len(&self) -> usize {
        self.apart.map_or(0, |apart| apart.len())
    }

    /// Sends the body that is not in the text, if there is one; how many bytes that takes.
    pub(super) fn send_apart(&self, stream: &mut Stream) -> u64 {
        self.apart.map_or(0, |apart| apart.send(stream))
    }

    /// Sends it, but for a body that waits to be asked for; how many bytes that takes.
    pub(super) fn send(&self, context: &Context, memory: &mut Memory, stream: &mut Stream) -> u64 {
        let Message { envelope, text, apart } = self;
        let has_lines = memory.has_lines(envelope, context);
        let head = match *text {
            Text::Kept { text, .. } if !has_lines => match apart {
                None => return stream.send_kept(text),
                Some(_) => stream.send_kept_behind(text),
            },
            Text::Kept { text, blank } => {
                let (head, rest) = context.reactor.kept(text).split_at(blank);
                let mut text = context.reactor.buffer();
                text.extend_from_slice(head);
                memory.write_lines(envelope, context.unix_time(), &mut text);
                text.extend_from_slice(rest);
                if apart.is_some() { stream.send_behind(text) } else { stream.send(text) }
            }
            Text::Outline(outline) => {
                let mut text = context.reactor.buffer();
                let blank = outline.render(&mut text);
                if has_lines {
                    let mut lines = Vec::new();
                    memory.write_lines(envelope, context.unix_time(), &mut lines);
                    text.splice(blank..blank, lines);
                }
                if apart.is_some() { stream.send_behind(text) } else { stream.send(text) }
            }
        };
        if self.waits_to_be_asked() { head } else { head + self.send_apart(stream) }
    }
}
