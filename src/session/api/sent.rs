//! The request of a response, as it was sent.

use crate::session::wire::context::Context;
use crate::session::wire::rendered::Rendered;

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
