//! What a core's thread did between two readings.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::rc::Rc;
use std::time::{Duration, Instant};

use crate::reactor::{Reactor, thread_time};
use crate::stats::{CpuTime, Standstill, Work};

/// What the kernel's scheduler says of the thread that opens it: nanoseconds that it ran, nanoseconds
/// that it was to run and another one did, and how often it ran (sched-stats.rst of the kernel).
const SCHEDULED: &str = "/proc/thread-self/schedstat";

/// Reads the clocks and counters of the core that it is on.
#[derive(Debug)]
pub(super) struct Meter {
    reactor: Rc<Reactor>,
    /// `None` where the kernel does not tell.
    scheduled: Option<File>,
    before: Reading,
}

/// Since the thread began.
#[derive(Debug, Clone, Copy, Default)]
struct Reading {
    cpu: CpuTime,
    kept_waiting: Duration,
    turns: u64,
    busy_turns: u64,
    completions: u64,
}

impl Meter {
    /// Starts with what is done from now on.
    pub(super) fn new(reactor: &Rc<Reactor>) -> Self {
        let scheduled = File::open(SCHEDULED).ok();
        let mut meter = Meter { reactor: reactor.clone(), scheduled, before: Reading::default() };
        meter.read();
        meter
    }

    /// Returns what the thread has done since the last reading. Costs two system calls.
    pub(super) fn read(&mut self) -> Work {
        let now = self.now();
        let before = std::mem::replace(&mut self.before, now);
        Work {
            cpu: now.cpu - before.cpu,
            kept_waiting: now.kept_waiting.saturating_sub(before.kept_waiting),
            turns: now.turns - before.turns,
            busy_turns: now.busy_turns - before.busy_turns,
            completions: now.completions - before.completions,
            longest_turn: self.reactor.take_longest_turn(),
        }
    }

    /// Returns the standstills of the core since the last call, in a run that began at `started`.
    pub(super) fn standstills(&self, started: Instant) -> impl Iterator<Item = Standstill> {
        let standstills = self.reactor.take_standstills().into_iter();
        standstills.map(move |one| Standstill {
            from: one.from.saturating_duration_since(started),
            lasting: one.to - one.from,
            in_task: one.in_task,
        })
    }

    fn now(&self) -> Reading {
        let (user, system) = thread_time();
        Reading {
            cpu: CpuTime { user, system },
            kept_waiting: self.scheduled.as_ref().and_then(kept_waiting).unwrap_or_default(),
            turns: self.reactor.turns(),
            busy_turns: self.reactor.busy_turns(),
            completions: self.reactor.completions(),
        }
    }
}

/// Reads the second number.
fn kept_waiting(scheduled: &File) -> Option<Duration> {
    let mut text = [0; 80];
    let len = scheduled.read_at(&mut text, 0).ok()?;
    let text = std::str::from_utf8(&text[..len]).ok()?;
    text.split_whitespace().nth(1)?.parse().ok().map(Duration::from_nanos)
}
