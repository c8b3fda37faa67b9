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

    /// Loads the files and describes what they define. A later call does not load them again: it converts
    /// the values of arguments, and takes the options.
    ///
    /// # Errors
    ///
    /// Returns why the files cannot run, with the traceback of the user's code.
    fn load(&mut self, load: &Load) -> Result<Description, LoadError>;

    /// Fires `init` in the host, and describes what the files define then. An exception of a listener ends
    /// the command, as in Locust.
    ///
    /// # Errors
    ///
    /// Returns that a listener raised, which has been logged.
    fn init(&mut self) -> Result<Description, LoadError>;

    /// Fires an event of Locust, such as `test_start`, with these details. Returns what the listeners
    /// leave, such as the exit code.
    ///
    /// # Errors
    ///
    /// Returns the traceback of an exception that no listener may raise.
    fn fire(&mut self, event: &str, details: &Value) -> Result<Value, String>;

    /// Chooses the shape of the next run, by the name of its class, and begins it anew. Without a name the
    /// run has none.
    ///
    /// # Errors
    ///
    /// Returns the traceback of an exception.
    fn shape(&mut self, name: Option<&str>) -> Result<(), String>;

    /// Asks the shape how the load goes on, with `{"user_count": n}`; `None` for the end.
    ///
    /// # Errors
    ///
    /// Returns the traceback of an exception.
    fn tick(&mut self, state: &Value) -> Result<Option<Tick>, String>;

    /// Delivers a message of `send_message`: `{"type", "data", "client_id", "from"}`.
    ///
    /// # Errors
    ///
    /// Returns the traceback of an exception.
    fn message(&mut self, message: &Value) -> Result<(), String>;

    /// Returns what delivers messages on a thread of its own, also while another method runs: a listener of
    /// the host may wait for what the cores send.
    fn deliverer(&mut self) -> Deliver;

    /// Forks this process. In the child it returns `Forked::Child`. The parent's side of everything that the
    /// child must not share is closed by the caller. `socket` is what the child is told over, for an
    /// interpreter that starts a process in another way.
    ///
    /// # Errors
    ///
    /// Returns the error of the system call.
    fn fork(&mut self, socket: BorrowedFd<'_>) -> io::Result<Forked>;

    /// Begins core number `core` of `cores`, in its process: fires `init` there, and returns what its users
    /// do. Afterwards the users run on a thread of their own, while the first thread may still call `fire` and
    /// `message`.
    ///
    /// # Errors
    ///
    /// Returns the traceback of an exception.
    fn actions(&mut self, core: usize, cores: usize) -> Result<Arc<dyn Actions>, String>;
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

impl Load {
    /// Returns whether the command line has been parsed, which needs what the files add to it.
    pub(super) fn has_arguments(&self) -> bool {
        self.arguments.as_object().is_some_and(|arguments| !arguments.is_empty())
    }
}

/// Why files cannot be loaded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{text}")]
pub struct LoadError {
    /// The text to show, which is complete.
    pub text: String,
    /// The exit code.
    pub exit: u8,
}

/// How a shape goes on: `(users, spawn_rate)` or `(users, spawn_rate, user_classes)`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Tick {
    /// The number of users.
    pub users: u32,
    /// Users started or stopped per second.
    #[serde(rename = "rate")]
    pub spawn_rate: f64,
    /// The names of the only classes that users are started of.
    #[serde(default, rename = "classes")]
    pub user_classes: Option<Vec<String>>,
}

/// Delivers a message, as [`Interpreter::message`] does. What a listener raises it has logged.
pub type Deliver = Box<dyn FnMut(&Value) + Send>;

/// Takes the answer to a call: JSON, or why there is none.
pub type Answer = Box<dyn FnOnce(Result<Value, String>) + Send>;

/// The way from Python to the command: `_gregaria.call`.
pub trait Caller: Send + Sync {
    /// Asks the command. In the host the answer is given before this returns. In a core process it is given
    /// later, on another thread, so that a fiber can wait for it.
    fn call(&self, name: &str, details: Value, answer: Answer);
}
