//! The exchanges that follow from a response: redirects, answers to challenges, and sends without
//! `Expect`.

use super::attempt::{Attempt, Outbound};
use super::context::Context;
use super::exchange::Connections;
use super::received::Received;
use super::redirect::{is_redirect, location};
use super::rendered::Rendered;
use super::session_user::SessionUser;
use super::trail::{Redirect, Trail};
use crate::session::failure::Failure;
use crate::session::failure::redirect::RedirectError;
use crate::stats::Extra;

impl Outbound<'_> {
    /// Returns whether a response of this status may have a follow-up.
    pub(in crate::session) fn may_have_follow_up(&self, status: u16) -> bool {
        (self.follows && is_redirect(status))
            || (status == 401 && self.first.credentials.is_some())
            || status == 417
    }
}

impl Connections {
    /// Makes the exchanges that follow from the first response, and returns the last response. All of them
    /// belong to one sample, and each is counted when it is sent.
    pub(in crate::session) async fn follow_up(
        &mut self,
        first: &Attempt<'_>,
        user: &SessionUser,
        mut received: Received,
    ) -> Result<Received, Failure> {
        let Attempt { context, outbound, deadline, .. } = *first;
        let mut latest: Option<Rendered> = None;
        let mut trail = outbound.keeps_trail.then(Box::<Trail>::default);
        let (mut redirects, mut is_answered) = (0, false);
        loop {
            let request = latest.as_ref().unwrap_or(outbound.first);
            let status = received.head.status;
            let extra = if answers_challenge(context, user, request, &received, is_answered) {
                is_answered = true;
                Extra::Challenge
            } else if let Some(location) =
                location(&received.head, &received.bytes).filter(|_| outbound.follows)
            {
                let failed = |error| Failure::Redirect { status, error };
                if redirects == outbound.settings.redirects_max {
                    return Err(failed(RedirectError::TooMany(redirects)));
                }
                let next = request.redirected(context, outbound.defaults, status, location);
                let mut next = next.map_err(failed)?;
                if let Some(own) = &outbound.settings.cookies {
                    next = next.with_cookies(context, user, own);
                }
                if let Some(trail) = &mut trail {
                    let head = received.head_bytes();
                    trail.redirects.push(Redirect::new(context, request, status, head));
                }
                latest = Some(next);
                (redirects, is_answered) = (redirects + 1, false);
                Extra::Redirect
            } else if status == 417 {
                let Some(next) = request.without_expect(context) else { break };
                latest = Some(next);
                Extra::WithoutExpect
            } else {
                break;
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
            received = self.exchange(&attempt, user).await?;
        }
        received.trail = trail.map(|trail| Box::new(Trail { last: latest, ..*trail }));
        Ok(received)
    }
}

/// Returns whether the response is a challenge that the next send answers. Each request is answered
/// once: after that, a 401 means that the credentials are wrong.
fn answers_challenge(
    context: &Context,
    user: &SessionUser,
    request: &Rendered,
    received: &Received,
    is_answered: bool,
) -> bool {
    let is_challenge = received.head.status == 401 && !is_answered;
    let (from, head) = (request.recipient(context), received.head_bytes());
    is_challenge
        && user.with_client_state(|state| state.accept_challenge(&from, head, || user.random()))
}
