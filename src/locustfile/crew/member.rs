//! One core process of a run.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crossbeam_channel::Sender;
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

use crate::control::Control;
use crate::locustfile::connection::Connection;
use crate::locustfile::desk::{Desk, ToMember, core_name};
use crate::locustfile::message::{CallAnswer, FromCore, ToCore};
use crate::reactor::Backend;
use crate::run::Error;
use crate::stats::Interval;

/// How long a message may take to go to a process that does not read.
const SENDS_WITHIN: Duration = Duration::from_secs(1);

/// How far a core process has got before the run.
pub(super) enum Step {
    /// Its `init` has been fired.
    Initialised,
    /// It waits for the start. Its sockets go through this.
    Ready(Backend),
}

/// What the threads of all members share.
pub(super) struct Shared {
    control: Arc<Control>,
    desk: Arc<Desk>,
    intervals: Sender<Interval>,
}

/// A core process.
pub(super) struct Member {
    pub(super) core: usize,
    id: Pid,
    process: OwnedFd,
    from: Connection,
    to: Arc<Mutex<Connection>>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Whether the run has begun for it.
    begun: bool,
    /// When it ended its load by itself.
    ending: Option<Instant>,
    /// Whether its last interval has come.
    is_over: bool,
    /// When its latest interval came, and up to when that counts from the start of the run.
    latest: Option<(Instant, Duration)>,
    /// Whether its process has ended.
    has_ended: bool,
    /// Whether it was killed, because it had not ended.
    is_late: bool,
    /// What it says that broke.
    broken: Option<String>,
}

impl Shared {
    pub(super) fn new(control: Arc<Control>, desk: Arc<Desk>, intervals: Sender<Interval>) -> Self {
        Shared { control, desk, intervals }
    }
}

impl Member {
    /// Makes the member of a process that is a child of the host, which has not waited for it.
    pub(super) fn new(core: usize, id: Pid, connection: Connection) -> io::Result<Self> {
        let process = pidfd_open(id, PidfdFlags::empty())?;
        let to = connection.share()?;
        to.limit_sends(SENDS_WITHIN)?;
        let (to, state) = (Arc::new(Mutex::new(to)), Mutex::default());
        Ok(Member { core, id, process, from: connection, to, state })
    }

    /// Sends a message. If the process is gone, the thread that receives notices it.
    pub(super) fn tell(&self, message: &ToCore) {
        send(&self.to, message);
    }

    /// Returns what sends to this process.
    pub(super) fn sender(&self) -> ToMember {
        let to = self.to.clone();
        Arc::new(move |message| send(&to, message))
    }

    /// Begins the run at this time of the clock.
    pub(super) fn begin(&self, at: Duration) {
        self.state().begun = true;
        self.tell(&ToCore::Begin { at });
    }

    /// Receives what the process sends, until it ends.
    pub(super) fn receive(&self, shared: &Shared, steps: &Sender<Result<Step, Error>>) {
        while let Ok(Some(message)) = self.from.receive_of(self.process.as_fd()) {
            match message {
                FromCore::Initialised => drop(steps.send(Ok(Step::Initialised))),
                FromCore::Ready { backend } => drop(steps.send(Ok(Step::Ready(backend)))),
                FromCore::Interval(interval) => self.count(interval.data, shared),
                FromCore::Ending(ending) => {
                    self.state().ending = Some(Instant::now());
                    shared.control.ended_by(ending);
                }
                FromCore::Failed(reason) => self.state().broken = Some(reason),
                FromCore::Stopped => shared.desk.core_has_stopped(self.core),
                FromCore::Call(call) => {
                    let from = core_name(self.core);
                    let result = shared.desk.answer(&from, &call.name, call.details);
                    self.tell(&ToCore::Answer(CallAnswer { id: call.id, result }));
                }
            }
        }
        shared.desk.core_has_stopped(self.core);
        let (begun, is_over) = {
            let mut state = self.state();
            state.has_ended = true;
            (state.begun, state.is_over)
        };
        if !begun {
            let _ = steps.send(Err(Error::NoProcess(self.no_start())));
        } else if !is_over {
            // Its users are lost, so the other cores have no reason to go on.
            shared.control.stop();
            let _ = shared.intervals.send(Interval::empty_last(self.core));
        }
    }

    fn count(&self, interval: Interval, shared: &Shared) {
        let mut state = self.state();
        // No other core's rows are touched, whatever a process sends.
        if interval.core != self.core || state.is_over {
            return;
        }
        state.is_over = interval.last;
        state.latest = Some((Instant::now(), interval.to));
        drop(state);
        if interval.last {
            shared.desk.core_is_over();
        }
        // The collector ends when all cores have.
        let _ = shared.intervals.send(interval);
    }

    fn no_start(&self) -> String {
        let broken = self.state().broken.clone();
        broken.unwrap_or_else(|| {
            format!("the process of core {} (process {}) ended before the run", self.core, self.id)
        })
    }

    /// Kills the process.
    pub(super) fn kill(&self) {
        let _ = pidfd_send_signal(&self.process, Signal::KILL);
    }

    /// Kills the process because it has not ended.
    pub(super) fn kill_late(&self) {
        self.state().is_late = true;
        self.kill();
    }

    /// Returns when its load ended by itself, if it has.
    pub(super) fn ending(&self) -> Option<Instant> {
        self.state().ending
    }

    /// Returns when its last interval came, and whether its process has ended since.
    pub(super) fn progress(&self) -> Progress {
        let state = self.state();
        let latest = state.latest.map(|(came, _)| came);
        Progress { latest, is_over: state.is_over, has_ended: state.has_ended }
    }

    /// Returns what was lost with the process, which has ended in one of these ways; `None` where nothing
    /// was.
    pub(super) fn loss(&self, ends: &[(i32, String)]) -> Option<String> {
        let state = self.state();
        let id = self.id.as_raw_nonzero().get();
        let core = self.core;
        if let (true, Some(broken)) = (state.is_over, &state.broken) {
            return Some(format!("core {core} (process {id}): {broken}"));
        }
        if state.is_over {
            return None;
        }
        let how =
            ends.iter().find(|(of, _)| *of == id).map_or("has ended", |(_, how)| how.as_str());
        let late = "did not end within the stop timeout and a second, because a task did not let go of its \
                    core, and was killed";
        let how = if state.is_late { late } else { how };
        let since = state.latest.map_or(Duration::ZERO, |(_, to)| to);
        let since = since.as_secs_f64();
        Some(format!(
            "core {core}: its process {id} {how}; what it counted after second {since:.0} is lost"
        ))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How far a process is.
pub(super) struct Progress {
    /// When its latest interval came.
    pub(super) latest: Option<Instant>,
    /// Whether that was its last.
    pub(super) is_over: bool,
    pub(super) has_ended: bool,
}

fn send(to: &Mutex<Connection>, message: &ToCore) {
    let to = to.lock().unwrap_or_else(PoisonError::into_inner);
    if to.send(message).is_err() {
        // A part of it may have gone, and nothing can follow that.
        to.close();
    }
}
