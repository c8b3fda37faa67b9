//! How a session makes a connection: look-up, connect, TLS handshake, each within its timeout.

use std::time::Instant;

use super::attempt::Attempt;
use super::exchange::Connections;
use crate::reactor::{Socket, TimedOut};
use crate::session::failure::{Failure, RequestPhase};
use crate::session::request::authority::without_zone;
use crate::stats::{Extra, Limit, Phases, WireBytes};
use crate::transport::Stream;

impl Connections {
    /// Makes a connection. Returns its position in the pool.
    pub(super) async fn connect(&mut self, attempt: &Attempt<'_>) -> Result<usize, Failure> {
        // On the heap, because otherwise every user's future would be as large as this one.
        let stream = Box::pin(self.open_stream(attempt)).await?;
        Ok(self.open.add(attempt.request.origin.route.clone(), stream))
    }

    async fn open_stream(&mut self, attempt: &Attempt<'_>) -> Result<Stream, Failure> {
        let Attempt { context, outbound, .. } = *attempt;
        let origin = &attempt.request.origin;
        let limit = outbound.settings.timeouts.connect;
        let mut lap = Instant::now();
        let by = attempt.deadline(lap, limit);
        let route = &origin.route;
        if !route.is_looked_up() {
            let look_up = Box::pin(route.look_up(context.network()));
            let resolved = self.timeout.until(by, look_up).await;
            let dns = attempt.lap(&mut lap);
            attempt.record(Phases { dns, ..Phases::default() }, WireBytes::default());
            resolved.map_err(|TimedOut| attempt.timed_out(RequestPhase::Resolve, by, limit))??;
        }
        let connect = route.connect(context.network(), &attempt.policy().tcp);
        let connected = self.timeout.until(by, Box::pin(connect)).await;
        let took = attempt.lap(&mut lap);
        attempt.record(Phases { connect: took, ..Phases::default() }, WireBytes::default());
        let timed_out = |TimedOut| route.blame(attempt.timed_out(RequestPhase::Connect, by, limit));
        let socket = connected.map_err(timed_out)??;
        context.recorder.borrow_mut().count(outbound.entry, Extra::Connection);
        if origin.secure {
            self.handshake(attempt, socket, lap).await
        } else {
            Ok(Stream::Plain(socket))
        }
    }

    /// Makes the TLS handshake on a new connection.
    async fn handshake(
        &mut self,
        attempt: &Attempt<'_>,
        socket: Socket,
        mut lap: Instant,
    ) -> Result<Stream, Failure> {
        let Attempt { context, outbound, .. } = *attempt;
        let tls = &outbound.defaults.tls;
        let host = without_zone(attempt.request.origin.host());
        let limit = outbound.settings.timeouts.tls;
        let by = attempt.deadline(lap, limit);
        let handshake = Box::pin(tls.connect(socket, host, &mut self.tls));
        let result = self.timeout.until(by, handshake).await;
        let took = attempt.lap(&mut lap);
        let made = result.as_ref().ok().and_then(|result| result.as_ref().ok());
        let wire = made.map_or_else(WireBytes::default, |(stream, _)| {
            let (sent, received) = stream.handshake_bytes();
            WireBytes { sent, received }
        });
        attempt.record(Phases { tls: took, ..Phases::default() }, wire);
        let result =
            result.map_err(|TimedOut| attempt.timed_out(RequestPhase::Handshake, by, limit))?;
        let (stream, resumed) =
            result.map_err(|error| Failure::of_stream(error, RequestPhase::Handshake))?;
        let mut recorder = context.recorder.borrow_mut();
        let kind = if resumed { Extra::ResumedHandshake } else { Extra::FullHandshake };
        recorder.count(outbound.entry, kind);
        if tls.is_insecure() {
            recorder.hit(Limit::UncheckedServer);
        }
        Ok(Stream::Tls(Box::new(stream)))
    }
}
