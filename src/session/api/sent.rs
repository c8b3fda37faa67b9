//! The request of a response, as it was sent.

use std::rc::Rc;

use crate::session::wire::context::Context;
use crate::session::wire::prepared::Prepared;
use crate::session::wire::rendered::Rendered;

/// The first request of a response, as far as that has it.
#[derive(Debug, Default)]
pub(super) enum Request {
    /// A constant one that was not told to keep its trail.
    #[default]
    Unknown,
    Constant(Rc<Prepared>),
    /// One that was rendered for this response alone: it may have credentials of its own.
    Own(Box<Rendered>),
}

impl Request {
    /// Returns it as it was rendered.
    pub(super) fn rendered(&self) -> Option<&Rendered> {
        match self {
            Request::Unknown => None,
            Request::Constant(prepared) => Some(&prepared.rendered),
            Request::Own(rendered) => Some(rendered),
        }
    }

    /// Returns it if it is the response's own.
    pub(super) fn own(&self) -> Option<&Rendered> {
        match self {
            Request::Own(rendered) => Some(rendered),
            _ => None,
        }
    }
}

/// The request that a response answers: the last one, where redirects were followed. The lines of the
/// user's client state, cookies and answers to challenges, are not kept.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sent<'r> {
    pub(super) context: &'r Context,
    pub(super) request: &'r Rendered,
}

impl<'r> Sent<'r> {
    pub(crate) fn method(self) -> &'r str {
        self.request.method.as_str()
    }

    /// Returns the URL, without user and password.
    pub(crate) fn url(self) -> String {
        self.request.url(self.context)
    }

    /// Returns the names and values of the header lines.
    pub(crate) fn headers(self) -> impl Iterator<Item = (&'r [u8], &'r [u8])> {
        self.request.lines(self.context)
    }

    pub(crate) fn body(self) -> Vec<u8> {
        self.request.content(self.context).bytes(self.context).to_vec()
    }
}
