//! The redirects that led to a response.

use super::context::Context;
use super::rendered::Rendered;
use crate::http1;

/// The redirects that a request followed, and the request that was sent last. It is kept for those who ask
/// for it: most look at the last response only.
#[derive(Debug, Default)]
pub(in crate::session) struct Trail {
    pub(in crate::session) redirects: Vec<Redirect>,
    /// The last request, unless it is the first one.
    pub(in crate::session) last: Option<Rendered>,
}

/// A response that was a redirect, without its body.
#[derive(Debug)]
pub(crate) struct Redirect {
    /// The URL that redirected.
    pub(crate) url: String,
    /// Its status.
    pub(crate) status: u16,
    head: Vec<u8>,
}

impl Redirect {
    pub(in crate::session) fn new(
        context: &Context,
        request: &Rendered,
        status: u16,
        head: &[u8],
    ) -> Self {
        Redirect { url: request.url(context), status, head: head.to_vec() }
    }

    /// Returns all headers in the order in which they came.
    pub(crate) fn headers(&self) -> impl Iterator<Item = (&str, &[u8])> {
        http1::headers(&self.head)
    }
}
