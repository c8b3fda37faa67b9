//! What the processes of a locustfile say to each other.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::assignment::Assignment;
use super::description::Description;
use super::interpreter::{Load, LoadError, Tick};
use crate::control::ScheduledChange;
use crate::reactor::Backend;
use crate::stats::{Ending, Interval, Versioned};

/// What the command asks of the host, which answers each before the next comes. The host asks its fork server the
/// same for what concerns core processes.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Request {
    /// Carries the socket on which the host asks the command.
    Hello,
    /// Loads the files, or takes options and arguments; [`Response::Loaded`].
    Load(Load),
    /// Fires an event; [`Response::Answered`].
    Fire { event: String, details: Value },
    /// Chooses a shape and begins it anew; [`Response::Answered`].
    Shape { name: Option<String> },
    /// Asks the shape; [`Response::Ticked`].
    Tick { state: Value },
    /// Carries the socket on which messages of the cores come. Each is answered when it is delivered.
    Post,
    /// Carries the socket of a core process that is to be forked; [`Response::Forked`].
    Fork,
    /// Waits for the core processes that have ended or been killed; [`Response::Reaped`].
    Reap,
}

/// What the host answers.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Response {
    Loaded(Result<Box<Description>, LoadError>),
    Answered(Result<Value, String>),
    Ticked(Result<Option<Tick>, String>),
    /// The number of the process.
    Forked(Result<i32, String>),
    /// How each process ended, by its number.
    Reaped(Vec<(i32, String)>),
}

/// A call of Python's to the command.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Call {
    /// Under which the answer comes.
    pub(super) id: u64,
    pub(super) name: String,
    pub(super) details: Value,
}

/// The answer to a call.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct CallAnswer {
    pub(super) id: u64,
    pub(super) result: Result<Value, String>,
}

/// What the command tells a core process.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum ToCore {
    /// Comes first: what it is to run.
    Plan(Box<Assignment>),
    /// Fires `test_start`, with what the host's listeners have left of the settings that all processes share.
    TestStart(Value),
    /// The start of the run, as [`super::clock`] has it.
    Begin { at: Duration },
    /// A change of the load.
    Change(ScheduledChange),
    /// The end of the run.
    Stop,
    /// The answer to a call.
    Answer(CallAnswer),
    /// An event of Locust's that its listeners are told.
    Event { event: String, details: Value },
    /// A message of the host or of another core, for its listeners.
    Message(Value),
}

/// What a core process tells the command.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum FromCore {
    /// `init` has been fired.
    Initialised,
    /// The core waits for the start of the run.
    Ready { backend: Backend },
    /// The core cannot run, or has broken down.
    Failed(String),
    /// A second of the run.
    Interval(Box<Versioned<Interval>>),
    /// What ended the core, before its last interval.
    Ending(Ending),
    /// A call of Python's.
    Call(Call),
    /// `test_stop` has been fired.
    Stopped,
}
