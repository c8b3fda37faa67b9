//! What a core's thread did between two readings.

use std::rc::Rc;

use crate::reactor::{Reactor, thread_time};
use crate::stats::{CpuTime, Work};

/// Reads the clocks and counters of the core that it is on.
#[derive(Debug)]
pub(super) struct Meter {
    reactor: Rc<Reactor>,
    cpu: CpuTime,
    turns: u64,
    completions: u64,
}

impl Meter {
    /// Starts with what is done from now on.
    pub(super) fn new(reactor: &Rc<Reactor>) -> Self {
        let reactor = reactor.clone();
        let mut meter = Meter { reactor, cpu: CpuTime::default(), turns: 0, completions: 0 };
        meter.read();
        meter
    }

    /// What the thread has done since the last reading. Costs a system call.
    pub(super) fn read(&mut self) -> Work {
        let (user, system) = thread_time();
        let now = Meter {
            reactor: self.reactor.clone(),
            cpu: CpuTime { user, system },
            turns: self.reactor.turns(),
            completions: self.reactor.completions(),
        };
        let before = std::mem::replace(self, now);
        Work {
            cpu: self.cpu - before.cpu,
            turns: self.turns - before.turns,
            completions: self.completions - before.completions,
            longest_turn: self.reactor.take_longest_turn(),
        }
    }
}
