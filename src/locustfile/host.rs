//! The host process: loads the locustfile, answers the command, and forks the core processes.
//!
//! It has one thread. What listeners of the file start beside it is theirs.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::ExitStatusExt;
use std::process::{ExitCode, ExitStatus};
use std::sync::{Arc, Mutex, PoisonError};

use rustix::fs::{Mode, OFlags};
use rustix::process::{Pid, Signal, WaitOptions};
use serde_json::Value;

use super::connection::Connection;
use super::core;
use super::exit::ended;
use super::interpreter::{Answer, Caller, Forked, Interpreter};
use super::message::{Call, CallAnswer, Request, Response};

/// The variable that marks a host process.
pub const HOST: &str = "GREGARIA_HOST_FD";

/// Signals of the terminal and of service managers, which the command alone acts on.
const OF_THE_COMMAND: [i32; 3] = [libc::SIGINT, libc::SIGTERM, libc::SIGHUP];

/// Runs a host process, whose standard input is the socket to the command, until the command closes it.
///
/// Like `fork`, it returns more than once: in the host, and in each core process when that has ended.
pub fn main(interpreter: &mut dyn Interpreter) -> ExitCode {
    match begin() {
        Ok(connection) => serve(connection, interpreter),
        // Without the socket nobody else hears of it.
        Err(error) => {
            let _ = io::Write::write_all(
                &mut io::stderr(),
                format!("gregaria: error: the host process cannot begin: {error}\n").as_bytes(),
            );
            ExitCode::FAILURE
        }
    }
}

/// Takes the socket away from standard input, which a locustfile may read.
fn begin() -> io::Result<Connection> {
    let socket = io::stdin().as_fd().try_clone_to_owned()?;
    let nothing = rustix::fs::open("/dev/null", OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?;
    rustix::stdio::dup2_stdin(nothing)?;
    // Python may be busy for ever when the command dies.
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
    for signal in OF_THE_COMMAND {
        signal_hook::flag::register(signal, Arc::default())?;
    }
    Ok(socket.into())
}

fn serve(connection: Connection, interpreter: &mut dyn Interpreter) -> ExitCode {
    let caller = Arc::new(HostCaller::default());
    let mut children = Vec::new();
    loop {
        let Ok(Some((request, socket))) = connection.receive_with() else {
            return ExitCode::SUCCESS;
        };
        let response = match request {
            Request::Hello => {
                *caller.lock() = socket.map(Connection::from);
                interpreter.connect(caller.clone());
                continue;
            }
            Request::Fork => match fork(interpreter, socket) {
                Ok((Forked::Child, socket)) => {
                    // The command must notice that the host is gone, though its children live.
                    drop(connection);
                    *caller.lock() = None;
                    return core::main(socket.into(), interpreter);
                }
                Ok((Forked::Parent(child), _)) => {
                    children.push(child);
                    Response::Forked(Ok(child.as_raw_nonzero().get()))
                }
                Err(error) => Response::Forked(Err(error.to_string())),
            },
            Request::Reap => Response::Reaped(children.drain(..).map(reap).collect()),
            Request::Load(load) => Response::Loaded(interpreter.load(&load).map(Box::new)),
            Request::Fire { event, details } => {
                Response::Answered(interpreter.fire(&event, &details))
            }
            Request::Shape { name } => {
                Response::Answered(interpreter.shape(name.as_deref()).map(|()| Value::Null))
            }
            Request::Tick { state } => Response::Ticked(interpreter.tick(&state)),
            Request::Message(message) => {
                Response::Answered(interpreter.message(&message).map(|()| Value::Null))
            }
        };
        if connection.send(&response).is_err() {
            return ExitCode::SUCCESS;
        }
    }
}

fn fork(
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

/// The way of the host's calls to the command: one after the other.
#[derive(Default)]
struct HostCaller(Mutex<Option<Connection>>);

impl HostCaller {
    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Connection>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ask(&self, name: &str, details: Value) -> Result<Value, String> {
        let connection = self.lock();
        let gone = || "the command has ended".to_owned();
        let connection = connection.as_ref().ok_or_else(gone)?;
        let call = Call { id: 0, name: name.to_owned(), details };
        connection.send(&call).map_err(|error| error.to_string())?;
        let answer: Option<CallAnswer> = connection.receive().map_err(|error| error.to_string())?;
        answer.ok_or_else(gone)?.result
    }
}

impl Caller for HostCaller {
    fn call(&self, name: &str, details: Value, answer: Answer) {
        answer(self.ask(name, details));
    }
}
