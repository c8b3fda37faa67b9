//! The log lines by which Locust tells how far a run has come.

use std::io;
use std::mem::{Discriminant, discriminant};
use std::sync::Arc;

use crate::log::Log;
use crate::plan::Plan;
use crate::report::Report;
use crate::report::warnings::{Warning, warnings};
use crate::stats::Snapshot;

/// Says what is about to run.
pub(super) fn announce(plan: &Plan, log: &Log) {
    log.info("main", concat!("Starting gregaria ", env!("CARGO_PKG_VERSION")));
    match plan.run_time {
        Some(time) => {
            log.info("main", format_args!("Run time limit set to {} seconds", time.as_secs_f64()));
        }
        None => log.info("main", "No run time limit set, use CTRL+C to interrupt"),
    }
    let cores: Vec<String> = plan.cores.iter().map(|core| core.id.to_string()).collect();
    log.info("main", format_args!("Cores {}, seed {}", cores.join(","), plan.seed));
    if let Some(fixed) = plan.fixed_beyond_users() {
        let users = plan.users;
        log.info("main", format_args!(
            "Total fixed_count of user classes ({fixed}) is greater than the specified number of \
             users ({users}), so not all will be spawned."
        ));
    }
    log.info(
        "runners",
        format_args!(
            "Ramping to {} users at a rate of {:.2} per second",
            plan.users, plan.spawn_rate
        ),
    );
}

/// Logs what happened on the way: all users running, what spoils the numbers, the time over.
pub(super) struct Milestones {
    plan: Arc<Plan>,
    log: Log,
    all_spawned: bool,
    /// The kinds of warnings that were given: each is once.
    warned: Vec<Discriminant<Warning>>,
}

impl Milestones {
    pub(super) fn new(plan: Arc<Plan>, log: Log) -> Self {
        Milestones { plan, log, all_spawned: false, warned: Vec::new() }
    }

    /// How late timers are is judged at the end: the first few of a run say little.
    fn warn(&mut self, snapshot: &Snapshot) {
        for warning in warnings(snapshot) {
            let kind = discriminant(&warning);
            if !matches!(warning, Warning::Late { .. }) && !self.warned.contains(&kind) {
                self.warned.push(kind);
                self.log.warning("health", warning);
            }
        }
    }
}

impl Report for Milestones {
    fn update(&mut self, snapshot: &Snapshot) -> io::Result<()> {
        let running = snapshot.user_count();
        if !self.all_spawned && running == u64::from(self.plan.users) {
            self.all_spawned = true;
            let classes: Vec<String> = snapshot
                .users
                .iter()
                .map(|class| format!("\"{}\": {}", class.class, class.running))
                .collect();
            let classes = classes.join(", ");
            self.log.info(
                "runners",
                format_args!("All users spawned: {{{classes}}} ({running} total users)"),
            );
        }
        self.warn(snapshot);
        Ok(())
    }

    fn finish(&mut self, snapshot: &Snapshot) -> io::Result<()> {
        if self.plan.run_time.is_some_and(|time| snapshot.elapsed >= time) {
            self.log.info("main", "--run-time limit reached, shutting down");
        }
        Ok(())
    }
}
