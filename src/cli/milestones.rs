//! Log lines about the progress of a run, as Locust has them.

use std::io;
use std::mem::{Discriminant, discriminant};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;

use super::locustfile::Events;
use crate::control::{Change, Control};
use crate::log::Log;
use crate::plan::{Plan, PlanProgress};
use crate::reactor::preflight::Chosen;
use crate::report::Report;
use crate::report::broken;
use crate::report::warnings::{Warning, nothing_completed, warnings};
use crate::run;
use crate::scenario::{ArrivalKind, Arrivals, LoadShape};
use crate::stats::{Ending, Snapshot};
use crate::transport::tls::Tls;
use crate::units;

/// Time between two lines of a run that is still being prepared.
const PREPARING: Duration = Duration::from_secs(1);

/// Returns a function that logs the progress of planning once per second.
pub(super) fn preparing(log: &Log) -> impl FnMut(PlanProgress) {
    let mut clock = Clock::new(Instant::now());
    move |progress| {
        if clock.is_due(Instant::now()) {
            log.info("main", progress);
        }
    }
}

/// Decides when the next line is due.
struct Clock {
    last: Instant,
}

impl Clock {
    fn new(now: Instant) -> Self {
        Clock { last: now }
    }

    fn is_due(&mut self, now: Instant) -> bool {
        let is_due = now.saturating_duration_since(self.last) >= PREPARING;
        if is_due {
            self.last = now;
        }
        is_due
    }
}

/// Logs that sockets cannot go through io_uring, and the cure.
pub(super) fn chosen(chosen: &Chosen, log: &Log) {
    if let Chosen { backend, refusal: Some(refusal) } = chosen {
        log.info(
            "main",
            format_args!(
                "Sockets go over {backend}, which takes more CPU time per request: {refusal}"
            ),
        );
    }
}

/// Logs what is about to run.
pub(super) fn announce(plan: &Plan, log: &Log) {
    log.info("main", concat!("Starting gregaria ", env!("CARGO_PKG_VERSION")));
    log.info("main", run_time(plan));
    let cores: Vec<String> = plan.cores.iter().map(|core| core.id.to_string()).collect();
    log.info("main", format_args!("Cores {}, seed {}", cores.join(","), plan.seed));
    if let Some(fixed) = plan.fixed_beyond_users() {
        let users = plan.users;
        log.info("main", format_args!(
            "Total fixed_count of user classes ({fixed}) is greater than the specified number of \
             users ({users}), so not all will be spawned."
        ));
    }
    if !plan.idle.is_empty() {
        log.warning(
            "main",
            format_args!(
                "Left out, because the tags leave no task of theirs: {}",
                plan.idle.join(", ")
            ),
        );
    }
    if !plan.ignored.is_empty() {
        log.warning("main", format_args!(
            "The following option(s) will be ignored, because the load is a shape or a rate: {}",
            plan.ignored.join(", ")
        ));
    }
    if plan.is_secure() && plan.tls.kinds().iter().any(Tls::is_insecure) {
        log.warning(
            "main",
            "The certificates of servers are not checked (--insecure, or insecure = true)",
        );
    }
    run::doubts(plan).iter().for_each(|doubt| log.warning("main", doubt));
    // The shape of a locustfile says all of the load.
    if plan.users > 0 || plan.scenario.load.adaptive.is_none() {
        log.info("runners", load(&plan.shape, plan.arrivals.as_ref(), plan.users));
    }
    if plan.scenario.load.adaptive.is_some() {
        log.info("runners", "Changing the load by what the run shows");
    }
}

/// Returns Locust's line about the run time. It says more if the load ends by itself.
fn run_time(plan: &Plan) -> String {
    if let Some(time) = plan.run_time {
        return format!("Run time limit set to {} seconds", time.as_secs_f64());
    }
    let end = match &plan.arrivals {
        Some(arrivals) => arrivals.rate.end(),
        None => plan.shape.end(),
    };
    let end = match (end, plan.iterations, plan.requests) {
        (Some(end), ..) => format!("the load shape ends after {} seconds", end.as_secs_f64()),
        (None, Some(iterations), _) => {
            format!("the run ends after {}", units::counted(iterations, "iteration"))
        }
        (None, None, Some(requests)) => {
            format!("the run ends after {}", units::counted(requests, "request"))
        }
        // Whether it ends is up to the function.
        _ if matches!(plan.shape, LoadShape::Tick(_)) => {
            return "No run time limit set, the load shape may end the run; use CTRL+C to interrupt".into();
        }
        _ => return "No run time limit set, use CTRL+C to interrupt".into(),
    };
    format!("No run time limit set, {end}")
}

/// Describes the load in one line.
pub(super) fn load(shape: &LoadShape, arrivals: Option<&Arrivals>, users: u32) -> String {
    if let Some(Arrivals { rate, kind, max_users }) = arrivals {
        let arrivals = match kind {
            ArrivalKind::Uniform => "uniform",
            ArrivalKind::Poisson => "Poisson",
        };
        let peak = rate.peak();
        let users = units::users(*max_users);
        return format!(
            "Releasing up to {peak:.2} iterations per second ({arrivals} arrivals, at most {users})"
        );
    }
    match shape {
        &LoadShape::Ramp { users, spawn_rate } => Change::Users { users, spawn_rate }.to_string(),
        _ => format!("Following a load shape of up to {}", units::users(users)),
    }
}

/// Logs what happens during a run: all users running, doubts about the numbers, why it ended.
pub(super) struct Milestones {
    plan: Arc<Plan>,
    log: Log,
    control: Arc<Control>,
    /// The events that listeners of a locustfile hear.
    events: Option<Events>,
    /// The resets of the statistics that were told.
    reset: u64,
    /// The number of users for which "All users spawned" was last logged.
    spawned: Option<u32>,
    /// The statistics are to begin anew when all users are there.
    resets: bool,
    /// The kinds of warnings that were given: each is once.
    warned: Vec<Discriminant<Warning>>,
    /// Whether the broken level was logged.
    is_broken: bool,
}

impl Milestones {
    pub(super) fn new(
        plan: Arc<Plan>,
        log: Log,
        control: Arc<Control>,
        events: Option<Events>,
        resets: bool,
    ) -> Self {
        let (reset, spawned, warned, is_broken) = (0, None, Vec::new(), false);
        Milestones { plan, log, control, events, reset, spawned, resets, warned, is_broken }
    }

    fn fire(&self, event: &str, details: serde_json::Value) {
        self.events.iter().for_each(|events| events.fire(event, details.clone()));
    }

    /// Tells listeners that somebody has reset the statistics.
    fn tell_reset(&mut self) {
        let resets = self.control.resets();
        if std::mem::replace(&mut self.reset, resets) != resets {
            self.fire("reset_stats", json!({}));
        }
    }

    /// Logs that all users are running, once for each number of users that was asked for. The first time,
    /// `--reset-stats` resets the statistics.
    fn tell_spawned(&mut self, snapshot: &Snapshot) {
        let running = snapshot.user_count();
        let wanted = self.control.users_wanted().unwrap_or(self.plan.users);
        // A load that begins without users waits for what is asked of it.
        let is_waiting = wanted == 0 && self.plan.scenario.load.adaptive.is_some();
        if is_waiting || self.spawned == Some(wanted) || running != u64::from(wanted) {
            return;
        }
        let is_first = self.spawned.replace(wanted).is_none();
        let classes = snapshot.users.iter();
        let classes = classes.map(|class| format!("\"{}\": {}", class.class, class.running));
        let classes = classes.collect::<Vec<_>>().join(", ");
        self.log.info(
            "runners",
            format_args!("All users spawned: {{{classes}}} ({running} total users)"),
        );
        if is_first {
            self.reset(snapshot.elapsed);
        }
    }

    /// Resets the statistics at the time when a rate or a shape is full. A rate has no number of users to
    /// reach, and a shape may reach its own between two snapshots.
    fn reset_when_full(&mut self, elapsed: Duration) {
        let full = match &self.plan.arrivals {
            Some(arrivals) => arrivals.full(),
            None if matches!(self.plan.shape, LoadShape::Ramp { .. }) => None,
            None => self.plan.shape.full(),
        };
        if full.is_some_and(|full| elapsed >= full) {
            self.reset(elapsed);
        }
    }

    fn reset(&mut self, elapsed: Duration) {
        if std::mem::take(&mut self.resets) {
            self.log.info("runners", "Resetting stats");
            self.control.reset_from(elapsed);
            // As in Locust, where the flag resets without the event.
            self.reset = self.control.resets();
        }
    }

    /// Logs new warnings. Late timers are judged at the end, because the first few say little, and so are
    /// requests that did not end, which cores report one after the other.
    fn warn(&mut self, snapshot: &Snapshot) {
        for warning in warnings(snapshot) {
            let kind = discriminant(&warning);
            let is_of_end = matches!(warning, Warning::Late { .. } | Warning::NothingCompleted(_));
            if !is_of_end && !self.warned.contains(&kind) {
                self.warned.push(kind);
                self.log.warning("health", warning);
            }
        }
    }
}

impl Milestones {
    fn tell_broken(&mut self, snapshot: &Snapshot) {
        let Some(breach) = &snapshot.broken else { return };
        if !std::mem::replace(&mut self.is_broken, true) {
            let broken = broken::sentence(breach);
            let then = if breach.at_end { "judged at the end" } else { "stopping" };
            self.log.error("main", format_args!("{broken}: {then}, as --abort-when asks"));
        }
    }
}

impl Report for Milestones {
    fn update(&mut self, snapshot: &Snapshot) -> io::Result<()> {
        self.tell_reset();
        self.tell_spawned(snapshot);
        self.reset_when_full(snapshot.elapsed);
        self.warn(snapshot);
        self.tell_broken(snapshot);
        Ok(())
    }

    fn finish(&mut self, snapshot: &Snapshot) -> io::Result<()> {
        self.tell_broken(snapshot);
        if let Some(warning) = nothing_completed(snapshot) {
            self.log.warning("health", warning);
        }
        for level in &snapshot.unjudged {
            self.log.warning("main", Warning::Unjudged(level.clone()));
        }
        // The first two are Locust's words.
        match snapshot.ending {
            Some(Ending::RunTime) => {
                self.log.info("main", "--run-time limit reached, shutting down");
            }
            Some(Ending::Load) => {
                self.log.info("runners", "Shape test stopping, the load shape is over")
            }
            Some(done @ (Ending::Requests | Ending::Iterations)) => {
                self.log.info("main", format_args!("The run is over, {done}"));
            }
            Some(Ending::Stop) | None => {}
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_due_every_second_and_not_before() {
        let start = Instant::now();
        let mut clock = Clock::new(start);
        let due =
            (0..=3500).step_by(100).filter(|ms| clock.is_due(start + Duration::from_millis(*ms)));
        assert_eq!(due.collect::<Vec<_>>(), [1000, 2000, 3000]);
    }
}
