//! What users do: data and closures only. No sockets, no clock, no threads.
//!
//! A [`Scenario`] is the one value that both roads build: the Rust API below, and a TOML file by
//! way of [`mod@file`]. There is no second engine.

mod classes;
mod error;
pub mod file;
mod shape;
mod step;
mod task;
mod user;
mod validate;
mod wait_time;

use std::net::IpAddr;
use std::time::Duration;

pub use classes::{Classes, assign};
pub use error::Error;
pub use shape::{Curve, Function, Line, LoadShape, Mix, Stage, Wanted, share};
pub use step::Step;
pub use task::{Action, Task, TaskError, TaskFn, TaskResult, Tasks};
pub use user::{Share, User};
pub use validate::host as validate_host;
pub use wait_time::{Pace, WaitTime};

pub use crate::session::KeepAlive;

/// Everything a run does to a server, as data.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Scenario {
    /// Base URL, such as `http://127.0.0.1:5000`; `--host` overrides it.
    pub host: Option<String>,
    /// What the scenario itself asks for where neither flag nor variable says anything.
    pub load: Load,
    /// The classes of users.
    pub users: Vec<User>,
}

/// How much load a scenario asks for by itself.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Load {
    /// Peak number of users.
    pub users: Option<u32>,
    /// Users started per second.
    pub spawn_rate: Option<f64>,
    /// How long the run takes, from its start.
    pub run_time: Option<Duration>,
    /// The addresses of this host that connections come from; with none, the kernel chooses.
    pub local_addresses: Vec<IpAddr>,
}

impl Scenario {
    /// A scenario against this base URL, without users yet.
    pub fn new(host: impl Into<String>) -> Self {
        Scenario { host: Some(host.into()), ..Scenario::default() }
    }

    /// Adds a class of users.
    pub fn user(mut self, user: User) -> Self {
        self.users.push(user);
        self
    }

    /// Sets what the scenario asks for by itself.
    pub fn load(mut self, load: Load) -> Self {
        self.load = load;
        self
    }
}
