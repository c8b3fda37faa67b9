//! A request's way over several exchanges: redirects followed, challenges answered, expectations
//! dropped.

use super::attempt::{Attempt, Outbound};
use super::context::Context;
use super::exchange::Connections;
use super::received::Received;
use super::redirect::{is_redirect, location};
use super::rendered::Rendered;
use super::sender::Sender;
use crate::session::failure::Failure;
use crate::session::failure::redirect::{REDIRECTS_MAX, RedirectError};
use crate::stats::Extra;

impl Outbound<'_> {
    /// Whether a response of this status may not be the last.
    pub(in crate::session) fn may_go_on(&self, status: u16) -> bool {
        (self.follows && is_redirect(status))
            || (status == 401 && self.first.credentials.is_some())
            || status == 417
    }
}

impl Connections {
    /// Makes the exchanges that follow from a request's first, up to the one whose response is the
    /// request's. All of them happen inside its one clock, and each is counted where it is sent.
    pub(in crate::session) async fn go_on(
        &mut self,
        first: &Attempt<'_>,
        sender: &Sender,
        mut received: Received,
    ) -> Result<Received, Failure> {
        let Attempt { context, outbound, deadline, .. } = *first;
        let mut latest: Option<Rendered> = None;
        let (mut redirects, mut is_answered) = (0, false);
        loop {
            let asked = latest.as_ref().unwrap_or(outbound.first);
            let status = received.head.status;
            let extra = if answers_challenge(context, sender, asked, &received, is_answered) {
                is_answered = true;
                Extra::Challenge
            } else if let Some(location) =
                location(&received.head, &received.bytes).filter(|_| outbound.follows)
            {
                let failed = |error| Failure::Redirect { status, error };
                if redirects == REDIRECTS_MAX {
                    return Err(failed(RedirectError::TooMany));
                }
                let next = asked.redirected(context, outbound.defaults, status, location);
                latest = Some(next.map_err(failed)?);
                (redirects, is_answered) = (redirects + 1, false);
                Extra::Redirect
            } else if status == 417 {
                let Some(next) = asked.without_expect(context) else { return Ok(received) };
                latest = Some(next);
                Extra::WithoutExpect
            } else {
                return Ok(received);
            };
            context.recycle(received.bytes);
            let attempt = Attempt {
                context,
                outbound,
                request: latest.as_ref().unwrap_or(outbound.first),
                extra: Some(extra),
                started: context.reactor.now(),
                deadline,
            };
            received = self.exchange(&attempt, sender).await?;
        }
    }
}

/// Whether the response is a challenge that the next send answers. One answer to each request: a
/// second 401 says that it was no good.
fn answers_challenge(
    context: &Context,
    sender: &Sender,
    request: &Rendered,
    received: &Received,
    is_answered: bool,
) -> bool {
    let is_challenge = received.head.status == 401 && !is_answered;
    let (from, head) = (request.recipient(context), received.head_bytes());
    is_challenge
        && sender.remember(|memory| memory.accept_challenge(&from, head, || sender.random()))
}
