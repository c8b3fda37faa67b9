//! Serves a connection.

use std::cell::RefCell;
use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Options;
use super::constant_responses::ConstantResponses;
use super::counters::CoreCounters;
use super::faults::Faults;
use super::outbox::Outbox;
use super::request_reader::{NextStep, RequestReader, Shared};
use super::script::Script;
use crate::reactor::{Chunk, Reactor, Socket};

/// How long a refused peer may go on sending.
const DRAIN: Duration = Duration::from_secs(1);

/// What the connections of a core share.
#[derive(Debug)]
pub(super) struct Core {
    pub(super) reactor: Rc<Reactor>,
    pub(super) options: Options,
    pub(super) counters: Arc<CoreCounters>,
    pub(super) answers: ConstantResponses,
    pub(super) faults: RefCell<Faults>,
    pub(super) script: Option<Arc<Script>>,
}

/// Serves one connection to its end.
pub(super) async fn serve(socket: Socket, core: Rc<Core>) {
    let mut request_reader = RequestReader::default();
    let mut out = Outbox::default();
    let shared = core.shared();
    loop {
        let mut then = match core.receive(&socket).await {
            Ok(Some(piece)) => request_reader.feed(&piece, &shared, &mut out),
            Ok(None) | Err(_) => return,
        };
        let mut arrived = core.reactor.now();
        loop {
            // All responses to what has been received go into one send.
            while then == NextStep::Receive && !socket.is_quiet() {
                then = match socket.receive().await {
                    Ok(Some(piece)) => request_reader.feed(&piece, &shared, &mut out),
                    Ok(None) => NextStep::Close,
                    Err(_) => return,
                };
            }
            core.hold(arrived, &out).await;
            if then != NextStep::Send {
                break;
            }
            core.send_and_wait(&socket, &mut out).await;
            // Requests that had to wait for this send count as arriving now.
            arrived = core.reactor.now();
            then = request_reader.feed(&[], &shared, &mut out);
        }
        if then == NextStep::Receive {
            core.send(&socket, &mut out).await;
            continue;
        }
        core.send_and_wait(&socket, &mut out).await;
        if then == NextStep::Refuse {
            core.drain(&socket).await;
        }
        return;
    }
}

impl Core {
    fn shared(&self) -> Shared<'_> {
        Shared {
            answers: &self.answers,
            counters: &self.counters,
            faults: &self.faults,
            close: self.options.close,
        }
    }

    /// Receives the next piece. The idle timeout counts as the end of the connection.
    async fn receive<'s>(&self, socket: &'s Socket) -> io::Result<Option<Chunk<'s>>> {
        match self.options.idle_timeout {
            None => socket.receive().await,
            Some(idle) => {
                let deadline = Instant::now() + idle;
                self.reactor.until(deadline, socket.receive()).await.unwrap_or(Ok(None))
            }
        }
    }

    /// Waits until the script lets the responses be sent.
    async fn hold(&self, arrived: Instant, out: &Outbox) {
        if let Some(script) = self.script.as_ref().filter(|_| !out.is_empty()) {
            self.reactor.sleep_until(script.due(arrived, out.answers())).await;
        }
    }

    /// Sends the responses after earlier ones. If more requests have been received, the next send may follow
    /// in the same turn; then this must be a send that can be waited for, or the next could overtake it.
    async fn send(&self, socket: &Socket, out: &mut Outbox) {
        socket.sent().await;
        // Before the bytes go out, which may be at once: a client that has its response is counted.
        self.counters.responses(out.answers());
        match socket.is_quiet() {
            true => out.send(socket, &self.answers),
            false => out.send_counted(socket, &self.answers),
        }
    }

    /// Sends the responses and waits until the kernel has taken them.
    async fn send_and_wait(&self, socket: &Socket, out: &mut Outbox) {
        socket.sent().await;
        self.counters.responses(out.answers());
        out.send_counted(socket, &self.answers);
        socket.sent().await;
    }

    /// Shuts down the sending side and discards what is still received.
    async fn drain(&self, socket: &Socket) {
        socket.shut();
        let rest = async { while let Ok(Some(_)) = socket.receive().await {} };
        // A peer that goes on sending for too long loses its response.
        let _ = self.reactor.until(Instant::now() + DRAIN, rest).await;
    }
}
