//! Locustfiles: their description as data, and the processes that run them.
//!
//! Four kinds of processes run a locustfile. The **command** has the options, the plan, the collector and
//! the reports, and no Python. It starts one **host**, which loads the file and answers the command's
//! messages, as Locust's master process does. For each run a fork of the host, its **fork server**, forks a **core
//! process** for each core, which plans the same run and makes one core's share of its load.
//!
//! This folder has what they say to each other and what each of them does. It names nothing of Python:
//! the interpreter is behind [`Interpreter`], what users do behind [`Actions`].

mod actions;
mod assignment;
mod clock;
mod connection;
mod core;
mod crew;
mod description;
mod desk;
mod exit;
mod fork_server;
pub mod host;
mod host_process;
mod installation;
mod interpreter;
mod message;

pub use actions::{Actions, Described};
pub use crew::Crew;
pub use description::{
    Argument, ClassDescription, Client, Description, DescriptionError, ShapeDescription,
    TaskDescription, TaskKind, WaitDescription, WaitKind,
};
pub use host_process::{HostError, HostProcess};
pub use installation::{BUILD, Entry, Extension, FindError, Installation, LIBRARY};
pub use interpreter::{Answer, Caller, Deliver, Forked, Interpreter, Load, LoadError, Tick};

#[cfg(test)]
mod tests;
