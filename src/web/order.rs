//! What somebody asks for that the page cannot do itself.

use tokio::sync::oneshot;

use super::start::{Fault, Start};

/// Something for the command to do.
#[derive(Debug)]
pub enum Order {
    /// Start a run, and say what became of it. Nobody else can until then.
    Start(Box<Start>, Answer),
    /// End.
    Quit,
}

/// Where it is waited for what became of an order.
#[derive(Debug)]
pub struct Answer(oneshot::Sender<Result<u64, Vec<Fault>>>);

impl Order {
    /// A run that is asked for, and where its number will be.
    pub(super) fn start(start: Start) -> (Self, oneshot::Receiver<Result<u64, Vec<Fault>>>) {
        let (sender, receiver) = oneshot::channel();
        (Order::Start(Box::new(start), Answer(sender)), receiver)
    }
}

impl Answer {
    /// The number of the run that has begun, or why there is none. Nobody may be there any more to
    /// hear it.
    pub fn give(self, answer: Result<u64, Vec<Fault>>) {
        let _ = self.0.send(answer);
    }
}
