//! What a locustfile defines, as data: classes, tasks, waits, shapes and arguments.
//!
//! The package `locust` makes it as JSON when the file is loaded. The names of fields are its keys.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::actions::Actions;
use super::interpreter::LoadError;
use crate::scenario::{self, Scenario, Task, TaskAction, TaskPart, User, WaitTime};
use crate::session::Timeouts;
use crate::transport::tls::TlsOptions;

/// What the loaded files define.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Description {
    /// The version of the interpreter, such as `3.11.7`.
    pub python: String,
    /// The user classes, in the order of their definition.
    pub classes: Vec<ClassDescription>,
    /// The load shapes.
    #[serde(default)]
    pub shapes: Vec<ShapeDescription>,
    /// The arguments that listeners of `init_command_line_parser` add.
    #[serde(default)]
    pub arguments: Vec<Argument>,
    /// The settings of `locust.stats` that the files change.
    #[serde(default)]
    pub stats: Map<String, Value>,
    /// What is probably a mistake.
    #[serde(default)]
    pub warnings: Vec<String>,
    /// Why the files cannot run, each with file and line.
    #[serde(default)]
    pub errors: Vec<LoadError>,
}

/// A user class.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClassDescription {
    /// The class's name.
    pub name: String,
    /// Its base URL.
    #[serde(default)]
    pub host: Option<String>,
    /// Its share of all users.
    pub weight: f64,
    /// Its number of users; 0 for none of its own.
    #[serde(default)]
    pub fixed_count: u32,
    /// The wait after each task.
    pub wait: WaitDescription,
    /// Whether all its tasks are plain functions.
    #[serde(default)]
    pub flat: bool,
    /// Its tasks, in the order in which actions count them.
    pub tasks: Vec<TaskDescription>,
    /// Whether its users have an `on_start`.
    #[serde(default)]
    pub on_start: bool,
    /// Whether its users have an `on_stop`.
    #[serde(default)]
    pub on_stop: bool,
    /// The client of its users.
    pub client: Client,
    /// The class's text of documentation.
    #[serde(default)]
    pub document: Option<String>,
    /// The attributes of the class that configure its client, such as `connection_timeout`.
    #[serde(default)]
    pub settings: Map<String, Value>,
    /// What the class gives for `custom_args` and the like.
    #[serde(default)]
    pub custom: Map<String, Value>,
    /// The file that defines it.
    pub file: String,
    /// The line of that file.
    pub line: u32,
}

/// A task of a class or of a task set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TaskDescription {
    /// The name of the function or class.
    pub name: String,
    /// How often it is chosen, relative to the others; 0 for never.
    pub weight: u32,
    /// Its tags.
    #[serde(default)]
    pub tags: Vec<String>,
    /// Whether it is a function or a task set.
    pub kind: TaskKind,
    /// The tasks of a task set.
    #[serde(default)]
    pub tasks: Vec<TaskDescription>,
}

/// What a task is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskKind {
    /// A function.
    Function,
    /// A nested task set, whose whole loop is one task.
    Set,
}

/// The client of a class's users.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Client {
    /// `HttpUser`.
    Http,
    /// `FastHttpUser`.
    Fast,
    /// A client of the file's own, or none.
    None,
}

/// The wait of a class, in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct WaitDescription {
    /// Which function it is.
    pub kind: WaitKind,
    /// The constant time, the lower bound or the period.
    #[serde(default)]
    pub a: f64,
    /// The upper bound.
    #[serde(default)]
    pub b: f64,
}

/// The function of a wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WaitKind {
    /// `constant(a)`; also no wait at all.
    Constant,
    /// `between(a, b)`.
    Between,
    /// `constant_pacing(a)` and `constant_throughput(1 / a)`.
    Pacing,
    /// Any other function of the file.
    Function,
}

/// A load shape: a subclass of `LoadTestShape`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ShapeDescription {
    /// The class's name.
    pub name: String,
    /// Whether users, spawn rate and run time of the command line hold for it.
    #[serde(default)]
    pub use_common_options: bool,
}

/// An argument of the file's own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Argument {
    /// The name of its value in `parsed_options`.
    pub dest: String,
    /// Its flags, such as `--my-argument`.
    pub flags: Vec<String>,
    /// Its default.
    #[serde(default)]
    pub default: Value,
    /// Its text of help.
    #[serde(default)]
    pub help: Option<String>,
    /// The only values that it takes.
    #[serde(default)]
    pub choices: Option<Vec<Value>>,
    /// The environment variable that gives it.
    #[serde(default)]
    pub env_var: Option<String>,
    /// Whether its value is never shown.
    #[serde(default)]
    pub is_secret: bool,
    /// Whether it must be given.
    #[serde(default)]
    pub is_required: bool,
    /// Whether it takes several of the choices.
    #[serde(default)]
    pub is_multiple: bool,
    /// Whether the page's form has it.
    #[serde(default = "yes")]
    pub include_in_web_ui: bool,
    /// What kind of value it takes, such as `text`, `int`, `flag`.
    #[serde(default)]
    pub kind: String,
}

/// Why a description is no scenario.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DescriptionError {
    /// The files cannot run.
    #[error(transparent)]
    File(#[from] LoadError),
    /// The scenario that they define is not valid.
    #[error(transparent)]
    Scenario(#[from] scenario::Error),
}

/// The host of users without a client of ours: no host has this address (RFC 1122, section 3.2.1.3).
const NO_HOST: &str = "http://0.0.0.0";

impl Description {
    /// Makes the scenario whose users do what these actions do.
    ///
    /// # Errors
    ///
    /// Returns the errors of the files, or what of the scenario is not valid.
    pub fn scenario(&self, actions: &dyn Actions) -> Result<Scenario, DescriptionError> {
        if let Some(exit) = self.errors.iter().map(|error| error.exit).max() {
            let texts: Vec<_> = self.errors.iter().map(|error| &*error.text).collect();
            return Err(LoadError { text: texts.join("\n"), exit }.into());
        }
        // A class without tasks is among the errors, unless others are picked.
        let users = self.classes.iter().enumerate().filter(|(_, class)| !class.tasks.is_empty());
        let users = users.map(|(class, described)| described.user(class, actions)).collect();
        let scenario = Scenario { users, ..Scenario::default() };
        scenario.validate()?;
        Ok(scenario)
    }
}

impl ClassDescription {
    fn user(&self, class: usize, actions: &dyn Actions) -> User {
        let mut user = User::new(&*self.name).with_state_factory(actions.state(class));
        // What has a client of its own, or none, needs no host, and asks nothing of this one.
        let none = || (self.client == Client::None).then(|| NO_HOST.to_owned());
        user.place = Some(format!("{}:{}", self.file, self.line));
        let host = self.host.clone().filter(|host| !host.is_empty());
        user.host = host.or_else(none);
        user = match self.fixed_count {
            0 => user.weight(self.weight),
            count => user.fixed_count(count),
        };
        user.wait_time = match self.wait.kind {
            // Within a task set the wait may be the set's own.
            _ if !self.flat => WaitTime::Function(actions.wait(class)),
            WaitKind::Function => WaitTime::Function(actions.wait(class)),
            WaitKind::Constant => WaitTime::constant(seconds(self.wait.a)),
            WaitKind::Pacing => WaitTime::constant_pacing(seconds(self.wait.a)),
            // Python's `random.uniform` takes its bounds in any order.
            WaitKind::Between => WaitTime::between(
                seconds(self.wait.a.min(self.wait.b)),
                seconds(self.wait.a.max(self.wait.b)),
            ),
        };
        user = user.timeouts(self.timeouts()).tls(self.tls());
        // As in Locust, a task of weight 0 is never chosen.
        let tasks = self.tasks.iter().enumerate().filter(|(_, task)| task.weight > 0);
        user.tasks = tasks
            .map(|(index, described)| {
                let task = Task::of_action(&*described.name, actions.task(class, index));
                let task = task.weight(described.weight);
                match described.kind {
                    TaskKind::Function => task.tags(usable(&described.tags)),
                    TaskKind::Set => task.of_parts(described.parts()),
                }
            })
            .collect();
        user.on_start = actions.on_start(class).map(TaskAction::Run);
        user.on_stop = actions.on_stop(class).map(TaskAction::Run);
        user
    }
}

impl ClassDescription {
    /// Returns the timeouts of requests that have none of their own. In Locust an `HttpUser` waits for ever;
    /// here no longer than a `FastHttpUser`, so that one that is stuck becomes a failure.
    fn timeouts(&self) -> Timeouts {
        let of = |name| self.settings.get(name).and_then(Value::as_f64).map(seconds);
        match self.client {
            Client::Fast => Timeouts::of_parts(of("connection_timeout"), of("network_timeout")),
            Client::Http | Client::None => Timeouts::of_parts(None, Some(Timeouts::DEFAULT_TOTAL)),
        }
    }
}

impl ClassDescription {
    /// Returns the TLS settings of the class. As in Locust, a `FastHttpUser` checks no certificate unless its
    /// class says `insecure = False`. Its requests then need nothing of their own.
    fn tls(&self) -> TlsOptions {
        let is_set = self.settings.get("insecure") == Some(&Value::Bool(true));
        TlsOptions { insecure: is_set && self.client == Client::Fast, ..TlsOptions::default() }
    }
}

impl TaskDescription {
    /// Returns the tasks of a set.
    fn parts(&self) -> Vec<TaskPart> {
        let part = |task: &TaskDescription| {
            let mut part = TaskPart::new(&*task.name, task.weight);
            match task.kind {
                TaskKind::Function => part.tags = usable(&task.tags),
                TaskKind::Set => part.parts = task.parts(),
            }
            part
        };
        self.tasks.iter().map(part).collect()
    }
}

/// Returns the tags that an option can name: it separates several by spaces and commas.
fn usable(tags: &[String]) -> Vec<String> {
    let is_usable = |tag: &&String| !tag.is_empty() && !tag.contains([' ', ',', '\t', '\n']);
    tags.iter().filter(is_usable).cloned().collect()
}

/// Returns this many seconds. A negative wait is none, as in Locust.
fn seconds(seconds: f64) -> Duration {
    let long = if seconds > 0.0 { Duration::MAX } else { Duration::ZERO };
    Duration::try_from_secs_f64(seconds).unwrap_or(long)
}

fn yes() -> bool {
    true
}

#[cfg(test)]
mod tests;
