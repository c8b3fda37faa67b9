//! Scenarios: what users do, as data and closures. This module has no sockets, clocks or threads.
//!
//! A [`Scenario`] is either built in Rust or read from a TOML file by [`mod@file`]. Both give the same
//! value, which runs on the same engine.

mod adaptive;
mod arrivals;
mod class_settings;
mod classes;
mod error;
pub mod file;
mod instruction;
mod load;
mod order;

mod parallel;
mod parameter;
mod reports;
mod request_template;
mod shape;
mod state;
mod step;
mod task;
mod task_set;
mod texts;
mod user;
mod validate;
mod variables;
mod wait_time;
mod workload;

pub use adaptive::{Adaptation, Adaptive};
pub use arrivals::{ArrivalKind, ArrivalTimes, Arrivals};
pub(crate) use class_settings::{ClassChanges, ClassSettings, SettingError};
pub(crate) use classes::{Classes, assign};
pub use error::Error;
pub use instruction::{End, Instruction};
pub use load::{Load, RunTimeFrom};
pub use order::Order;
pub(crate) use order::Tasks;
pub use parallel::Parallel;
pub use parameter::{Parameter, ParameterKind};
pub use reports::Reports;
pub(crate) use request_template::{AuthTemplate, BodyTemplate, HeaderTemplate, RequestTemplate};
pub use shape::{Curve, Line, LoadShape, Mix, ShapeFn, Stage};
pub(crate) use shape::{UserTarget, share, user_number};
pub use state::{StateFactory, StatefulUser};
pub use step::Step;
pub(crate) use task::TagSelection;
pub use task::{Task, TaskAction, TaskError, TaskFn, TaskPart, TaskResult};
pub use task_set::TaskSet;
pub use user::{Share, User};
pub(crate) use validate::{
    dns_refresh as validate_dns_refresh, host as validate_host, proxy as validate_proxy,
    unix_socket as validate_unix_socket,
};
pub use wait_time::{Pace, WaitFn, WaitTime};

pub use crate::session::KeepAlive;

use std::collections::BTreeSet;

use crate::data::Source;
use crate::stats::Snapshot;

/// The most users that can be planned for: far more than one host can run. Every planned user takes two
/// bytes before the run.
pub const USERS_MAX: u32 = 100_000_000;

/// Everything that a run does to a server, as data.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Scenario {
    /// The parameters of the file, in their order; their values are already in place. Empty for a
    /// scenario written in Rust.
    pub parameters: Vec<Parameter>,
    /// The values of secret parameters, which reports hide even where a server repeats them.
    pub secrets: Vec<String>,
    /// Base URL, such as `http://127.0.0.1:5000`; `--host` overrides it.
    pub host: Option<String>,
    /// The load, unless flags or variables say otherwise.
    pub load: Load,
    /// The reports of its runs, unless flags or variables say otherwise.
    pub reports: Reports,
    /// The data sets, of which classes and tasks take rows by their names.
    pub data: Vec<Source>,
    /// The classes of users.
    pub users: Vec<User>,
}

impl Scenario {
    /// Makes a scenario with this base URL and without users.
    pub fn new(host: impl Into<String>) -> Self {
        Scenario { host: Some(host.into()), ..Scenario::default() }
    }

    /// Adds a class of users.
    pub fn user(mut self, user: impl Into<User>) -> Self {
        self.users.push(user.into());
        self
    }

    /// Adds a data set.
    pub fn data(mut self, source: Source) -> Self {
        self.data.push(source);
        self
    }

    /// Sets the load.
    pub fn load(mut self, load: Load) -> Self {
        self.load = load;
        self
    }

    /// Sets the number of users over time.
    pub fn shape(mut self, shape: LoadShape) -> Self {
        self.load.shape = Some(shape);
        self
    }

    /// Makes the load open: iterations start at a rate, whether or not users are busy.
    pub fn arrivals(mut self, arrivals: Arrivals) -> Self {
        self.load.arrivals = Some(arrivals);
        self
    }

    /// Returns all tags of its tasks, sorted.
    pub fn tags(&self) -> BTreeSet<&str> {
        let tasks = self.users.iter().flat_map(|user| &user.tasks);
        tasks.flat_map(|task| &task.tags).map(String::as_str).collect()
    }

    /// Lets a function that sees every second of the run change its load; see [`Adaptive`].
    pub fn adapt(mut self, function: impl FnMut(&Snapshot) -> Adaptation + Send + 'static) -> Self {
        self.load.adaptive = Some(Adaptive::new(function));
        self
    }
}
