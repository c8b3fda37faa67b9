//! The host process as the command sees it.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded, unbounded};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use serde_json::{Value, json};

use super::connection::{Connection, Waited};
use super::description::Description;
use super::desk::Desk;
use super::exit::ended;
use super::host::HOST;
use super::interpreter::{Load, LoadError, Tick};
use super::message::{Call, CallAnswer, Request, Response};
use crate::scenario::{Adaptation, Adaptive};

/// How often it is looked whether the run is over while the host is busy.
const LOOKS: Duration = Duration::from_millis(100);

/// How long the host has to end when the command needs it no more.
const ENDS_WITHIN: Duration = Duration::from_secs(1);

/// A host process. It is started once, and serves all runs of the command.
#[derive(Debug)]
pub struct HostProcess {
    /// Requests and their responses, one after the other.
    requests: Mutex<Connection>,
    end_of_requests: Connection,
    pub(super) desk: Arc<Desk>,
    /// How the process ended, once it has.
    ended: Arc<OnceLock<String>>,
    /// Disconnected when the process has ended.
    end: Receiver<()>,
    process: OwnedFd,
    /// The number of the process.
    pub id: u32,
}

/// Why the host did not do what it was asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HostError {
    /// The files cannot run.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// Python raised an exception: its traceback.
    #[error("{0}")]
    Python(String),
    /// The process has ended.
    #[error("the Python host process {0}")]
    Ended(String),
}

impl HostProcess {
    /// Starts the host process with this command, which calls [`host::main`](super::host::main).
    ///
    /// # Errors
    ///
    /// Returns why the process cannot be started.
    pub fn start(mut command: Command) -> io::Result<Arc<Self>> {
        let (requests, host) = Connection::pair()?;
        let (calls, host_calls) = Connection::pair()?;
        command.stdin(Stdio::from(OwnedFd::from(host))).env(HOST, "0");
        let desk = Arc::new(Desk::default());
        let how = Arc::new(OnceLock::new());
        let (tell, started) = bounded(1);
        let (alive, end) = bounded(0);
        let (clerk, ended_how) = (desk.clone(), how.clone());
        // The kernel kills the host with the thread that started it.
        thread::Builder::new().name("gregaria-host".into()).spawn(move || {
            let _alive: Sender<()> = alive;
            let child = command.spawn();
            // The command holds the host's end of the socket.
            drop(command);
            match child {
                Ok(mut child) => {
                    // Before anybody waits for it, so that the number is its own.
                    let process = pidfd_open(Pid::from_child(&child), PidfdFlags::empty());
                    let serving = process.as_ref().ok().and_then(|it| it.try_clone().ok());
                    let _ = tell.send(process.map_err(io::Error::from).map(|it| (child.id(), it)));
                    serving.iter().for_each(|process| serve(&calls, process.as_fd(), &clerk));
                    let how = child.wait().map_or_else(|error| error.to_string(), ended);
                    let _ = ended_how.set(how.clone());
                    clerk.host_has_ended(&how);
                }
                Err(error) => drop(tell.send(Err(error))),
            }
        })?;
        let (id, process) = started.recv().map_err(io::Error::other)??;
        requests.send_with(&Request::Hello, Some(host_calls.as_fd()))?;
        let (post, host_post) = Connection::pair()?;
        requests.send_with(&Request::Post, Some(host_post.as_fd()))?;
        let end_of_requests = requests.share()?;
        let requests = Mutex::new(requests);
        let host = HostProcess { requests, end_of_requests, desk, ended: how, end, process, id };
        let host = Arc::new(host);
        host.deliver_messages(post)?;
        Ok(host)
    }

    /// Loads the files, or gives further values to files that are loaded; see
    /// [`Interpreter::load`](super::Interpreter::load).
    ///
    /// # Errors
    ///
    /// Returns why the files cannot run.
    pub fn load(&self, load: Load) -> Result<Description, HostError> {
        match self.ask(&Request::Load(load), None)? {
            Response::Loaded(loaded) => Ok(*loaded?),
            _ => Err(self.confused()),
        }
    }

    /// Fires an event in the host, after the messages that were sent before. `quitting` comes after `test_stop`
    /// of the cores, if their load is over. The cores of a run hear of those events that Locust's workers hear
    /// of during a run.
    ///
    /// # Errors
    ///
    /// Returns the traceback of an exception that no listener may raise.
    pub fn fire(&self, event: &str, details: Value) -> Result<Value, HostError> {
        if ["spawning_complete", "test_stopping"].contains(&event) {
            self.desk.tell_cores_event(event, &details);
        }
        if event == "quitting" {
            self.desk.await_stops();
        }
        self.desk.await_deliveries();
        let left = self.answer(&Request::Fire { event: event.to_owned(), details });
        if event == "test_stopping" {
            self.desk.has_begun_to_stop();
        }
        left
    }

    /// Chooses the shape of the next run, which begins anew; without a name it has none.
    ///
    /// # Errors
    ///
    /// Returns the traceback of an exception.
    pub fn choose_shape(&self, name: Option<&str>) -> Result<(), HostError> {
        self.answer(&Request::Shape { name: name.map(str::to_owned) }).map(drop)
    }

    /// Delivers messages to the host on a thread of their own, because it may be busy.
    fn deliver_messages(&self, post: Connection) -> io::Result<()> {
        let (give, messages) = unbounded::<Value>();
        self.desk.deliver_to_host(give);
        let (desk, process) = (self.desk.clone(), self.process.try_clone()?);
        thread::Builder::new().name("gregaria-messages".into()).spawn(move || {
            for message in messages {
                let delivered = post.send(&message).and_then(|()| post.receive_of(process.as_fd()));
                desk.has_delivered();
                if !matches!(delivered, Ok(Some(()))) {
                    return;
                }
            }
        })?;
        Ok(())
    }

    /// Has Python's `runner.quit` also call this, after it has stopped the run.
    pub fn on_quit(&self, quit: impl Fn() + Send + 'static) {
        self.desk.on_quit(quit);
    }

    /// Returns the load that the shape asks for, once a second.
    pub fn shape(self: &Arc<Self>) -> Adaptive {
        let host = self.clone();
        Adaptive::new(move |snapshot| match host.tick(snapshot.user_count()) {
            Ok(None) => Adaptation::Stop,
            Ok(Some(Tick { users, spawn_rate, user_classes: None })) => {
                Adaptation::Users { users, spawn_rate }
            }
            Ok(Some(Tick { users, spawn_rate, user_classes: Some(classes) })) => {
                Adaptation::UsersOf { users, spawn_rate, classes }
            }
            Err(error) => Adaptation::Failed(error.to_string()),
        })
    }

    fn tick(&self, users: u64) -> Result<Option<Tick>, HostError> {
        match self.ask(&Request::Tick { state: json!({ "user_count": users }) }, None)? {
            Response::Ticked(tick) => tick.map_err(HostError::Python),
            _ => Err(self.confused()),
        }
    }

    /// Has the host fork a core process with this socket. Returns its number.
    pub(super) fn fork(&self, socket: BorrowedFd<'_>) -> Result<Pid, HostError> {
        match self.ask(&Request::Fork, Some(socket))? {
            Response::Forked(Ok(number)) => pid(number).map_err(|_| self.confused()),
            Response::Forked(Err(error)) => Err(HostError::Python(error)),
            _ => Err(self.confused()),
        }
    }

    /// Returns how each of the core processes ended, all of which are about to.
    pub(super) fn reap(&self) -> Vec<(i32, String)> {
        match self.ask(&Request::Reap, None) {
            Ok(Response::Reaped(ends)) => ends,
            Ok(_) | Err(_) => Vec::new(),
        }
    }

    fn answer(&self, request: &Request) -> Result<Value, HostError> {
        match self.ask(request, None)? {
            Response::Answered(answer) => answer.map_err(HostError::Python),
            _ => Err(self.confused()),
        }
    }

    fn ask(
        &self,
        request: &Request,
        descriptor: Option<BorrowedFd<'_>>,
    ) -> Result<Response, HostError> {
        let requests = self.requests();
        let asked = requests.send_with(request, descriptor);
        if !asked.is_ok_and(|()| self.answers(&requests)) {
            return Err(HostError::Ended(self.how_it_ended()));
        }
        match requests.receive() {
            Ok(Some(response)) => Ok(response),
            Ok(None) | Err(_) => Err(HostError::Ended(self.how_it_ended())),
        }
    }

    /// Waits for an answer. `false` if the host ends first, or is killed, because the run was stopped while
    /// it was busy, and it still is after the time that cores have.
    fn answers(&self, requests: &Connection) -> bool {
        // What is asked after the stop, as the listeners of `test_stop` are, may take any time.
        let mut may_be_late = self.desk.stop_timeout().is_some();
        let mut last = None;
        loop {
            match requests.wait_for(self.process.as_fd(), Some(LOOKS)) {
                Ok(Waited::Message) => return true,
                Ok(Waited::End) | Err(_) => return false,
                Ok(Waited::Time) if may_be_late => {}
                Ok(Waited::Time) => {
                    let Some(timeout) = self.desk.stop_timeout() else { continue };
                    let now = Instant::now();
                    if now > *last.get_or_insert(now + timeout + ENDS_WITHIN) {
                        may_be_late = true;
                        self.kill();
                    }
                }
            }
        }
    }

    fn kill(&self) {
        let _ = pidfd_send_signal(&self.process, Signal::KILL);
    }

    /// Waits a moment for the end of a process that has closed its socket.
    fn how_it_ended(&self) -> String {
        let _ = self.end.recv_timeout(ENDS_WITHIN);
        self.ended.get().cloned().unwrap_or_else(|| "does not answer any more".to_owned())
    }

    /// An answer to another request: a bug of ours, after which nothing more is asked.
    fn confused(&self) -> HostError {
        HostError::Ended("has answered what was not asked".to_owned())
    }

    fn requests(&self) -> MutexGuard<'_, Connection> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends the process, which is killed where it is busy.
    pub fn stop(&self) {
        self.desk.close();
        // The lock is with who waits for an answer.
        self.end_of_requests.close();
        if self.end.recv_timeout(ENDS_WITHIN).is_err_and(|error| error.is_timeout()) {
            self.kill();
            let _ = self.end.recv_timeout(ENDS_WITHIN);
        }
    }
}

impl Drop for HostProcess {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Answers the host's calls until it ends.
fn serve(calls: &Connection, process: BorrowedFd<'_>, desk: &Desk) {
    while let Ok(Some(Call { id, name, details })) = calls.receive_of(process) {
        let result = desk.answer("host", &name, details);
        if calls.send(&CallAnswer { id, result }).is_err() {
            return;
        }
    }
}

fn pid(number: i32) -> io::Result<Pid> {
    Pid::from_raw(number).ok_or_else(|| io::ErrorKind::InvalidData.into())
}
