//! What the tests share: the binary run with a deadline, a server that does what it is told and
//! counts what it saw, and the tables that the binary writes.

pub(crate) mod api;
mod page;
mod run;
mod server;
mod tables;
mod terminal;
pub(crate) mod tls;

pub(crate) use page::{Event, Page, Reply};
pub(crate) use run::{Output, Run, Running, Signal, repository};
pub(crate) use server::{Answer, Seen, Server, ok, response};
pub(crate) use tables::Table;
pub(crate) use terminal::Terminal;

/// A scenario of one class, `u`, with these tasks and this length, without waits.
pub(crate) fn toml(run_time: &str, rest: &str) -> String {
    format!("[load]\nrun_time = \"{run_time}\"\n[[user]]\nname = \"u\"\n{rest}\n")
}

/// The simplest: everybody GETs `/`, over and over.
pub(crate) fn get_root(run_time: &str) -> String {
    toml(run_time, "[[user.task]]\nget = \"/\"")
}

/// A server that answers everything, at once.
pub(crate) fn plain_server() -> Server {
    Server::start(|_| ok())
}
