//! What the page asks the command to do, because only the command starts runs.

use tokio::sync::oneshot;

use super::form::{FieldError, StartForm};

/// The number of the run that was started, or what is wrong with the form.
pub(super) type Started = Result<u64, Vec<FieldError>>;

/// An action of the command.
#[derive(Debug)]
pub(crate) enum Action {
    /// Starts a run and replies. No other run can be started before the reply.
    Start(Box<StartForm>, StartReply),
    /// Ends the command.
    Quit,
}

/// Sends the outcome of a start to the handler that waits for it.
#[derive(Debug)]
pub(crate) struct StartReply(oneshot::Sender<Started>);

impl Action {
    /// Makes a start, and the receiver of its outcome.
    pub(super) fn start(form: StartForm) -> (Self, oneshot::Receiver<Started>) {
        let (sender, receiver) = oneshot::channel();
        (Action::Start(Box::new(form), StartReply(sender)), receiver)
    }
}

impl StartReply {
    /// Sends the outcome. It is dropped where the handler is gone, because the client has closed its
    /// connection.
    pub(crate) fn send(self, outcome: Started) {
        let _ = self.0.send(outcome);
    }
}
