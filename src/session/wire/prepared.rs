//! A constant request, rendered once for a core.

use std::time::Duration;

use super::content::Content;
use super::context::Context;
use super::render::{Defaults, RequestParts};
use super::rendered::Rendered;
use crate::http1::KeepBody;
use crate::session::request::Request;
use crate::session::request::base_url::UrlError;
use crate::stats::EntryId;

/// A constant request: rendered once, and sent any number of times without allocating.
#[derive(Debug)]
pub struct Prepared {
    pub(in crate::session) entry: EntryId,
    pub(in crate::session) rendered: Rendered,
    pub(in crate::session) timeout: Duration,
    pub(in crate::session) keep_body: KeepBody,
    /// Whether redirects are followed.
    pub(in crate::session) follows: bool,
}

impl Prepared {
    /// Renders a request of a class of users and adds its entry to the statistics.
    ///
    /// # Errors
    ///
    /// Returns an error if the request has an absolute URL that cannot be used.
    pub fn new(
        context: &Context,
        defaults: &Defaults,
        request: &Request,
        keep_body: KeepBody,
    ) -> Result<Self, UrlError> {
        let content = Content::of(request.body.clone());
        let mut rendered = Rendered::unwritten(defaults.origin.clone());
        RequestParts::of(request).render(context, defaults, content, &mut rendered)?;
        let mut recorder = context.recorder.borrow_mut();
        Ok(Prepared {
            entry: recorder.entry(request.method.as_str(), &request.display_name()),
            rendered: rendered.kept(context),
            timeout: request.timeout.unwrap_or(defaults.policy.timeouts.total),
            keep_body,
            follows: defaults.policy.follows_redirects(&request.method, request.redirects),
        })
    }
}
