//! Commands to a running test from outside its cores: stop, change the users or the rate, reset the
//! statistics.
//!
//! Signals, keys, the web page and adaptive shapes send commands. A command is stored once, with the
//! time from which it holds, and each core reads it when it is woken. That time is a moment ahead, so
//! that all cores change their load at the same instant of the run.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded};
use serde::{Deserialize, Serialize};

pub use crate::stats::Change;

use crate::reactor::Remote;
use crate::scenario::{Arrivals, USERS_MAX};
use crate::stats::{Command, Ending};
use crate::units;

/// The time from a command to the instant at which it takes effect: enough to wake every core.
const AHEAD: Duration = Duration::from_millis(50);
/// The most commands that reports list. Later ones take effect without being listed.
const COMMANDS_MAX: usize = 1000;
/// The highest rate of an open load.
const RATE_MAX: f64 = Arrivals::RATE_MAX;

/// The only state that the threads of a run share.
#[derive(Debug, Default)]
pub struct Control {
    stopping: AtomicBool,
    steered: AtomicBool,
    /// Whether the load is a rate.
    is_open: OnceLock<bool>,
    started: OnceLock<Instant>,
    received: Mutex<Received>,
    cores: Mutex<Vec<Remote>>,
    /// Threads that pass commands on to cores of other processes.
    relays: Mutex<Vec<Sender<()>>>,
}

/// The commands so far.
#[derive(Debug, Default)]
struct Received {
    changes: Vec<ScheduledChange>,
    resets: u64,
    /// The time before which nothing counts any more.
    reset_from: Duration,
    commands: Vec<Command>,
    ending: Option<Ending>,
}

/// A change of the load, and the time from which it holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct ScheduledChange {
    /// From the start of the run.
    pub at: Duration,
    /// The change.
    pub change: Change,
    /// The names of the only classes that users are started of; `None` for all.
    pub classes: Option<Vec<String>>,
}

/// Writes it in Locust's words, for the log.
impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Change::Users { users, spawn_rate } => {
                let users = units::users(*users);
                write!(f, "Ramping to {users} at a rate of {spawn_rate:.2} per second")
            }
            Change::Rate(rate) => write!(f, "Releasing {rate:.2} iterations per second"),
        }
    }
}

/// Why a command is refused.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Refused {
    /// The load is a rate.
    #[error("the load is a rate, which takes as many users as it needs: change the rate instead")]
    IsOpen,
    /// The load is a number of users.
    #[error("the load is a number of users and not a rate: change the users instead")]
    IsClosed,
    /// The rate is out of range.
    #[error(
        "a rate must be a number from 0 to {RATE_MAX}, and users come and go at more than 0, not {0:?}"
    )]
    Rate(f64),
    /// There would be more than [`USERS_MAX`] users.
    #[error("{0} users are too many: at most {USERS_MAX} are possible")]
    TooManyUsers(u32),
}

impl Control {
    /// Makes the control of an open load (a rate) or of a closed one, before the run begins.
    pub fn of(is_open: bool) -> Self {
        Control { is_open: is_open.into(), ..Control::default() }
    }

    /// Asks every core to stop: no new users, users finish within the stop timeout.
    pub fn stop(&self) {
        if !self.stopping.swap(true, Ordering::SeqCst) {
            let mut received = self.received();
            received.ending = Some(Ending::Stop);
            self.record(&mut received, "stop".into());
        }
        self.wake_cores();
    }

    /// Says, before the run starts, that its load will be changed while it runs. A core without users
    /// then waits for new ones until the run is stopped or over; otherwise it ends, and the run ends
    /// with its last user. Reaching a number of iterations or requests still ends the run.
    pub fn expect_changes(&self) {
        self.steered.store(true, Ordering::SeqCst);
    }

    /// Returns whether the load will be changed while the run lasts.
    pub(crate) fn expects_changes(&self) -> bool {
        self.steered.load(Ordering::SeqCst)
    }

    /// Changes the number of users, at this many users per second from now on. This replaces the load's
    /// shape. See [`Control::expect_changes`].
    ///
    /// # Errors
    ///
    /// Returns an error if the load is open, if the rate is not above zero, or for more than
    /// [`USERS_MAX`] users.
    pub fn set_users(&self, users: u32, spawn_rate: f64) -> Result<(), Refused> {
        self.change_users(users, spawn_rate, None)
    }

    /// Changes the number of users, and starts users of these classes only from now on. Others go on until
    /// they are stopped, the newest first.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`Control::set_users`].
    pub fn set_users_of(
        &self,
        users: u32,
        spawn_rate: f64,
        classes: Vec<String>,
    ) -> Result<(), Refused> {
        self.change_users(users, spawn_rate, Some(classes))
    }

    fn change_users(
        &self,
        users: u32,
        spawn_rate: f64,
        classes: Option<Vec<String>>,
    ) -> Result<(), Refused> {
        if self.is_open() {
            return Err(Refused::IsOpen);
        }
        if !(spawn_rate > 0.0 && spawn_rate.is_finite()) {
            return Err(Refused::Rate(spawn_rate));
        }
        if users > USERS_MAX {
            return Err(Refused::TooManyUsers(users));
        }
        let mut text = format!("{} at {spawn_rate} per second", units::users(users));
        if let Some(classes) = &classes {
            text = format!("{text}, only {} are started", classes.join(", "));
        }
        self.schedule(Change::Users { users, spawn_rate }, classes, text);
        Ok(())
    }

    /// Changes the rate of iterations.
    ///
    /// # Errors
    ///
    /// Returns an error if the load is closed, or if the rate is not a number from 0 to
    /// [`Arrivals::RATE_MAX`].
    pub fn set_rate(&self, rate: f64) -> Result<(), Refused> {
        if !self.is_open() {
            return Err(Refused::IsClosed);
        }
        if !(0.0..=RATE_MAX).contains(&rate) {
            return Err(Refused::Rate(rate));
        }
        self.schedule(Change::Rate(rate), None, format!("{rate} iterations per second"));
        Ok(())
    }

    /// Resets the statistics: all rows count from zero, starting with the next second. The arrivals
    /// of an open load and the health of the generator still cover the whole run.
    pub fn reset(&self) {
        self.reset_from(self.elapsed());
    }

    /// The same from the first whole second at or after this time, if its samples are not counted yet.
    pub(crate) fn reset_from(&self, elapsed: Duration) {
        let mut received = self.received();
        received.resets += 1;
        received.reset_from = elapsed.max(received.reset_from);
        self.record(&mut received, "statistics reset".into());
    }

    /// Returns whether the run was asked to stop.
    pub fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::SeqCst)
    }

    /// Returns whether the load is a rate; `false` before that is known.
    pub fn is_open(&self) -> bool {
        self.is_open.get() == Some(&true)
    }

    /// Returns how often the statistics were reset.
    pub fn resets(&self) -> u64 {
        self.received().resets
    }

    /// Returns the same, but for resets that concern what came after this time.
    pub(crate) fn resets_due(&self, elapsed: Duration) -> Option<u64> {
        let received = self.received();
        (received.reset_from <= elapsed).then_some(received.resets)
    }

    /// Returns all commands so far, in order.
    pub fn commands(&self) -> Vec<Command> {
        self.received().commands.clone()
    }

    /// Returns the latest change of the load, if there is one.
    pub fn target(&self) -> Option<Change> {
        self.received().changes.last().map(|change| change.change)
    }

    /// Returns the number of users that was asked for last, if any.
    pub fn users_wanted(&self) -> Option<u32> {
        match self.target()? {
            Change::Users { users, .. } => Some(users),
            Change::Rate(_) => None,
        }
    }

    /// Returns the rate that was asked for last, if any.
    pub fn rate_wanted(&self) -> Option<f64> {
        match self.target()? {
            Change::Rate(rate) => Some(rate),
            Change::Users { .. } => None,
        }
    }

    /// Returns what ended the run or, while other cores go on, what ended a core.
    pub fn ending(&self) -> Option<Ending> {
        self.received().ending
    }

    /// Notes what ended a core. The run ends with the last core.
    pub(crate) fn ended_by(&self, ending: Ending) {
        self.received().ending = Some(ending);
        self.wake_relays();
    }

    /// Returns the time since the start of the run; zero before it.
    pub fn elapsed(&self) -> Duration {
        self.started.get().map_or(Duration::ZERO, Instant::elapsed)
    }

    /// Returns whether the run has a start, which may come in a moment.
    pub(crate) fn has_begun(&self) -> bool {
        self.started.get().is_some()
    }

    /// Starts the clock of the run.
    pub(crate) fn begin(&self, started: Instant, is_open: bool) {
        // A control belongs to one run: a second run would go on with the first one's clock.
        let _ = self.is_open.set(is_open);
        let _ = self.started.set(started);
    }

    /// Returns the changes after the first `known` ones.
    pub(crate) fn changes_after(&self, known: usize) -> Vec<ScheduledChange> {
        self.received().changes.get(known..).unwrap_or_default().to_vec()
    }

    /// Returns what gets a message at every later command, change and ending. Several that have not been
    /// looked at are one message.
    pub(crate) fn news(&self) -> Receiver<()> {
        let (tell, news) = bounded(1);
        locked(&self.relays).push(tell);
        news
    }

    /// Schedules a change that was scheduled in another process of this run, for the same instant.
    pub(crate) fn follow(&self, change: ScheduledChange) {
        self.received().changes.push(change);
        self.wake_cores();
    }

    /// Wakes this core at every later change.
    pub(crate) fn join(&self, core: Remote) {
        locked(&self.cores).push(core);
    }

    fn schedule(&self, change: Change, classes: Option<Vec<String>>, text: String) {
        let mut received = self.received();
        // Keeps changes in the order of their times, even if two threads read the clock at once.
        let latest = received.changes.last().map_or(Duration::ZERO, |change| change.at);
        let at = (self.elapsed() + AHEAD).max(latest);
        received.changes.push(ScheduledChange { at, change, classes });
        self.record(&mut received, text);
        drop(received);
        self.wake_cores();
    }

    fn record(&self, received: &mut Received, what: String) {
        if received.commands.len() < COMMANDS_MAX {
            received.commands.push(Command { at: self.elapsed(), what });
        }
    }

    fn wake_cores(&self) {
        locked(&self.cores).iter().for_each(Remote::wake);
        self.wake_relays();
    }

    fn wake_relays(&self) {
        // One that is full has a message to look at, and one without a receiver has ended.
        locked(&self.relays).iter().for_each(|relay| _ = relay.try_send(()));
    }

    fn received(&self) -> MutexGuard<'_, Received> {
        locked(&self.received)
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_hold_a_moment_ahead_and_in_their_order() {
        let control = Control::default();
        control.begin(Instant::now(), false);
        control.set_users(5, 2.0).unwrap();
        control.set_users(1, 2.0).unwrap();
        let changes: [ScheduledChange; 2] = control.changes_after(0).try_into().unwrap();
        assert!(changes[0].at >= AHEAD && changes[1].at >= changes[0].at);
        assert_eq!(changes[1].change, Change::Users { users: 1, spawn_rate: 2.0 });
        assert_eq!(control.changes_after(1), changes[1..]);
        assert_eq!((control.changes_after(9), control.users_wanted()), (Vec::new(), Some(1)));
        assert_eq!(control.target(), Some(changes[1].change));
        let told: Vec<_> = control.commands().into_iter().map(|command| command.what).collect();
        assert_eq!(told, ["5 users at 2 per second", "1 user at 2 per second"]);
        let said = changes.clone().map(|change| change.change.to_string());
        assert_eq!(said[0], "Ramping to 5 users at a rate of 2.00 per second");
        assert_eq!(said[1], "Ramping to 1 user at a rate of 2.00 per second");
    }

    #[test]
    fn a_load_is_changed_by_what_it_is() {
        let closed = Control::default();
        closed.begin(Instant::now(), false);
        assert_eq!(closed.set_rate(5.0), Err(Refused::IsClosed));
        assert_eq!(closed.set_users(5, 0.0), Err(Refused::Rate(0.0)));
        let many = USERS_MAX + 1;
        assert_eq!(closed.set_users(many, 1.0), Err(Refused::TooManyUsers(many)));
        // Known before the run begins.
        let open = Control::of(true);
        assert_eq!(open.set_users(5, 1.0), Err(Refused::IsOpen));
        assert!(matches!(open.set_rate(f64::NAN), Err(Refused::Rate(_))));
        assert_eq!(open.set_rate(1e300), Err(Refused::Rate(1e300)));
        assert_eq!(
            Refused::Rate(1e300).to_string(),
            "a rate must be a number from 0 to 1000000000, and users come and go at more than 0, \
             not 1e300"
        );
        assert_eq!(open.set_rate(0.0), Ok(()));
        assert_eq!(open.commands().len(), 1);
        assert_eq!((open.rate_wanted(), closed.rate_wanted()), (Some(0.0), None));
    }

    #[test]
    fn what_comes_from_another_process_holds_at_the_same_instant() {
        let (command, core) = (Control::default(), Control::default());
        let news = command.news();
        command.begin(Instant::now(), false);
        assert!(news.is_empty());
        command.set_users(5, 2.0).unwrap();
        command.set_users(6, 2.0).unwrap();
        assert_eq!(news.try_iter().count(), 1, "of both");
        for change in command.changes_after(0) {
            core.follow(change);
        }
        assert_eq!(core.changes_after(0), command.changes_after(0));
        core.ended_by(Ending::Load);
        command.stop();
        assert_eq!((core.ending(), news.try_iter().count()), (Some(Ending::Load), 1));
    }

    #[test]
    fn what_is_remembered_has_a_bound() {
        let control = Control::default();
        (0..COMMANDS_MAX + 5).for_each(|_| control.reset());
        assert_eq!(control.commands().len(), COMMANDS_MAX);
        assert_eq!(control.resets(), COMMANDS_MAX as u64 + 5);
        control.stop();
        assert!(control.is_stopping());
    }
}
