//! What may be asked of a running test from outside its cores: to stop, to go on with other users or
//! at another rate, to begin its statistics anew.
//!
//! Signals, keys and shapes that look at the run are clients of it; the web page will be another.
//! Nothing is sent: a command is written down once, with the time from which it holds, and each core
//! reads it there when it is woken. That time lies a moment ahead, so that all cores change their
//! course at the same instant of the run.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock};
use std::time::{Duration, Instant};

pub use crate::stats::Change;

use crate::reactor::Remote;
use crate::scenario::{Arrivals, USERS_MAX};
use crate::stats::{Command, Ending};
use crate::units;

/// From a command to the instant at which it holds: enough for every core to be woken.
const AHEAD: Duration = Duration::from_millis(50);
/// The most commands that a run remembers; later ones are obeyed and not told of.
const STAMPS_MAX: usize = 1000;
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
    written: Mutex<Written>,
    cores: Mutex<Vec<Remote>>,
}

/// What has been asked so far.
#[derive(Debug, Default)]
struct Written {
    orders: Vec<Order>,
    resets: u64,
    stamps: Vec<Command>,
    ending: Option<Ending>,
}

/// A change of the load, and when it holds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Order {
    /// From the start of the run.
    pub at: Duration,
    /// What holds from then on.
    pub change: Change,
}

/// In Locust's words, as the log tells of it.
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

/// Why a command is not obeyed.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Refused {
    /// The load is a rate.
    #[error("the load is a rate, which takes as many users as it needs: change the rate instead")]
    IsOpen,
    /// The load is a number of users.
    #[error("the load is a number of users and not a rate: change the users instead")]
    IsClosed,
    /// A rate that cannot be meant.
    #[error(
        "a rate must be a number from 0 to {RATE_MAX}, and users come and go at more than 0, not {0:?}"
    )]
    Rate(f64),
    /// More users than are worth trying.
    #[error("{0} users are too many: at most {USERS_MAX} are possible")]
    TooManyUsers(u32),
}

impl Control {
    /// Of a run whose load is a rate, or none: known before the run begins.
    pub fn of(is_open: bool) -> Self {
        Control { is_open: is_open.into(), ..Control::default() }
    }

    /// Asks every core to stop: no new users, users finish within the stop timeout.
    pub fn stop(&self) {
        if !self.stopping.swap(true, Ordering::SeqCst) {
            let mut written = self.written();
            written.ending = Some(Ending::Stop);
            self.stamp(&mut written, "stop".into());
        }
        self.wake_cores();
    }

    /// Says, before the run starts, that its load will be changed on the way. A core whose users have
    /// all ended, or who has none yet, is then there for those to come until the run is stopped or
    /// over; without it, it ends, and a run ends with its users. A number of iterations or requests
    /// to do ends it all the same.
    pub fn expect_changes(&self) {
        self.steered.store(true, Ordering::SeqCst);
    }

    /// Whether the load was said to be changed on the way.
    pub(crate) fn expects_changes(&self) -> bool {
        self.steered.load(Ordering::SeqCst)
    }

    /// Asks for so many users, which come or go by so many per second from now on, in place of
    /// whatever the load's shape says. See [`Control::expect_changes`].
    ///
    /// # Errors
    ///
    /// Where the load is open, a rate that is not above zero, and more than [`USERS_MAX`] users.
    pub fn set_users(&self, users: u32, spawn_rate: f64) -> Result<(), Refused> {
        if self.is_open() {
            return Err(Refused::IsOpen);
        }
        if !(spawn_rate > 0.0 && spawn_rate.is_finite()) {
            return Err(Refused::Rate(spawn_rate));
        }
        if users > USERS_MAX {
            return Err(Refused::TooManyUsers(users));
        }
        let text = format!("{} at {spawn_rate} per second", units::users(users));
        self.order(Change::Users { users, spawn_rate }, text);
        Ok(())
    }

    /// Asks for another rate of iterations.
    ///
    /// # Errors
    ///
    /// Where the load is closed, and a rate that is none or above [`Arrivals::RATE_MAX`].
    pub fn set_rate(&self, rate: f64) -> Result<(), Refused> {
        if !self.is_open() {
            return Err(Refused::IsClosed);
        }
        if !(0.0..=RATE_MAX).contains(&rate) {
            return Err(Refused::Rate(rate));
        }
        self.order(Change::Rate(rate), format!("{rate} iterations per second"));
        Ok(())
    }

    /// Asks for statistics that begin anew: with the second that is running, all rows count from
    /// zero. What an open load released and how the generator fared stay of the whole run.
    pub fn reset(&self) {
        let mut written = self.written();
        written.resets += 1;
        self.stamp(&mut written, "statistics reset".into());
    }

    /// Whether somebody asked to stop.
    pub fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::SeqCst)
    }

    /// Whether the load is a rate. Where nobody has said so and the run has not begun, it is not.
    pub fn is_open(&self) -> bool {
        self.is_open.get() == Some(&true)
    }

    /// How often the statistics were to begin anew.
    pub fn resets(&self) -> u64 {
        self.written().resets
    }

    /// All commands so far, in order.
    pub fn stamps(&self) -> Vec<Command> {
        self.written().stamps.clone()
    }

    /// What the load was to change to last, if it was.
    pub fn target(&self) -> Option<Change> {
        self.written().orders.last().map(|order| order.change)
    }

    /// The users that were asked for last, if any were.
    pub fn users_wanted(&self) -> Option<u32> {
        match self.target()? {
            Change::Users { users, .. } => Some(users),
            Change::Rate(_) => None,
        }
    }

    /// The rate that was asked for last, if any was.
    pub fn rate_wanted(&self) -> Option<f64> {
        match self.target()? {
            Change::Rate(rate) => Some(rate),
            Change::Users { .. } => None,
        }
    }

    /// What ended the run; while cores go on, what has ended one of them.
    pub fn ending(&self) -> Option<Ending> {
        self.written().ending
    }

    /// A core has come to its end because of this. The run ends with the last of them.
    pub(crate) fn ended_by(&self, ending: Ending) {
        self.written().ending = Some(ending);
    }

    /// How long the run has been going; nothing before its start.
    pub fn elapsed(&self) -> Duration {
        self.started.get().map_or(Duration::ZERO, Instant::elapsed)
    }

    /// The run starts now.
    pub(crate) fn begin(&self, started: Instant, is_open: bool) {
        // A control is one run's; a second one would go on with the first's clock.
        let _ = self.is_open.set(is_open);
        let _ = self.started.set(started);
    }

    /// The orders after the first so many.
    pub(crate) fn orders_after(&self, known: usize) -> Vec<Order> {
        self.written().orders.get(known..).unwrap_or_default().to_vec()
    }

    /// Has this core woken by every later change.
    pub(crate) fn join(&self, core: Remote) {
        self.cores.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).push(core);
    }

    fn order(&self, change: Change, text: String) {
        let mut written = self.written();
        // In the order of their time: the clock may be read by two threads at once.
        let latest = written.orders.last().map_or(Duration::ZERO, |order| order.at);
        let at = (self.elapsed() + AHEAD).max(latest);
        written.orders.push(Order { at, change });
        self.stamp(&mut written, text);
        drop(written);
        self.wake_cores();
    }

    fn stamp(&self, written: &mut Written, what: String) {
        if written.stamps.len() < STAMPS_MAX {
            written.stamps.push(Command { at: self.elapsed(), what });
        }
    }

    fn wake_cores(&self) {
        let cores = self.cores.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        cores.iter().for_each(Remote::wake);
    }

    fn written(&self) -> MutexGuard<'_, Written> {
        self.written.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
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
        let orders: [Order; 2] = control.orders_after(0).try_into().unwrap();
        assert!(orders[0].at >= AHEAD && orders[1].at >= orders[0].at);
        assert_eq!(orders[1].change, Change::Users { users: 1, spawn_rate: 2.0 });
        assert_eq!(control.orders_after(1), orders[1..]);
        assert_eq!((control.orders_after(9), control.users_wanted()), (Vec::new(), Some(1)));
        assert_eq!(control.target(), Some(orders[1].change));
        let told: Vec<_> = control.stamps().into_iter().map(|stamp| stamp.what).collect();
        assert_eq!(told, ["5 users at 2 per second", "1 user at 2 per second"]);
        let said = orders.map(|order| order.change.to_string());
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
        assert_eq!(open.stamps().len(), 1);
        assert_eq!((open.rate_wanted(), closed.rate_wanted()), (Some(0.0), None));
    }

    #[test]
    fn what_is_remembered_has_a_bound() {
        let control = Control::default();
        (0..STAMPS_MAX + 5).for_each(|_| control.reset());
        assert_eq!(control.stamps().len(), STAMPS_MAX);
        assert_eq!(control.resets(), STAMPS_MAX as u64 + 5);
        control.stop();
        assert!(control.is_stopping());
    }
}
