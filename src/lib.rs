//! gregaria: a load engine for one Linux host.
//!
//! Pinned per-core glommio executors run users with a minimal hand-rolled HTTP/1.1 client over
//! io_uring, each core keeps a local histogram, and a collector thread merges them over crossbeam
//! channels for the reporting and CSV output. Where io_uring is refused, the same client goes over epoll
//! and a small executor.
//!
//! A scenario says what users do. It is a TOML file for the `gregaria` command, or the same value
//! built in Rust:
//!
//! ```no_run
//! use std::time::Duration;
//!
//! use gregaria::scenario::{Scenario, Task, User, WaitTime};
//! use gregaria::session::{Session, status};
//!
//! fn main() -> std::process::ExitCode {
//!     let home = Task::new("home", async |session: &mut Session| {
//!         session.get("/").check(status(200)).send().await?;
//!         Ok(())
//!     });
//!     let wait = WaitTime::between(Duration::from_secs(1), Duration::from_secs(3));
//!     let user = User::new("APIUser").wait_time(wait).task(home.weight(3));
//!     gregaria::cli::main_with(Scenario::new("http://127.0.0.1:5000").user(user))
//! }
//! ```
//!
//! ARCHITECTURE.md has the map, the life of a request and of a sample, and the invariants.

// Without the page, some items of the modules that it uses are unused.
#![cfg_attr(not(feature = "page"), allow(dead_code, unused_imports))]

pub mod data;
pub mod scenario;
pub mod session;

// Public for the benches and the fuzz targets only.
#[doc(hidden)]
pub mod http1;
pub mod stats;

pub mod reactor;
mod transport;

pub mod executor;

pub mod collector;
pub mod control;
pub mod plan;
pub mod report;
pub mod run;

#[cfg(feature = "page")]
pub mod web;

#[doc(hidden)]
pub mod locustfile;

pub mod cli;
mod cores;
mod credentials;
mod files;
pub mod guide;
mod log;
mod nearest;
mod options;
pub mod page;
mod python;
pub mod target;
mod template;
pub mod threshold;
mod units;
mod waiter;
mod workload;
