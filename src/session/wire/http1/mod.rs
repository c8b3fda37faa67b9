//! HTTP/1.1: one exchange after another on a connection.
//!
//! The pool lends a connection ([`Lent`]). [`exchange`] sends the request and waits for the response,
//! no longer than [`Deadlines`] allows. [`IncomingResponse`] reads it.

mod deadlines;
mod incoming_response;

use super::attempt::Attempt;
use super::exchange_guard::ExchangeGuard;
use super::received::Received;
use super::session_user::SessionUser;
use crate::reactor::{Alarm, TimedOut};
use crate::session::connection::pool::Lent;
use crate::session::failure::Failure;
use deadlines::Deadlines;
use incoming_response::IncomingResponse;

/// Sends a request on a connection and waits for its response. The connection is kept if another
/// request may follow.
pub(super) async fn exchange(
    attempt: &Attempt<'_>,
    user: &SessionUser,
    connection: Lent<'_>,
    alarm: &mut Alarm,
) -> Result<Received, Failure> {
    let Attempt { context, request, .. } = *attempt;
    let may_keep = attempt.policy().keeps_after(connection.requests());
    // A new connection has been ready since the turn that made it, another since the exchange started.
    let ready = context.reactor.now().max(attempt.started);
    let mut guard = ExchangeGuard::new(attempt, connection, ready);
    let (stream, metrics) = guard.parts();
    metrics.wire.sent = user.with_client_state(|state| request.send(context, state, stream));
    let mut response = IncomingResponse::new(attempt);
    let mut deadlines = Deadlines::new(attempt, ready);
    loop {
        if deadlines.releases_body(attempt, &response) {
            metrics.wire.sent += request.send_separate_body(context, stream);
        }
        match alarm.until(deadlines.next(attempt, &response), stream.receive()).await {
            Ok(received) => {
                if response.read(attempt, received, metrics)? {
                    break;
                }
                deadlines.heard(context.reactor.now());
            }
            Err(TimedOut) => deadlines.expired(attempt, &response)?,
        }
    }
    metrics.response_ended();
    // A response may come before the body has been sent. A server that has not read all of the body
    // would take the next request for the rest of it (RFC 9112 section 9.3).
    let is_sent =
        request.separate_body.is_none() || deadlines.has_released_body() && stream.is_sent();
    // A connection to an origin that is not kept would never be found again.
    let is_found_again = request.origin.remembered;
    guard.reusable = may_keep && is_found_again && is_sent && response.keeps_alive();
    let received = response.into_received(attempt);
    user.update(attempt, &received);
    Ok(received)
}
