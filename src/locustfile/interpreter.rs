//! The interpreter that runs a locustfile, as its processes see it.

use std::io;
use std::os::fd::BorrowedFd;
use std::sync::Arc;

use rustix::process::Pid;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Actions, Description};

/// The interpreter of a host process, and of the core processes that it forks.
pub trait Interpreter {
    /// Gives the way to the command, which `_gregaria.call` goes. It comes before everything else, in the
    /// host and then once more in each core process.
    fn connect(&mut self, caller: Arc<dyn Caller>);

    /// Loads the files and describes what they define. A later call gives further values of arguments and
    /// does not load the files again.
    ///
    /// # Errors
    ///
    /// Returns why the files cannot be loaded, with the traceback of the user's code.
    fn load(&mut self, load: &Load) -> Result<Description, String>;

    /// Fires an event of Locust, such as `test_start`, with these details. Returns what the listeners
    /// leave, such as the exit code.
    ///
    /// # Errors
    ///
    /// Returns the traceback of an exception that no listener may raise.
    fn fire(&mut self, event: &str, details: &Value) -> Result<Value, String>;

    /// Asks the shape how the load goes on. `state` has `shape`, `run_time` and `user_count`.
    ///
    /// # Errors
    ///
    /// Returns the traceback of an exception.
    fn tick(&mut self, state: &Value) -> Result<Option<Tick>, String>;

    /// Delivers a message of `send_message`: `{"type", "data", "from"}`. In a core process, this is called on
    /// the process's first thread, while users run on the core's own.
    ///
    /// # Errors
    ///
    /// Returns the traceback of an exception.
    fn message(&mut self, message: &Value) -> Result<(), String>;

    /// Forks this process. In the child it returns `Forked::Child`, ready to run users. The parent's side
    /// of everything that the child must not share is closed by the caller. `socket` leads to the command,
    /// for an interpreter that starts a process in another way.
    ///
    /// # Errors
    ///
    /// Returns the error of the system call.
    fn fork(&mut self, socket: BorrowedFd<'_>) -> io::Result<Forked>;

    /// Returns what users do, in a core process. It is the last call before the users start on a thread of
    /// their own.
    fn actions(&mut self) -> Arc<dyn Actions>;
}

/// Where a fork returned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Forked {
    /// In the parent, with the child's number.
    Parent(Pid),
    /// In the child.
    Child,
}

/// What to load.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Load {
    /// The paths of the files.
    pub files: Vec<String>,
    /// The values of the files' own arguments, by their names, as texts of the command line.
    #[serde(default)]
    pub arguments: Value,
    /// The options of the command, for `parsed_options`.
    #[serde(default)]
    pub options: Value,
}

/// How a shape goes on: `(users, spawn_rate)` or `(users, spawn_rate, user_classes)`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Tick {
    /// The number of users.
    pub users: u32,
    /// Users started or stopped per second.
    pub spawn_rate: f64,
    /// The names of the only classes that users are started of.
    #[serde(default)]
    pub user_classes: Option<Vec<String>>,
}

/// Takes the answer to a call: JSON, or why there is none.
pub type Answer = Box<dyn FnOnce(Result<Value, String>) + Send>;

/// The way from Python to the command: `_gregaria.call`.
pub trait Caller: Send + Sync {
    /// Asks the command. In the host the answer is given before this returns. In a core process it is given
    /// later, on another thread, so that a fiber can wait for it.
    fn call(&self, name: &str, details: Value, answer: Answer);
}
