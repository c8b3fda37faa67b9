//! The exchanges of a session: over a connection that is open, or a new one.

use super::attempt::Attempt;
use super::context::Context;
use super::http1;
use super::received::Received;
use super::sender::Sender;
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

    /// Closes those that are open, and gives back whatever the next request does not need to find:
    /// many users may wait now.
    pub(in crate::session) fn close(&mut self) {
        self.open.close();
        self.timeout.cancel();
    }

    /// Sends the request, on a new connection once more where a kept-alive one turns out to be dead.
    /// Both happen inside the request's one clock, and the second send is counted.
    pub(in crate::session) async fn exchange(
        &mut self,
        attempt: &Attempt<'_>,
        sender: &Sender,
    ) -> Result<Received, Failure> {
        let Attempt { context, outbound, request, .. } = *attempt;
        let mut extra = attempt.extra;
        let mut kept = self.open.take_up(&request.origin.route, request.apart_len());
        loop {
            let position = match kept {
                Some(position) => position,
                None => self.connect(attempt).await?,
            };
            // Only now: where no connection is made, nothing is sent another time.
            if let Some(extra) = extra.take() {
                context.recorder.borrow_mut().count(outbound.entry, extra);
            }
            // The seam: another protocol is another function here, for connections that speak it.
            let lent = self.open.lend(position);
            let failure = match http1::exchange(attempt, sender, lent, &mut self.timeout).await {
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
