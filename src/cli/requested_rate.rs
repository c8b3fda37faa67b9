//! The rate that a run is asked to have at an instant, by its plan and by later commands.

use std::sync::Arc;

use crate::control::{Change, Control};
use crate::plan::Plan;
use crate::report::history::AskedRate;

/// Returns a function of the time since the start: the iterations per second that the plan and the
/// commands in `control` ask for, or `None` for a closed load. Times must not decrease.
pub(super) fn requested_rate(plan: &Arc<Plan>, control: &Arc<Control>) -> AskedRate {
    let (plan, control) = (plan.clone(), control.clone());
    let (mut changed, mut seen) = (None, 0);
    Box::new(move |elapsed| {
        let arrivals = plan.arrivals.as_ref()?;
        let changes = control.changes_after(seen);
        for change in changes.into_iter().take_while(|change| change.at <= elapsed) {
            seen += 1;
            if let Change::Rate(rate) = change.change {
                changed = Some(rate);
            }
        }
        changed.or_else(|| arrivals.rate.value_at(elapsed))
    })
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;
    use crate::plan::Options;
    use crate::scenario::{Scenario, Step, User};

    const SECOND: Duration = Duration::from_secs(1);

    fn run(options: Options) -> (Arc<Plan>, Arc<Control>) {
        let user = User::new("u").task(Step::get("/"));
        let plan = Plan::new(Scenario::new("http://127.0.0.1:1").user(user), options).unwrap();
        let control = Control::default();
        control.begin(Instant::now(), plan.arrivals.is_some());
        (Arc::new(plan), Arc::new(control))
    }

    #[test]
    fn a_rate_is_asked_for_by_the_plan_and_then_by_who_steers() {
        let (plan, control) = run(Options { rate: Some(5.0), ..Options::default() });
        let mut asked = requested_rate(&plan, &control);
        assert_eq!(asked(SECOND), Some(5.0));
        control.set_rate(7.5).unwrap();
        // The change holds from a moment after the real start of this test, long before that.
        assert_eq!(asked(60 * SECOND), Some(7.5));
    }

    #[test]
    fn users_are_no_rate() {
        let (plan, control) = run(Options { users: Some(10), ..Options::default() });
        assert_eq!(requested_rate(&plan, &control)(SECOND), None);
    }
}
