//! Where a request goes, and its bytes on the way there.

use std::rc::Rc;

use http::Method;

use super::content::Apart;
use super::render::Outline;
use crate::reactor::Kept;
use crate::session::connection::origin::Origin;
use crate::session::context::Context;
use crate::session::identity::cookies::Place;
use crate::session::identity::memory::Memory;
use crate::session::request::auth::Credentials;
use crate::transport::Stream;

/// Where a request goes, and what a user's memory has to know of it.
#[derive(Debug, Clone)]
pub(in crate::session) struct Envelope {
    pub(in crate::session) origin: Rc<Origin>,
    pub(in crate::session) method: Method,
    /// Path and query, as they are sent.
    pub(in crate::session) target: String,
    /// The host that a `Host` header names, in place of the origin's.
    pub(in crate::session) host: Option<String>,
    /// Whether the user's cookies go with it.
    pub(in crate::session) takes_cookies: bool,
    /// User and password for the challenges of its server.
    pub(in crate::session) credentials: Option<Rc<Credentials>>,
}

/// A request in the form in which it is sent.
#[derive(Clone, Copy)]
pub(in crate::session) struct Message<'r> {
    pub(in crate::session) envelope: &'r Envelope,
    pub(in crate::session) text: Text<'r>,
    /// The body, where it is not in the text.
    pub(in crate::session) apart: Option<Apart<'r>>,
}

/// The bytes of a request, without what its user remembers.
#[derive(Clone, Copy)]
pub(in crate::session) enum Text<'r> {
    /// Rendered once, kept by the reactor; the blank line begins at `blank`.
    Kept { text: Kept, blank: usize },
    /// Rendered anew for every send.
    Outline(&'r Outline<'r>),
}

impl Envelope {
    /// Where it goes, as far as cookies are concerned.
    pub(in crate::session) fn place(&self) -> Place<'_> {
        Place {
            host: self.host.as_deref().unwrap_or(self.origin.host()),
            path: self.target.split('?').next().unwrap_or_default(),
            is_secure: self.origin.secure,
        }
    }
}

impl<'r> Message<'r> {
    /// One that is rendered for each send.
    pub(in crate::session) fn of(outline: &'r Outline<'r>, context: &Context) -> Self {
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
    pub(in crate::session) fn send(
        &self,
        context: &Context,
        memory: &mut Memory,
        stream: &mut Stream,
    ) -> u64 {
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
