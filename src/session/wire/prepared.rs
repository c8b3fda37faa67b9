//! A request whose text never varies, rendered once for a core.

use std::rc::Rc;
use std::time::Duration;

use super::content::Apart;
use super::envelope::{Envelope, Message, Text};
use super::render::{Defaults, Outline};
use crate::http1::KeepBody;
use crate::reactor::Kept;
use crate::session::context::Context;
use crate::session::request::Request;
use crate::session::request::base_url::UrlError;
use crate::stats::EntryId;

/// A constant request, ready to be sent any number of times without rendering or allocating.
#[derive(Debug, Clone)]
pub struct Prepared {
    pub(in crate::session) entry: EntryId,
    /// What it was rendered from, for what follows from its response.
    pub(in crate::session) request: Rc<Request>,
    pub(in crate::session) envelope: Envelope,
    text: Kept,
    /// Where the blank line behind the head begins.
    blank: usize,
    /// The body, where it is not in the text.
    apart: Option<Apart<'static>>,
    pub(in crate::session) timeout: Duration,
    pub(in crate::session) keep_body: KeepBody,
}

impl Prepared {
    /// Renders a request of a class of users and enters its name into the statistics.
    ///
    /// # Errors
    ///
    /// An absolute URL that cannot be used.
    pub fn new(
        context: &Context,
        defaults: &Defaults,
        request: &Request,
        keep_body: KeepBody,
    ) -> Result<Self, UrlError> {
        let outline = Outline::new(context, defaults, request)?;
        let mut text = Vec::new();
        let blank = outline.render(&mut text);
        let apart = outline.apart_for_good(context);
        let mut recorder = context.recorder.borrow_mut();
        Ok(Prepared {
            entry: recorder.entry(request.method.as_str(), &request.display_name()),
            request: Rc::new(request.clone()),
            envelope: outline.envelope,
            text: context.reactor.keep(text),
            blank,
            apart,
            timeout: request.timeout.unwrap_or(defaults.policy.timeouts.total),
            keep_body,
        })
    }

    /// It in the form in which it is sent.
    pub(in crate::session) fn message(&self) -> Message<'_> {
        let text = Text::Kept { text: self.text, blank: self.blank };
        Message { envelope: &self.envelope, text, apart: self.apart }
    }
}
