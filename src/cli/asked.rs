//! How much load a run was to have at an instant: by its plan, and by who steered it since.

use std::sync::Arc;

use crate::control::{Change, Control};
use crate::plan::Plan;
use crate::report::history::Asked;

/// Users or iterations per second that the plan and the orders of `control` ask for, at instants
/// that only go forward.
pub(super) fn asked(plan: &Arc<Plan>, control: &Arc<Control>) -> Asked {
    let (plan, control) = (plan.clone(), control.clone());
    let mut curve = plan.shape.curve(plan.run_time);
    let (mut rate, mut heard) = (None, 0);
    Box::new(move |elapsed| {
        let orders = control.orders_after(heard);
        for order in orders.into_iter().take_while(|order| order.at <= elapsed) {
            heard += 1;
            match order.change {
                Change::Rate(per_second) => rate = Some(per_second),
                Change::Users { users, spawn_rate } => curve.steer(order.at, users, spawn_rate),
            }
        }
        match &plan.arrivals {
            Some(arrivals) => rate.or_else(|| arrivals.rate.value_at(elapsed)),
            None => curve.at(elapsed).map(|wanted| f64::from(wanted.users)),
        }
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
    fn users_are_asked_for_by_the_shape_and_then_by_who_steers() {
        let options = Options { users: Some(10), spawn_rate: Some(2.0), ..Options::default() };
        let (plan, control) = run(options);
        let mut asked = asked(&plan, &control);
        assert_eq!((asked(Duration::ZERO), asked(2 * SECOND)), (Some(1.0), Some(5.0)));
        assert_eq!(asked(20 * SECOND), Some(10.0));
        control.set_users(0, 1.0).unwrap();
        // The order holds from a moment after the real start of this test, long before 20 s.
        assert_eq!(asked(60 * SECOND), Some(0.0));
    }

    #[test]
    fn a_rate_is_asked_for_likewise() {
        let (plan, control) = run(Options { rate: Some(5.0), ..Options::default() });
        let mut asked = asked(&plan, &control);
        assert_eq!(asked(SECOND), Some(5.0));
        control.set_rate(7.5).unwrap();
        assert_eq!(asked(2 * SECOND), Some(7.5));
    }
}
