//! When all users that were asked for have been started.

use std::sync::Arc;
use std::time::Duration;

use crate::control::{Change, Control};
use crate::plan::Plan;
use crate::scenario::Curve;

/// From the instant at which a core starts a user until its Python has begun, on a core that is not late.
const BEGINS_WITHIN: Duration = Duration::from_millis(100);

/// Follows how many users a run asks for, as its cores do. That some of them have ended again changes nothing:
/// Locust counts users that were started, too.
pub(super) struct Spawning {
    plan: Arc<Plan>,
    control: Arc<Control>,
    curve: Curve,
    /// How many changes of the load it has read.
    seen: usize,
    /// The number of users that was told last.
    told: Option<u32>,
}

impl Spawning {
    pub(super) fn new(plan: &Arc<Plan>, control: &Arc<Control>) -> Self {
        let curve = plan.shape.curve(plan.run_time);
        Spawning { plan: plan.clone(), control: control.clone(), curve, seen: 0, told: None }
    }

    /// Returns the number of users when so many have been started, once for each that was asked for.
    pub(super) fn complete(&mut self) -> Option<u32> {
        if self.plan.arrivals.is_some() || !self.control.has_begun() {
            return None;
        }
        let elapsed = self.control.elapsed().checked_sub(BEGINS_WITHIN)?;
        for scheduled in self.control.changes_after(self.seen) {
            if scheduled.at > elapsed {
                return None;
            }
            self.seen += 1;
            if let Change::Users { users, spawn_rate } = scheduled.change {
                self.curve.steer(scheduled.at, users, spawn_rate);
            }
        }
        let wanted = self.control.users_wanted().unwrap_or(self.plan.users);
        // A load that begins without users waits for what is asked of it.
        let is_waiting = wanted == 0 && self.plan.scenario.load.adaptive.is_some();
        let started = self.curve.at(elapsed).map_or(0, |target| target.users);
        (!is_waiting && started == wanted && self.told.replace(wanted) != Some(wanted))
            .then_some(wanted)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;
    use crate::cli::locustfile::tests::{Fake, load};
    use crate::plan::Options;

    #[test]
    fn users_are_complete_once_for_each_number_that_is_asked_for() {
        let scenario = load(Fake::default()).1.unwrap().scenario().unwrap();
        let options = Options { users: Some(3), spawn_rate: Some(100.0), ..Options::default() };
        let plan = Arc::new(Plan::new(scenario, options).unwrap());
        let control = Arc::new(Control::default());
        let mut spawning = Spawning::new(&plan, &control);
        assert_eq!(spawning.complete(), None, "the run has not begun");
        let now = Instant::now();
        control.begin(now.checked_sub(BEGINS_WITHIN).unwrap(), false);
        control.set_users(4, 1e6).unwrap();
        assert_eq!(spawning.complete(), None, "the change comes in a moment");
        std::thread::sleep(BEGINS_WITHIN * 2);
        assert_eq!([spawning.complete(), spawning.complete()], [Some(4), None]);
    }
}
