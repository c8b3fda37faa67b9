//! Makes an exchange over an open connection of the session, or over a new one.

use super::attempt::Attempt;
use super::context::Context;
use super::http1;
use super::received::Received;
use super::session_user::SessionUser;
use crate::reactor::Alarm;
use crate::session::connection::pool::Pool;
use crate::session::failure::Failure;
use crate::stats::Extra;
use crate::transport::tls::UserTls;

/// A session's connections, at most one per route. Each stays in its place while it carries a
/// request.
#[derive(Debug)]
pub(in crate::session) struct Connections {
    pub(super) open: Pool,
    pub(super) timeout: Alarm,
    pub(super) tls: UserTls,
}

impl Connections {
    pub(in crate::session) fn new(context: &Context) -> Self {
        Connections {
            open: Pool::default(),
            timeout: Alarm::new(&context.reactor),
            tls: UserTls::default(),
        }
    }

    /// Closes the open connections and frees their memory: the user may wait for a long time.
    pub(in crate::session) fn close(&mut self) {
        self.open.close();
        self.timeout.cancel();
    }

    /// Sends the request and waits for its response. If a kept-alive connection turns out to be dead, the
    /// request is sent once more on a new one, which is counted as a retry of the same sample.
    pub(in crate::session) async fn exchange(
        &mut self,
        attempt: &Attempt<'_>,
        user: &SessionUser,
    ) -> Result<Received, Failure> {
        let Attempt { context, outbound, request, .. } = *attempt;
        let mut extra = attempt.extra;
        let mut kept = self.open.resume(&request.origin.route, request.separate_body_len());
        loop {
            let position = match kept {
                Some(position) => position,
                None => self.connect(attempt).await?,
            };
            // Counted only now: without a connection, nothing is sent again.
            if let Some(extra) = extra.take() {
                context.recorder.borrow_mut().count(outbound.entry, extra);
            }
            // Another protocol would be another function here, for connections that speak it.
            let lent = self.open.lend(position);
            let failure = match http1::exchange(attempt, user, lent, &mut self.timeout).await {
                Ok(received) => return Ok(received),
                Err(failure) => failure,
            };
            let may_try_again = kept.take().is_some()
                && failure.is_dead_connection()
                && request.method.is_idempotent();
            if !may_try_again {
                return Err(failure);
            }
            extra = Some(Extra::Retry);
        }
    }
}
