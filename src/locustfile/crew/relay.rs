//! Passes commands on to the core processes, and kills those that do not end in time.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, select};

use super::member::Member;
use crate::control::Control;
use crate::locustfile::message::ToCore;
use crate::plan::Plan;

/// How long a core takes to end after its stop timeout, at most: what `on_stop` may take.
const ENDS_WITHIN: Duration = Duration::from_secs(1);

/// A core ships an interval every second. One without a newer one than this is stuck.
const SHIPS_WITHIN: Duration = Duration::from_millis(1500);

/// What a core that is not stuck has more.
const PATIENCE: Duration = Duration::from_secs(1);

/// How long the listeners of `test_stop` and `quitting` may take in a core process, after its load.
const LISTENERS_END_WITHIN: Duration = Duration::from_secs(10);

pub(super) struct Relay {
    control: Arc<Control>,
    plan: Arc<Plan>,
    started: Instant,
    members: Vec<Arc<Member>>,
    /// How many changes were passed on.
    changes: usize,
    /// When the stop was passed on.
    stopped: Option<Instant>,
}

impl Relay {
    pub(super) fn new(
        control: Arc<Control>,
        plan: Arc<Plan>,
        started: Instant,
        members: Vec<Arc<Member>>,
    ) -> Self {
        Relay { control, plan, started, members, changes: 0, stopped: None }
    }

    /// Works until all processes have ended, which disconnects `ended`.
    pub(super) fn run(mut self, news: &Receiver<()>, ended: &Receiver<()>) {
        loop {
            self.pass_on();
            let next = self.kill_late(Instant::now());
            let late = next.map_or_else(crossbeam_channel::never, crossbeam_channel::at);
            select! {
                recv(news) -> _ => {}
                recv(late) -> _ => {}
                recv(ended) -> _ => return,
            }
        }
    }

    fn pass_on(&mut self) {
        for change in self.control.changes_after(self.changes) {
            self.changes += 1;
            self.tell(&ToCore::Change(change));
        }
        if self.stopped.is_none() && self.control.is_stopping() {
            self.stopped = Some(Instant::now());
            self.tell(&ToCore::Stop);
        }
    }

    fn tell(&self, message: &ToCore) {
        self.members.iter().for_each(|member| member.tell(message));
    }

    /// Kills the processes that are late, and returns when the next one may be.
    fn kill_late(&self, now: Instant) -> Option<Instant> {
        let due = self.members.iter().filter_map(|member| {
            let due = self.due(member)?;
            if due > now {
                return Some(due);
            }
            member.kill_late();
            None
        });
        due.min()
    }

    /// Returns when a process must have ended, if that is known.
    fn due(&self, member: &Member) -> Option<Instant> {
        let progress = member.progress();
        if progress.has_ended {
            return None;
        }
        let latest = progress.latest.unwrap_or(self.started);
        if progress.is_over {
            return Some(latest + LISTENERS_END_WITHIN);
        }
        let planned = self.plan.load_end(self.control.target().is_some());
        let planned = planned.map(|end| self.started + end);
        let stop = self.stopped.into_iter().chain(member.ending()).chain(planned).min()?;
        let last = stop + self.plan.stop_timeout + ENDS_WITHIN;
        Some(last.max(latest + SHIPS_WITHIN).min(last + PATIENCE))
    }
}
