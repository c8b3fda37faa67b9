//! How the generator itself performed: how busy its cores were, how late its timers fired, and which
//! limits it hit.
//!
//! A load engine without CPU time to spare measures its own queue. These numbers show whether that
//! happened: every core ships them with its samples, and every snapshot has them.

use std::ops::{AddAssign, Sub};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Distribution;
use super::blocking_call::{BlockingCall, BlockingCalls};
use super::standstill::{StandstillRow, Standstills};
use super::times::{SparseTimes, Times};

/// The share of a second from which a core counts as saturated, by the time in which it ran or waited
/// for its processor. What it measures may be its own queue then. Locust warns from the same share on
/// (runners.py:56).
pub(crate) const SATURATED: f64 = 0.9;
/// Shorter intervals say nothing about a whole second; the last one of a run may have any length.
const SECOND_MIN: Duration = Duration::from_millis(500);
/// With fewer requests in a second, the core's pulse timer and its start are a visible part of its CPU
/// time: an idle core makes a hundred turns a second.
const REQUESTS_MIN: f64 = 1000.0;

/// CPU time of a thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct CpuTime {
    /// Time in the program's own code.
    pub user: Duration,
    /// Time in the kernel.
    pub system: Duration,
}

impl CpuTime {
    /// Returns the sum of both.
    pub fn total(&self) -> Duration {
        self.user + self.system
    }
}

impl AddAssign for CpuTime {
    fn add_assign(&mut self, other: CpuTime) {
        let CpuTime { user, system } = other;
        self.user += user;
        self.system += system;
    }
}

impl Sub for CpuTime {
    type Output = CpuTime;

    /// The kernel estimates the two parts anew each time, and one may be smaller than before.
    fn sub(self, earlier: CpuTime) -> CpuTime {
        CpuTime {
            user: self.user.saturating_sub(earlier.user),
            system: self.system.saturating_sub(earlier.system),
        }
    }
}

/// What a core's thread did in a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Work {
    /// Its CPU time.
    pub cpu: CpuTime,
    /// How long it was ready to run and did not, because something else ran on its processor, or
    /// because its CPU time is limited. Zero if the kernel does not say.
    pub kept_waiting: Duration,
    /// Turns: the number of times it entered the kernel.
    pub turns: u64,
    /// Turns that returned completions.
    pub busy_turns: u64,
    /// The completions of these turns.
    pub completions: u64,
    /// The longest time that the core's tasks ran between two turns.
    pub longest_turn: Duration,
}

impl Work {
    /// Returns the mean number of completions of a busy turn; 0 without any.
    pub fn completions_per_turn(&self) -> f64 {
        self.completions as f64 / self.busy_turns.max(1) as f64
    }

    /// Returns how long the thread ran or was ready to run.
    pub fn wanted(&self) -> Duration {
        self.cpu.total() + self.kept_waiting
    }
}

impl AddAssign for Work {
    fn add_assign(&mut self, other: Work) {
        let Work { cpu, kept_waiting, turns, busy_turns, completions, longest_turn } = other;
        self.cpu += cpu;
        self.kept_waiting += kept_waiting;
        self.turns += turns;
        self.busy_turns += busy_turns;
        self.completions += completions;
        self.longest_turn = self.longest_turn.max(longest_turn);
    }
}

/// What [`LimitsHit`] counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Limit {
    /// See [`LimitsHit::ports`].
    Ports,
    /// See [`LimitsHit::files`].
    Files,
    /// See [`LimitsHit::slow_connects`].
    SlowConnect,
    /// See [`LimitsHit::unchecked_servers`].
    UncheckedServer,
    /// See [`LimitsHit::look_ups`].
    LookUp,
}

/// How often something hindered a request, may have hindered it, or makes its response doubtful: most
/// often a limit of the kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LimitsHit {
    /// No local port was left for a connection (`EADDRNOTAVAIL`).
    pub ports: u64,
    /// No file could be opened any more (`EMFILE`, `ENFILE`).
    pub files: u64,
    /// A connection took so long that its first packet must have been sent again: it was lost, or
    /// dropped by a server whose accept queue was full.
    pub slow_connects: u64,
    /// A TLS connection was made without a check of the server's certificate, as asked for.
    pub unchecked_servers: u64,
    /// A name that is looked up again regularly was not found, and its known addresses stayed.
    pub look_ups: u64,
}

impl LimitsHit {
    pub(super) fn note(&mut self, limit: Limit) {
        match limit {
            Limit::Ports => self.ports += 1,
            Limit::Files => self.files += 1,
            Limit::SlowConnect => self.slow_connects += 1,
            Limit::UncheckedServer => self.unchecked_servers += 1,
            Limit::LookUp => self.look_ups += 1,
        }
    }
}

impl AddAssign for LimitsHit {
    fn add_assign(&mut self, other: LimitsHit) {
        let LimitsHit { ports, files, slow_connects, unchecked_servers, look_ups } = other;
        self.ports += ports;
        self.files += files;
        self.slow_connects += slow_connects;
        self.unchecked_servers += unchecked_servers;
        self.look_ups += look_ups;
    }
}

/// How a core performed in an interval.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Health {
    /// What its thread did.
    pub work: Work,
    /// How much later than asked for its timers fired: the waits of users, their starts, and the pulse.
    pub lateness: SparseTimes,
    /// The limits that it hit.
    pub limits: LimitsHit,
    /// Its standstills.
    pub standstills: Standstills,
    /// The lines of user code that held it up.
    pub blocking_calls: BlockingCalls,
}

/// Records how a core performs between two takes.
#[derive(Debug, Default)]
pub(super) struct Noticed {
    pub(super) work: Work,
    pub(super) lateness: Times<u32>,
    pub(super) limits: LimitsHit,
    pub(super) standstills: Standstills,
    pub(super) blocking_calls: BlockingCalls,
}

impl Noticed {
    /// Takes the record out.
    pub(super) fn take(&mut self) -> Health {
        let health = Health {
            work: std::mem::take(&mut self.work),
            lateness: self.lateness.to_sparse(),
            limits: std::mem::take(&mut self.limits),
            standstills: std::mem::take(&mut self.standstills),
            blocking_calls: std::mem::take(&mut self.blocking_calls),
        };
        self.lateness.clear();
        health
    }
}

impl AddAssign<&Health> for Noticed {
    fn add_assign(&mut self, other: &Health) {
        let Health { work, lateness, limits, standstills, blocking_calls } = other;
        self.work += *work;
        self.lateness += lateness;
        self.limits += *limits;
        self.standstills += standstills;
        self.blocking_calls += blocking_calls;
    }
}

/// Adds up the work of one core since the start, in the collector.
#[derive(Debug, Default)]
pub(super) struct CoreSum {
    work: Work,
    wall: Duration,
    latest_busy: f64,
    busiest_second: f64,
    saturated_seconds: u64,
    /// The second with the least time left.
    fullest: FullSecond,
    pub(super) standstills: Standstills,
}

impl CoreSum {
    /// Adds an interval of this length.
    pub(super) fn add(&mut self, wall: Duration, work: Work) {
        self.work += work;
        self.wall += wall;
        if wall < SECOND_MIN {
            return;
        }
        let second = FullSecond {
            ran: share(work.cpu.total(), wall),
            kept_waiting: share(work.kept_waiting, wall),
        };
        self.latest_busy = second.ran;
        self.busiest_second = self.busiest_second.max(second.ran);
        if second.wanted() > self.fullest.wanted() {
            self.fullest = second;
        }
        if second.wanted() > SATURATED {
            // An interval that could not be shipped at once covers more than one second.
            self.saturated_seconds += (wall.as_secs_f64().round() as u64).max(1);
        }
    }

    /// Returns what reports show of the core.
    pub(super) fn health(&self, core: usize) -> CoreHealth {
        CoreHealth {
            core,
            busy: share(self.work.cpu.total(), self.wall),
            latest_busy: self.latest_busy,
            busiest_second: self.busiest_second,
            saturated_seconds: self.saturated_seconds,
            fullest: self.fullest,
            work: self.work,
        }
    }
}

/// CPU time, and the number of requests that it was spent on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RequestCost {
    /// CPU time of all cores, in the seconds in which a core made a thousand requests or more.
    pub cpu: CpuTime,
    /// Requests that ended in these seconds.
    pub requests: u64,
}

impl RequestCost {
    /// Adds a core's interval of this length if it has enough requests.
    pub(super) fn add(&mut self, wall: Duration, requests: u64, cpu: CpuTime) {
        if wall >= SECOND_MIN && requests as f64 >= REQUESTS_MIN * wall.as_secs_f64() {
            self.cpu += cpu;
            self.requests += requests;
        }
    }

    /// Returns the microseconds of user and of system time per request; `None` if no core had enough
    /// requests to tell them from its idle work.
    pub fn each_us(&self) -> Option<(f64, f64)> {
        let each = |time: Duration| 1e6 * time.as_secs_f64() / self.requests as f64;
        (self.requests > 0).then(|| (each(self.cpu.user), each(self.cpu.system)))
    }
}

/// At most 1: the two clocks are not read at exactly the same instant.
fn share(cpu: Duration, wall: Duration) -> f64 {
    if wall.is_zero() { 0.0 } else { (cpu.as_secs_f64() / wall.as_secs_f64()).min(1.0) }
}

/// How the generator performed, for reports.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct GeneratorHealth {
    /// The cores, in the run's order.
    pub cores: Vec<CoreHealth>,
    /// The name of the I/O backend of their sockets; empty if it is unknown.
    pub backend: String,
    /// The CPU time of requests since the start, or since the latest reset of the statistics.
    pub request_cost: RequestCost,
    /// Delays of the timers of all cores, since the start.
    pub lateness: Distribution,
    /// The same since the previous snapshot.
    pub latest_lateness: Distribution,
    /// The limits that were hit.
    pub limits: LimitsHit,
    /// Connections that did not fit into the accept queue of a listening socket of this host since the
    /// start, whichever process listens or connects: the kernel's `ListenOverflows`.
    pub accept_queue_overflows: u64,
    /// The longest standstills of cores, in order of time.
    pub standstills: Vec<StandstillRow>,
    /// The number and the total length of all others.
    pub more_standstills: (u64, Duration),
    /// The lines of user code that held cores up, in the order in which they were found.
    pub blocking_calls: Vec<BlockingCall>,
}

impl GeneratorHealth {
    /// Returns the work of all cores together.
    pub fn work(&self) -> Work {
        let mut sum = Work::default();
        self.cores.iter().for_each(|core| sum += core.work);
        sum
    }
}

/// How one core of the generator performed, for reports.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CoreHealth {
    /// The number of the processor.
    pub core: usize,
    /// The share of the whole run in which its thread ran, 0 to 1.
    pub busy: f64,
    /// The share of the latest second.
    pub latest_busy: f64,
    /// The share of the busiest second.
    pub busiest_second: f64,
    /// Seconds in which it ran, or was kept waiting, for more than 90 % of the time.
    pub saturated_seconds: u64,
    /// The second with the least time left.
    pub fullest: FullSecond,
    /// What its thread did.
    pub work: Work,
}

/// What a core's thread did in a second, as shares of the second.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct FullSecond {
    /// The share in which it ran.
    pub ran: f64,
    /// The share in which it was ready to run, and did not.
    pub kept_waiting: f64,
}

impl FullSecond {
    /// Returns the share in which it ran or was ready to run.
    pub fn wanted(&self) -> f64 {
        self.ran + self.kept_waiting
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::Standstill;

    const MS: Duration = Duration::from_millis(1);

    fn work(cpu: Duration) -> Work {
        let cpu = CpuTime { user: cpu / 4, system: cpu - cpu / 4 };
        let kept_waiting = Duration::ZERO;
        Work { cpu, kept_waiting, turns: 9, busy_turns: 2, completions: 7, longest_turn: MS }
    }

    #[test]
    fn a_second_counts_as_saturated_above_nine_tenths() {
        let mut sum = CoreSum::default();
        for busy in [900, 901, 100] {
            sum.add(1000 * MS, work(busy * MS));
        }
        let health = sum.health(3);
        assert_eq!((health.core, health.saturated_seconds), (3, 1));
        assert_eq!((health.busiest_second, health.latest_busy), (0.901, 0.1));
        assert!((health.busy - 1.901 / 3.0).abs() < 1e-9);
        assert_eq!(health.work.completions_per_turn(), 3.5, "of the turns that brought any");
        assert_eq!(Work::default().completions_per_turn(), 0.0);
    }

    #[test]
    fn a_core_that_others_keep_from_running_is_saturated_however_little_it_ran() {
        let mut sum = CoreSum::default();
        let kept_waiting = |ms: u32| Work { kept_waiting: ms * MS, ..work(50 * MS) };
        [850, 851, 0].into_iter().for_each(|ms| sum.add(1000 * MS, kept_waiting(ms)));
        let health = sum.health(0);
        assert_eq!((health.saturated_seconds, health.busiest_second), (1, 0.05));
        assert_eq!(health.fullest, FullSecond { ran: 0.05, kept_waiting: 0.851 });
    }

    #[test]
    fn what_a_request_costs_is_told_of_seconds_with_enough_of_them() {
        let mut cost = RequestCost::default();
        cost.add(1000 * MS, 999, work(MS).cpu);
        cost.add(499 * MS, 5000, work(MS).cpu);
        assert_eq!(cost.each_us(), None);
        cost.add(1000 * MS, 1000, work(4 * MS).cpu);
        cost.add(2000 * MS, 2000, work(8 * MS).cpu);
        assert_eq!((cost.requests, cost.each_us()), (3000, Some((1.0, 3.0))));
    }

    #[test]
    fn the_short_last_interval_is_no_second_and_a_late_one_is_several() {
        let mut sum = CoreSum::default();
        sum.add(MS, work(MS));
        assert_eq!(sum.health(0).saturated_seconds, 0);
        assert_eq!(sum.health(0).busy, 1.0);
        sum.add(3000 * MS, work(2990 * MS));
        assert_eq!(sum.health(0).saturated_seconds, 3);
        sum.add(1000 * MS, work(1007 * MS));
        assert_eq!(sum.health(0).busiest_second, 1.0);
    }

    #[test]
    fn what_could_not_be_shipped_is_shipped_with_the_next() {
        let mut noticed = Noticed { work: work(MS), ..Noticed::default() };
        noticed.lateness.record(MS);
        noticed.limits.note(Limit::Ports);
        let still = |at| Standstill { from: at, lasting: 100 * MS, in_task: false };
        noticed.standstills.note(still(MS));
        let first = noticed.take();
        assert_eq!(noticed.take(), Health::default());
        noticed += &first;
        noticed.lateness.record(3 * MS);
        noticed.limits.note(Limit::Files);
        noticed.limits.note(Limit::SlowConnect);
        noticed.limits.note(Limit::UncheckedServer);
        noticed.standstills.note(still(900 * MS));
        let both = noticed.take();
        assert_eq!((both.work, both.lateness.moments.count), (work(MS), 2));
        assert_eq!(both.standstills.kept, [still(MS), still(900 * MS)]);
        assert_eq!(
            both.limits,
            LimitsHit { ports: 1, files: 1, slow_connects: 1, unchecked_servers: 1, look_ups: 0 }
        );
    }
}
