//! HTTP/1.1: one exchange after the other on a connection.
//!
//! Who owns the connection lends it ([`Lent`]); [`exchange`] waits for what comes, as long as
//! [`Patience`] says; [`Answer`] reads it.

mod answer;
mod patience;

use super::attempt::Attempt;
use super::carried::Carried;
use super::received::Received;
use super::sender::Sender;
use crate::reactor::{Alarm, TimedOut};
use crate::session::connection::pool::Lent;
use crate::session::failure::Failure;
use answer::Answer;
use patience::Patience;

/// Sends a request on a connection and waits for its response. The connection is kept for the next
/// one where that may follow.
pub(super) async fn exchange(
    attempt: &Attempt<'_>,
    sender: &Sender,
    connection: Lent<'_>,
    alarm: &mut Alarm,
) -> Result<Received, Failure> {
    let Attempt { context, request, .. } = *attempt;
    let may_keep = attempt.policy().keeps_after(connection.requests());
    // Ready is a connection with the turn that made it, or else when the exchange started.
    let ready = context.reactor.now().max(attempt.started);
    let mut carried = Carried::new(attempt, connection, ready);
    let (stream, tally) = carried.parts();
    tally.wire.sent = sender.remember(|memory| request.send(context, memory, stream));
    let mut answer = Answer::new(attempt);
    let mut patience = Patience::new(attempt, ready);
    loop {
        if patience.lets_body_go(attempt, &answer) {
            tally.wire.sent += request.send_apart(context, stream);
        }
        match alarm.until(patience.ends(attempt, &answer), stream.receive()).await {
            Ok(came) => {
                if answer.read(attempt, came, tally)? {
                    break;
                }
            }
            Err(TimedOut) => patience.is_over(attempt, &answer)?,
        }
    }
    tally.is_whole();
    // An answer may come before the body has been sent, and a server that has not read all of it
    // takes what follows for its rest (RFC 9112 section 9.3).
    let is_sent = request.apart.is_none() || patience.has_let_body_go() && stream.is_sent();
    // A connection to an origin that is not remembered would never be found again.
    let is_found = request.origin.remembered;
    carried.keeps = may_keep && is_found && is_sent && answer.leaves_open();
    let received = answer.received(attempt);
    sender.learn(attempt, &received);
    Ok(received)
}
