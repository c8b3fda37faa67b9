//! One connection, from the accept to the close.

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

/// How long a peer may go on sending after it was refused.
const DRAIN: Duration = Duration::from_secs(1);

/// What the connections of a core have in common.
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
            // One send for all that has come.
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
            // What had to wait until these were taken arrives only now, as far as the server goes.
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

    /// The next piece; the end as well when nothing came for too long.
    async fn receive<'s>(&self, socket: &'s Socket) -> io::Result<Option<Chunk<'s>>> {
        match self.options.idle_timeout {
            None => socket.receive().await,
            Some(idle) => {
                let deadline = Instant::now() + idle;
                self.reactor.until(deadline, socket.receive()).await.unwrap_or(Ok(None))
            }
        }
    }

    /// Waits until the answers to what has arrived may leave.
    async fn hold(&self, arrived: Instant, out: &Outbox) {
        if let Some(script) = self.script.as_ref().filter(|_| !out.is_empty()) {
            self.reactor.sleep_until(script.due(arrived, out.answers())).await;
        }
    }

    /// Sends after what was sent before. Where more has come already, the next send may follow in
    /// the same turn, and then only one that counts keeps it from overtaking.
    async fn send(&self, socket: &Socket, out: &mut Outbox) {
        socket.sent().await;
        let answers = match socket.is_quiet() {
            true => out.send(socket, &self.answers),
            false => out.send_counted(socket, &self.answers),
        };
        self.counters.responses(answers);
    }

    /// Sends and comes back when the kernel has taken all of it.
    async fn send_and_wait(&self, socket: &Socket, out: &mut Outbox) {
        socket.sent().await;
        self.counters.responses(out.send_counted(socket, &self.answers));
        socket.sent().await;
    }

    /// Closes our side and throws away what still comes.
    async fn drain(&self, socket: &Socket) {
        socket.shut();
        let rest = async { while let Ok(Some(_)) = socket.receive().await {} };
        // A peer that goes on for too long loses its answer.
        let _ = self.reactor.until(Instant::now() + DRAIN, rest).await;
    }
}
