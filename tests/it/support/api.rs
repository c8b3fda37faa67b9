//! Runs through the Rust API, with a report that records its snapshots.

use std::io;
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use gregaria::collector::Summary;
use gregaria::control::Control;
use gregaria::plan::{Options, Plan};
use gregaria::report::Report;
use gregaria::run;
use gregaria::scenario::{Scenario, Task, User};
use gregaria::session::Session;
use gregaria::stats::{Row, Snapshot};

use super::Server;

/// The time limit, which is far longer than any run here.
const DEADLINE: Duration = Duration::from_secs(20);

pub(crate) const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// A run that has ended, with the snapshots that reports got.
pub(crate) struct Ran {
    pub(crate) summary: Summary,
    pub(crate) updates: Vec<Snapshot>,
    pub(crate) took: Duration,
}

#[derive(Clone, Default)]
struct Witness(Arc<Mutex<Vec<Snapshot>>>);

impl Report for Witness {
    fn update(&mut self, snapshot: &Snapshot) -> io::Result<()> {
        self.0.lock().unwrap().push(snapshot.clone());
        Ok(())
    }

    fn finish(&mut self, _: &Snapshot) -> io::Result<()> {
        Ok(())
    }
}

impl Ran {
    pub(crate) fn total(&self) -> &Row {
        &self.summary.snapshot.total
    }

    #[track_caller]
    pub(crate) fn row(&self, name: &str) -> &Row {
        let entries = &self.summary.snapshot.entries;
        let row = entries.iter().find(|row| row.key.name == name);
        row.unwrap_or_else(|| panic!("no row {name} in {entries:?}"))
    }
}

/// Returns options of users who start at once, for this time.
pub(crate) fn users(count: u32, run_time: Duration) -> Options {
    Options {
        users: Some(count),
        spawn_rate: Some(1e6),
        run_time: Some(run_time),
        ..Options::default()
    }
}

pub(crate) fn go(scenario: Scenario, options: Options) -> Ran {
    go_with(scenario, options, &Arc::default())
}

/// Runs until the server has seen this many requests.
#[track_caller]
pub(crate) fn go_until(scenario: Scenario, users: u32, server: &Server, requests: u64) -> Ran {
    let options = Options { run_time: None, ..self::users(users, Duration::ZERO) };
    let (run, control) = begin(scenario, options);
    server.await_requests(requests);
    control.stop();
    run.recv_timeout(DEADLINE).expect("the run ends")
}

/// Runs to the end. A run that hangs is a failed test.
#[track_caller]
pub(crate) fn go_with(scenario: Scenario, options: Options, control: &Arc<Control>) -> Ran {
    launch(scenario, options, control).recv_timeout(DEADLINE).expect("the run ends")
}

/// Starts a run. Returns the receiver of its result, and its control.
pub(crate) fn begin(scenario: Scenario, options: Options) -> (Receiver<Ran>, Arc<Control>) {
    let control = Arc::default();
    (launch(scenario, options, &control), control)
}

fn launch(scenario: Scenario, options: Options, control: &Arc<Control>) -> Receiver<Ran> {
    let plan = Arc::new(Plan::new(scenario, options).unwrap());
    println!("seed {}", plan.seed);
    let (sender, done) = channel();
    let control = control.clone();
    thread::spawn(move || {
        let (witness, begin) = (Witness::default(), Instant::now());
        let reports = vec![("witness".to_owned(), Box::new(witness.clone()) as Box<_>)];
        let summary = run::run(&plan, &control, reports, |error| panic!("{error}")).unwrap();
        let updates = std::mem::take(&mut *witness.0.lock().unwrap());
        sender.send(Ran { summary, updates, took: begin.elapsed() }).unwrap();
    });
    done
}

/// Makes a scenario of this class against a server.
pub(crate) fn scenario(server: &Server, user: impl Into<User>) -> Scenario {
    Scenario::new(format!("http://{}", server.address)).user(user)
}

/// Makes a task that GETs this path.
pub(crate) fn get(path: &'static str) -> Task {
    Task::new(path, async move |session: &mut Session| {
        session.get(path).send().await?;
        Ok(())
    })
}
