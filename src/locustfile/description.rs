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
        user = user.timeouts(self.timeouts());
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
mod tests {
    use serde_json::json;

    use super::*;
    use crate::locustfile::Described;
    use crate::scenario::Share;

    /// Locust's tutorial, as the package describes it.
    fn tutorial() -> Value {
        json!({
            "python": "3.11.2",
            "classes": [{
                "name": "HelloWorldUser", "host": "http://127.0.0.1:5000", "weight": 1,
                "fixed_count": 0, "wait": {"kind": "between", "a": 1, "b": 2.5}, "flat": true,
                "tasks": [
                    {"name": "hello", "weight": 3, "tags": ["a"], "kind": "function", "tasks": []},
                    {"name": "never", "weight": 0, "tags": [], "kind": "function", "tasks": []},
                    {"name": "shop", "weight": 1, "tags": [], "kind": "set", "tasks": [
                        {"name": "buy", "weight": 1, "tags": ["b", "no name"], "kind": "function"},
                    ]},
                ],
                "on_start": true, "on_stop": false, "client": "http", "document": null,
                "settings": {"insecure": true}, "custom": {}, "file": "locustfile.py", "line": 4,
            }],
            "shapes": [], "arguments": [], "stats": {}, "warnings": [], "errors": [],
        })
    }

    fn read(description: Value) -> Description {
        serde_json::from_value(description).unwrap()
    }

    #[test]
    fn a_class_becomes_a_user_with_the_tasks_that_can_be_chosen() {
        let scenario = read(tutorial()).scenario(&Described).unwrap();
        let user = &scenario.users[0];
        assert_eq!((&*user.name, user.share), ("HelloWorldUser", Share::Weight(1.0)));
        assert_eq!(user.host.as_deref(), Some("http://127.0.0.1:5000"));
        let between = WaitTime::between(Duration::from_secs(1), Duration::from_millis(2500));
        assert_eq!(user.wait_time, between);
        let tasks: Vec<_> = user.tasks.iter().map(|task| (&*task.name, task.weight)).collect();
        assert_eq!(tasks, [("hello", 3), ("shop", 1)]);
        assert_eq!(
            (&user.tasks[0].tags, &user.tasks[1].tags),
            (&vec!["a".into()], &vec!["b".into()])
        );
    }

    /// A task keeps its number though one before it is left out.
    #[test]
    fn actions_are_asked_for_by_their_places_in_the_description() {
        use std::sync::{Arc, Mutex};

        use crate::scenario::{StateFactory, TaskFn, WaitFn};

        #[derive(Default)]
        struct Asked(Mutex<Vec<(usize, usize)>>);
        impl Actions for Asked {
            fn state(&self, class: usize) -> StateFactory {
                Described.state(class)
            }
            fn task(&self, class: usize, task: usize) -> Arc<dyn TaskFn> {
                self.0.lock().unwrap().push((class, task));
                Described.task(class, task)
            }
            fn on_start(&self, class: usize) -> Option<Arc<dyn TaskFn>> {
                Described.on_start(class)
            }
            fn on_stop(&self, class: usize) -> Option<Arc<dyn TaskFn>> {
                Described.on_stop(class)
            }
            fn wait(&self, class: usize) -> WaitFn {
                Described.wait(class)
            }
        }
        let asked = Asked::default();
        read(tutorial()).scenario(&asked).unwrap();
        assert_eq!(asked.0.into_inner().unwrap(), [(0, 0), (0, 2)]);
    }

    #[test]
    fn waits_are_taken_as_python_takes_them() {
        let wait = |wait: Value| {
            let mut description = tutorial();
            description["classes"][0]["wait"] = wait;
            read(description).scenario(&Described).unwrap().users[0].wait_time.clone()
        };
        let second = Duration::from_secs(1);
        let reversed = wait(json!({"kind": "between", "a": 2, "b": 1}));
        assert_eq!(reversed, WaitTime::between(second, 2 * second));
        assert_eq!(wait(json!({"kind": "constant", "a": -1})), WaitTime::constant(Duration::ZERO));
        assert_eq!(wait(json!({"kind": "pacing", "a": 1})), WaitTime::constant_pacing(second));
        let own = wait(json!({"kind": "function"}));
        assert!(matches!(own, WaitTime::Function(_)), "{own:?}");
    }

    #[test]
    fn a_user_without_a_client_of_ours_needs_no_host() {
        let host = |client: &str| {
            let mut description = tutorial();
            description["classes"][0]["host"] = Value::Null;
            description["classes"][0]["client"] = client.into();
            read(description).scenario(&Described).unwrap().users[0].host.clone()
        };
        assert_eq!((host("http"), host("fast")), (None, None));
        assert_eq!(host("none").as_deref(), Some(NO_HOST));
    }

    #[test]
    fn files_with_errors_make_no_scenario() {
        let mut description = tutorial();
        description["errors"] = json!([
            {"text": "a.py:1: one", "exit": 1},
            {"text": "a.py:2: two", "exit": 2},
        ]);
        let refused = read(description).scenario(&Described).unwrap_err();
        let both = LoadError { text: "a.py:1: one\na.py:2: two".into(), exit: 2 };
        assert_eq!(refused, DescriptionError::File(both));
        let mut description = tutorial();
        description["classes"] = json!([]);
        let refused = read(description).scenario(&Described).unwrap_err();
        assert_eq!(refused.to_string(), "there are no users; add a class of users with a task");
    }
}
