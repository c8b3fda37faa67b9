//! The host process: loads the locustfile, answers the command, and has its fork server fork the core
//! processes.
//!
//! It has one thread until the fork server is there, and then another one that delivers messages. What listeners of
//! the file start beside them is theirs.

use std::io;
use std::os::fd::AsFd;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use rustix::fs::{Mode, OFlags};
use rustix::process::Signal;
use serde_json::Value;

use super::connection::Connection;
use super::description::Description;
use super::fork_server::{self, ForkServer, Parted};
use super::interpreter::{Answer, Caller, Deliver, Interpreter, Load, LoadError};
use super::message::{Call, CallAnswer, Request, Response};

/// The variable that marks a host process.
pub const HOST: &str = "GREGARIA_HOST_FD";

/// Signals of the terminal and of service managers, which the command alone acts on.
const OF_THE_COMMAND: [i32; 3] = [libc::SIGINT, libc::SIGTERM, libc::SIGHUP];

/// Which process has ended, and with which exit code.
#[derive(Debug, Clone, Copy)]
pub enum Process {
    /// The host.
    Host(ExitCode),
    /// The fork server or a core process.
    Forked(ExitCode),
}

/// Runs a host process, whose standard input is the socket to the command, until the command closes it.
///
/// Like `fork`, it returns more than once: in the host, in its fork server, and in each core process, when that
/// has ended.
pub fn main(interpreter: &mut dyn Interpreter) -> Process {
    match begin() {
        Ok(connection) => serve(connection, interpreter),
        // Without the socket nobody else hears of it.
        Err(error) => {
            let _ = io::Write::write_all(
                &mut io::stderr(),
                format!("gregaria: error: the host process cannot begin: {error}\n").as_bytes(),
            );
            Process::Host(ExitCode::FAILURE)
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

fn serve(connection: Connection, interpreter: &mut dyn Interpreter) -> Process {
    let caller = Arc::new(HostCaller::default());
    let (mut post, mut fork_server) = (None, None);
    loop {
        let Ok(Some((request, socket))) = connection.receive_with() else {
            return Process::Host(ExitCode::SUCCESS);
        };
        let response = match request {
            Request::Hello => {
                *caller.lock() = socket.map(Connection::from);
                interpreter.connect(caller.clone());
                continue;
            }
            Request::Post => {
                post = socket.map(Connection::from);
                continue;
            }
            Request::Load(load) => match loaded(load, &mut fork_server, interpreter) {
                Ok(Loaded::Host(description)) => {
                    // A fork copies no second thread, so there is none before it.
                    if let Some(post) = post.take_if(|_| fork_server.is_some()) {
                        let deliver = interpreter.deliverer();
                        thread::spawn(move || deliver_all(&post, deliver));
                    }
                    Response::Loaded(Ok(description))
                }
                Ok(Loaded::ForkServer(host)) => {
                    // The command must notice that the host is gone, though its children live.
                    drop(connection);
                    *caller.lock() = None;
                    return Process::Forked(fork_server::main(host, interpreter));
                }
                Err(error) => Response::Loaded(Err(error)),
            },
            Request::Fork => Response::Forked(match (&fork_server, &socket) {
                (Some(fork_server), Some(socket)) => fork_server.fork_core(socket.as_fd()),
                _ => Err("the files have not been loaded".to_owned()),
            }),
            Request::Reap => {
                Response::Reaped(fork_server.as_ref().map(ForkServer::reap).unwrap_or_default())
            }
            Request::Fire { event, details } => {
                Response::Answered(interpreter.fire(&event, &details))
            }
            Request::Shape { name } => {
                Response::Answered(interpreter.shape(name.as_deref()).map(|()| Value::Null))
            }
            Request::Tick { state } => Response::Ticked(interpreter.tick(&state)),
        };
        if connection.send(&response).is_err() {
            return Process::Host(ExitCode::SUCCESS);
        }
    }
}

/// Delivers messages until the command is gone.
fn deliver_all(post: &Connection, mut deliver: Deliver) {
    while let Ok(Some(message)) = post.receive() {
        deliver(&message);
        if post.send(&()).is_err() {
            return;
        }
    }
}

/// Where a load returned, which may fork.
enum Loaded {
    Host(Box<Description>),
    /// In the fork server, with its connection to the host.
    ForkServer(Connection),
}

/// Loads the files, or gives them options and arguments. When they have arguments for the first time, the
/// fork server is forked, and then `init` is fired.
fn loaded(
    load: Load,
    fork_server: &mut Option<ForkServer>,
    interpreter: &mut dyn Interpreter,
) -> Result<Loaded, LoadError> {
    let description = interpreter.load(&load)?;
    if let Some(fork_server) = fork_server {
        fork_server.load(load)?;
    } else if load.has_arguments() {
        let failed = |error: io::Error| LoadError {
            text: format!("the process that starts those of the cores cannot be started: {error}"),
            exit: 1,
        };
        match ForkServer::fork(interpreter).map_err(failed)? {
            Parted::ForkServer(host) => return Ok(Loaded::ForkServer(host)),
            Parted::Host(forked) => *fork_server = Some(forked),
        }
        return interpreter.init().map(|description| Loaded::Host(Box::new(description)));
    }
    Ok(Loaded::Host(Box::new(description)))
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
