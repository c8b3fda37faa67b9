//! The fork server: a process that forks the core processes of all runs, and does nothing else.
//!
//! The host forks it after the files are loaded and before `init` is fired. So each core process begins with
//! what the files have made, and fires `init` for itself, as the workers of `locust --processes` do. Nor has
//! the fork server a second thread at any time, which a listener may have started in the host: a fork copies only
//! the thread that forks, and with it the locks of others.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::process::ExitStatusExt;
use std::process::{ExitCode, ExitStatus};

use rustix::process::{Pid, PidfdFlags, Signal, WaitOptions, pidfd_open, pidfd_send_signal};

use super::connection::Connection;
use super::core;
use super::exit::ended;
use super::interpreter::{Forked, Interpreter, Load, LoadError};
use super::message::{Request, Response};

/// A fork server as the host sees it. It is killed when this is dropped, and by the kernel when the host ends.
pub(super) struct ForkServer {
    connection: Connection,
    id: Pid,
    process: OwnedFd,
}

/// Where the fork of a fork server returned.
pub(super) enum Parted {
    Host(ForkServer),
    /// In the fork server, with its connection to the host.
    ForkServer(Connection),
}

impl ForkServer {
    /// Forks a fork server from this process.
    pub(super) fn fork(interpreter: &mut dyn Interpreter) -> io::Result<Parted> {
        let (connection, theirs) = Connection::pair()?;
        match interpreter.fork(theirs.as_fd())? {
            Forked::Parent(id) => {
                let process = pidfd_open(id, PidfdFlags::empty())?;
                Ok(Parted::Host(ForkServer { connection, id, process }))
            }
            Forked::Child => Ok(Parted::ForkServer(theirs)),
        }
    }

    /// Has it take options and arguments.
    pub(super) fn load(&self, load: Load) -> Result<(), LoadError> {
        match self.ask(&Request::Load(load), None) {
            Ok(Response::Loaded(loaded)) => loaded.map(drop),
            answer => Err(LoadError { text: unanswered(answer), exit: 1 }),
        }
    }

    /// Has it fork a core process with this socket, and returns the number of that.
    pub(super) fn fork_core(&self, socket: BorrowedFd<'_>) -> Result<i32, String> {
        match self.ask(&Request::Fork, Some(socket)) {
            Ok(Response::Forked(forked)) => forked,
            answer => Err(unanswered(answer)),
        }
    }

    /// Has it wait for its core processes, and returns how each ended, by its number.
    pub(super) fn reap(&self) -> Vec<(i32, String)> {
        match self.ask(&Request::Reap, None) {
            Ok(Response::Reaped(ends)) => ends,
            Ok(_) | Err(_) => Vec::new(),
        }
    }

    fn ask(&self, request: &Request, socket: Option<BorrowedFd<'_>>) -> io::Result<Response> {
        self.connection.send_with(request, socket)?;
        self.connection.receive()?.ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }
}

impl Drop for ForkServer {
    fn drop(&mut self) {
        let _ = pidfd_send_signal(&self.process, Signal::KILL);
        reap(self.id);
    }
}

fn unanswered(answer: io::Result<Response>) -> String {
    let why = match answer {
        Ok(_) => "has answered what was not asked",
        Err(_) => "has ended",
    };
    format!("the Python process that starts those of the cores {why}")
}

/// Runs a fork server until the host closes the connection. Like `fork`, it returns in each core process, too.
pub(super) fn main(connection: Connection, interpreter: &mut dyn Interpreter) -> ExitCode {
    if rustix::process::set_parent_process_death_signal(Some(Signal::KILL)).is_err() {
        return ExitCode::FAILURE;
    }
    let mut children = Vec::new();
    loop {
        let Ok(Some((request, socket))) = connection.receive_with() else {
            return ExitCode::SUCCESS;
        };
        let response = match request {
            Request::Load(load) => Response::Loaded(interpreter.load(&load).map(Box::new)),
            Request::Fork => match fork_core(interpreter, socket) {
                Ok((Forked::Child, socket)) => {
                    // The host must notice that the fork server is gone, though its children live.
                    drop(connection);
                    return core::main(socket.into(), interpreter);
                }
                Ok((Forked::Parent(child), _)) => {
                    children.push(child);
                    Response::Forked(Ok(child.as_raw_nonzero().get()))
                }
                Err(error) => Response::Forked(Err(error.to_string())),
            },
            Request::Reap => Response::Reaped(children.drain(..).map(reap).collect()),
            // The host's own.
            Request::Hello
            | Request::Post
            | Request::Fire { .. }
            | Request::Shape { .. }
            | Request::Tick { .. } => continue,
        };
        if connection.send(&response).is_err() {
            return ExitCode::SUCCESS;
        }
    }
}

fn fork_core(
    interpreter: &mut dyn Interpreter,
    socket: Option<OwnedFd>,
) -> io::Result<(Forked, OwnedFd)> {
    let socket = socket.ok_or_else(|| io::Error::other("the socket is missing"))?;
    Ok((interpreter.fork(socket.as_fd())?, socket))
}

/// Waits for a child. Another part of the process may have waited for it.
fn reap(child: Pid) -> (i32, String) {
    let status = rustix::process::waitpid(Some(child), WaitOptions::empty());
    let status = status.ok().flatten().map(|(_, status)| ExitStatus::from_raw(status.as_raw()));
    (child.as_raw_nonzero().get(), status.map_or_else(|| "has ended".to_owned(), ended))
}
