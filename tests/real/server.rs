//! Starts and ends servers in their own processes.

use std::env;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};

/// A development server takes seconds to start on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often to check what another process does.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// A server with its workers, in a process group that is killed on drop.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Server {
    /// Starts a server and waits until it prints its port. An open port would not be enough, because it may be that
    /// of another test's server. Returns `None` if it ends before.
    pub(crate) fn start(mut command: Command, told: impl Fn() -> Option<u16>) -> Option<Server> {
        command.stdin(Stdio::null()).process_group(0);
        let unknown = (Ipv4Addr::LOCALHOST, 0).into();
        let mut server = Server { child: command.spawn().unwrap(), address: unknown };
        let port = wait_for("the server's port", || match server.child.try_wait().unwrap() {
            Some(_) => Some(None),
            None => told().map(Some),
        })?;
        server.address.set_port(port);
        Some(server)
    }

    pub(crate) fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// Kills the server and all its workers.
    pub(crate) fn kill(&mut self) {
        // It may have ended already.
        let _ = kill_process_group(self.pid(), Signal::KILL);
        self.child.wait().unwrap();
    }

    /// Waits until it ends.
    pub(crate) fn wait(&mut self) {
        wait_for("the server's end", || self.child.try_wait().unwrap());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = kill_process_group(self.pid(), Signal::KILL);
        let _ = self.child.wait();
    }
}

/// Waits until there is a value, with a time limit.
pub(crate) fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(value) = look() {
            return value;
        }
        assert!(started.elapsed() < PATIENCE, "waited too long for {what}");
        thread::sleep(LOOK_EVERY);
    }
}

/// Prints that a test is skipped because a server is missing, if that is allowed.
pub(crate) fn skip(missing: &str) {
    let required = env::var("GREGARIA_TEST_REAL_SERVERS").is_ok_and(|value| value == "required");
    assert!(!required, "{missing} is missing, and GREGARIA_TEST_REAL_SERVERS=required is set");
    eprintln!("skipped: {missing} is not installed");
}
