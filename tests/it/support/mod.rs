//! Shared parts of these tests besides the harness: a server with scripted responses that counts its requests, and
//! clients of the page and the web interface.

pub(crate) mod api;
mod page;
mod server;
pub(crate) mod tls;

pub(crate) use crate::harness::{Output, Run, Running, Signal, Table, Terminal, repository};
pub(crate) use page::{Event, Page, Reply};
pub(crate) use server::{Answer, Seen, Server, ok, response};

/// Makes a scenario of one class, `u`, with these tasks and this run time, without waits.
pub(crate) fn toml(run_time: &str, rest: &str) -> String {
    format!("[load]\nrun_time = \"{run_time}\"\n[[user]]\nname = \"u\"\n{rest}\n")
}

/// Makes a scenario whose users GET `/` repeatedly.
pub(crate) fn get_root(run_time: &str) -> String {
    toml(run_time, "[[user.task]]\nget = \"/\"")
}

/// Starts a server that answers everything at once.
pub(crate) fn plain_server() -> Server {
    Server::start(|_| ok())
}

impl Run {
    /// Runs until the server has seen this many requests, then sends SIGINT.
    #[track_caller]
    pub(crate) fn go_until(self, server: &Server, requests: u64) -> Output {
        self.go_until_after(|| server.await_requests(requests))
    }

    /// Runs until each of this many connections has brought this many requests, then stops the run.
    pub(crate) fn go_until_each(self, server: &Server, users: usize, requests: usize) -> Output {
        self.go_until_after(|| server.await_users(users, requests))
    }

    fn go_until_after(self, wait: impl FnOnce()) -> Output {
        let running = self.start();
        wait();
        running.signal(Signal::INT);
        running.wait()
    }
}
