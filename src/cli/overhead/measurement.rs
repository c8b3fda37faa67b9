//! The measurement of one number of users.

use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use core_affinity::CoreId;

use crate::cli::Error;
use crate::plan::{Options, Plan};
use crate::report::Report;
use crate::run;
use crate::scenario::{Scenario, Step, Task, User, WaitTime};
use crate::session::Session;
use crate::stats::{Figures, Snapshot, Work};
use crate::target::Server;

/// The time in which connections are made, and caches and histograms filled.
const WARM_UP: Duration = Duration::from_secs(1);
/// The time between the last second that counts and the stop, so that this second is complete.
const RUN_OUT: Duration = Duration::from_millis(100);
/// The name of each user's first request, which makes a connection.
const CONNECTING: &str = "(connecting)";
/// The time between two ticks of the metronome: short enough for a percentile of 99.9, long enough to
/// cost the core almost nothing.
const TICK: Duration = Duration::from_millis(1);

/// The results of one number of users.
pub(super) struct Measurement {
    pub(super) users: u32,
    /// How long requests were counted.
    time: Duration,
    pub(super) requests: u64,
    pub(super) work: Work,
    /// Of requests on open connections.
    pub(super) latency: Figures,
    /// Of the metronome, a user that only waits.
    pub(super) lateness: Figures,
}

impl Measurement {
    /// Returns the requests per second.
    pub(super) fn requests_per_s(&self) -> f64 {
        self.requests as f64 / self.time.as_secs_f64()
    }

    /// Returns the requests per second that a core could make if its server kept up.
    pub(super) fn requests_per_cpu_s(&self) -> f64 {
        self.requests as f64 / self.work.cpu.total().as_secs_f64()
    }

    /// Returns the busy share of the core, 0 to 1.
    pub(super) fn busy(&self) -> f64 {
        self.work.cpu.total().as_secs_f64() / self.time.as_secs_f64()
    }

    /// Divides a time by the number of requests. Returns microseconds.
    pub(super) fn each_us(&self, time: Duration) -> f64 {
        1e6 * time.as_secs_f64() / self.requests as f64
    }
}

/// Measures a run of this number of users without waits.
pub(super) fn measure(
    users: u32,
    core: CoreId,
    server: &Server,
    time: Duration,
) -> Result<Measurement, Error> {
    let options = Options {
        host: Some(format!("http://{}", server.address())),
        // The metronome is one more.
        users: Some(users + 1),
        spawn_rate: Some(1e6),
        run_time: Some(WARM_UP + time + RUN_OUT),
        cores: Some(vec![core.id]),
        io: server.backend().into(),
        ..Options::default()
    };
    let plan = Arc::new(Plan::new(scenario(), options)?);
    run::preflight(&plan)?;
    let seconds = Seconds::default();
    let reports = vec![("seconds".to_owned(), Box::new(seconds.clone()) as Box<_>)];
    let summary = run::run(&plan, &Arc::default(), reports, |_| {})?;
    level(users, &seconds, time, &summary.snapshot)
}

/// Makes a scenario of users without waits and one metronome.
fn scenario() -> Scenario {
    let connect = vec![Step::get("/").name(CONNECTING)];
    let user = User::new("User").on_start_steps(connect).task(Step::get("/"));
    let tick = Task::new("tick", async |_: &mut Session| Ok(()));
    let metronome = User::new("metronome").fixed_count(1).wait_time(WaitTime::constant(TICK));
    Scenario::default().user(user).user(metronome.task(tick))
}

fn level(
    users: u32,
    seconds: &Seconds,
    time: Duration,
    end: &Snapshot,
) -> Result<Measurement, Error> {
    let seconds = seconds.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let at = |time| seconds.iter().find(|second| second.elapsed == time);
    let (Some(from), Some(to)) = (at(WARM_UP), at(WARM_UP + time)) else {
        return Err("the machine is too busy: a second of the run was not delivered in time".into());
    };
    if end.total.failures > 0 {
        return Err(format!("{} requests failed", end.total.failures).into());
    }
    let row = end.entries.iter().find(|row| row.key.name != CONNECTING);
    let latency = row.and_then(|row| row.latency.figures.clone());
    let lateness = end.health.lateness.figures.clone();
    let nothing = "nothing was measured: no request came to an end";
    Ok(Measurement {
        users,
        time,
        requests: to.requests - from.requests,
        work: Work {
            cpu: to.work.cpu - from.work.cpu,
            kept_waiting: to.work.kept_waiting - from.work.kept_waiting,
            turns: to.work.turns - from.work.turns,
            busy_turns: to.work.busy_turns - from.work.busy_turns,
            completions: to.work.completions - from.work.completions,
            longest_turn: to.work.longest_turn,
        },
        latency: latency.ok_or(nothing)?,
        lateness: lateness.ok_or(nothing)?,
    })
}

/// Totals at the end of one second of the run.
struct Second {
    elapsed: Duration,
    requests: u64,
    work: Work,
}

/// Records the totals of each second.
#[derive(Clone, Default)]
struct Seconds(Arc<Mutex<Vec<Second>>>);

impl Report for Seconds {
    fn update(&mut self, snapshot: &Snapshot) -> io::Result<()> {
        let second = Second {
            elapsed: snapshot.elapsed,
            requests: snapshot.total.requests,
            work: snapshot.health.work(),
        };
        self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).push(second);
        Ok(())
    }

    fn finish(&mut self, _: &Snapshot) -> io::Result<()> {
        Ok(())
    }
}

/// Makes results for tests.
#[cfg(test)]
pub(super) fn sample(users: u32, requests: u64, latency: Duration) -> Measurement {
    use crate::stats::CpuTime;

    let cpu = CpuTime { user: Duration::from_millis(100), system: Duration::from_millis(900) };
    let longest_turn = Duration::from_micros(250);
    let (turns, busy_turns, completions) = (1100, 1000, 64_000);
    let work = Work { cpu, turns, busy_turns, completions, longest_turn, ..Work::default() };
    let figures = |time| Figures { min: time, max: time, mean: time, percentiles: [time; _] };
    Measurement {
        users,
        time: Duration::from_secs(2),
        requests,
        work,
        latency: figures(latency),
        lateness: figures(Duration::from_micros(60)),
    }
}
