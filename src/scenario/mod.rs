//! What users do: data and closures only. No sockets, no clock, no threads.
//!
//! A [`Scenario`] is the one value that both roads build: the Rust API below, and a TOML file by
//! way of [`mod@file`]. There is no second engine.

mod adaptive;
mod arrivals;
mod classes;
mod error;
pub mod file;
mod load;
mod nearest;
mod parameter;
mod reports;
mod shape;
mod state;
mod step;
mod step_group;
mod task;
mod user;
mod validate;
mod wait_time;
mod workload;

pub use adaptive::{Adaptation, Adaptive};
pub use arrivals::{ArrivalKind, ArrivalTimes, Arrivals};
pub(crate) use classes::{Classes, assign};
pub use error::Error;
pub use load::{Load, RunTimeFrom};
pub use parameter::Parameter;
pub use reports::Reports;
pub use shape::{Curve, Line, LoadShape, Mix, ShapeFn, Stage};
pub(crate) use shape::{UserTarget, share};
pub(crate) use state::StateFactory;
pub use state::StatefulUser;
pub use step::Step;
pub use step_group::{Parallel, StepGroup};
pub(crate) use task::Tasks;
pub use task::{Task, TaskAction, TaskError, TaskFn, TaskResult};
pub use user::{Share, User};
pub(crate) use validate::{
    dns_refresh as validate_dns_refresh, host as validate_host, proxy as validate_proxy,
    unix_socket as validate_unix_socket,
};
pub use wait_time::{Pace, WaitFn, WaitTime};

pub(crate) use nearest::hint;

pub use crate::session::KeepAlive;

use std::collections::BTreeSet;

use crate::stats::Snapshot;

/// The most users that can be planned for: far beyond what one host can run, and every planned user
/// takes two bytes before the run.
pub const USERS_MAX: u32 = 100_000_000;

/// Everything a run does to a server, as data.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Scenario {
    /// The parameters of the file it was read from, in their order; their values are in place
    /// already. None where it was written in Rust.
    pub parameters: Vec<Parameter>,
    /// What no report shows, even where a server repeats it: the values of those that are secret.
    pub secrets: Vec<String>,
    /// Base URL, such as `http://127.0.0.1:5000`; `--host` overrides it.
    pub host: Option<String>,
    /// What the scenario itself asks for where neither flag nor variable says anything.
    pub load: Load,
    /// What is kept of its runs, likewise.
    pub reports: Reports,
    /// The classes of users.
    pub users: Vec<User>,
}

impl Scenario {
    /// A scenario against this base URL, without users yet.
    pub fn new(host: impl Into<String>) -> Self {
        Scenario { host: Some(host.into()), ..Scenario::default() }
    }

    /// Adds a class of users.
    pub fn user(mut self, user: impl Into<User>) -> Self {
        self.users.push(user.into());
        self
    }

    /// Sets what the scenario asks for by itself.
    pub fn load(mut self, load: Load) -> Self {
        self.load = load;
        self
    }

    /// Sets how many users there are in the course of a run.
    pub fn shape(mut self, shape: LoadShape) -> Self {
        self.load.shape = Some(shape);
        self
    }

    /// Lets iterations begin at a rate, whatever users are doing.
    pub fn arrivals(mut self, arrivals: Arrivals) -> Self {
        self.load.arrivals = Some(arrivals);
        self
    }

    /// All tags of its tasks, sorted.
    pub fn tags(&self) -> BTreeSet<&str> {
        let tasks = self.users.iter().flat_map(|user| &user.tasks);
        tasks.flat_map(|task| &task.tags).map(String::as_str).collect()
    }

    /// Lets a function that sees every second of the run say how it goes on; see [`Adaptive`].
    pub fn adapt(mut self, function: impl FnMut(&Snapshot) -> Adaptation + Send + 'static) -> Self {
        self.load.adaptive = Some(Adaptive::new(function));
        self
    }
}
