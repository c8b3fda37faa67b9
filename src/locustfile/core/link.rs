//! A core process's way to the command: calls of Python's and their answers, and orders.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use crossbeam_channel::Sender;
use rustix::process::{Signal, getpid, kill_process};
use serde_json::Value;

use crate::control::Control;
use crate::locustfile::clock;
use crate::locustfile::connection::Connection;
use crate::locustfile::interpreter::{Answer, Caller};
use crate::locustfile::message::{Call, FromCore, ToCore};

/// What the first thread has to do.
pub(super) enum Order {
    /// `test_start` is to be fired, with these details.
    TestStart(Value),
    /// The run begins at this instant.
    Begin(Instant),
    /// Listeners are to be told something.
    Tell(News),
}

/// What listeners are told during a run.
pub(super) enum News {
    /// An event, with its details.
    Event(String, Value),
    /// A message of `send_message`.
    Message(Value),
}

/// The way to the command.
pub(super) struct Link {
    outbox: Mutex<Option<Sender<FromCore>>>,
    calls: AtomicU64,
    /// What takes the answers to calls that have none yet.
    waiting: Mutex<HashMap<u64, Answer>>,
}

impl Link {
    pub(super) fn new(outbox: Sender<FromCore>) -> Self {
        let outbox = Mutex::new(Some(outbox));
        Link { outbox, calls: AtomicU64::new(0), waiting: Mutex::default() }
    }

    /// Sends a message. After [`Link::close`] it goes nowhere.
    pub(super) fn send(&self, message: FromCore) {
        if let Some(outbox) = &*locked(&self.outbox) {
            let _ = outbox.send(message);
        }
    }

    /// Sends nothing any more.
    pub(super) fn close(&self) {
        *locked(&self.outbox) = None;
    }

    /// Receives what comes from the command, for as long as the process lives. Without a command nobody
    /// wants its figures, so it ends at once, whatever Python does.
    pub(super) fn receive(
        &self,
        connection: &Connection,
        control: &Control,
        orders: &Sender<Order>,
    ) {
        while let Ok(Some(message)) = connection.receive() {
            let order = match message {
                ToCore::TestStart(details) => Order::TestStart(details),
                ToCore::Begin { at } => Order::Begin(clock::from_clock(at)),
                ToCore::Event { event, details } => Order::Tell(News::Event(event, details)),
                ToCore::Message(message) => Order::Tell(News::Message(message)),
                ToCore::Change(change) => {
                    control.follow(change);
                    continue;
                }
                ToCore::Stop => {
                    control.stop();
                    continue;
                }
                ToCore::Answer(answer) => {
                    let waiting = locked(&self.waiting).remove(&answer.id);
                    waiting.into_iter().for_each(|waiting| waiting(answer.result.clone()));
                    continue;
                }
                ToCore::Plan(_) => continue,
            };
            // The first thread may have no more use for it.
            let _ = orders.send(order);
        }
        let _ = kill_process(getpid(), Signal::KILL);
    }
}

impl Caller for Link {
    fn call(&self, name: &str, details: Value, answer: Answer) {
        let id = self.calls.fetch_add(1, Ordering::Relaxed);
        locked(&self.waiting).insert(id, answer);
        self.send(FromCore::Call(Call { id, name: name.to_owned(), details }));
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
