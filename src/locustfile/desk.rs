//! Answers what Python asks of the command: statistics, stop, quit, messages.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crossbeam_channel::Sender;
use serde_json::{Value, json};

use super::message::ToCore;
use crate::control::Control;
use crate::plan::Plan;
use crate::report::Report;
use crate::report::json::entry;
use crate::stats::Snapshot;

/// How long listeners of the cores' `test_stop` are waited for, after the load.
const CORES_STOP_WITHIN: Duration = Duration::from_secs(10);

/// How long a message to the host may take before events do not wait for it any more.
const DELIVERED_WITHIN: Duration = Duration::from_secs(1);

/// What Python can ask for, and of which run.
#[derive(Default)]
pub(super) struct Desk {
    state: Mutex<State>,
    /// A core has stopped, or a message was delivered.
    progress: Condvar,
}

#[derive(Default)]
struct State {
    run: Option<CurrentRun>,
    /// The latest state of the present or last run.
    latest: Option<Arc<Snapshot>>,
    /// How many cores the present or last run has.
    cores: usize,
    /// Delivers a message to the host.
    to_host: Option<Sender<Value>>,
    /// How many messages to the host are on their way.
    undelivered: usize,
    /// Ends the command, which may have a page.
    quit: Option<Box<dyn Fn() + Send>>,
    /// How the host ended, once it has.
    lost_host: Option<String>,
}

struct CurrentRun {
    control: Arc<Control>,
    plan: Arc<Plan>,
    /// Whether the host has fired `test_stopping`, up to which the state is another one.
    is_stopping: bool,
    /// How many cores have shipped their last interval.
    over: usize,
    /// The cores that have fired `test_stop`, or have ended.
    stopped: BTreeSet<usize>,
    /// Sends to each core.
    cores: Vec<ToMember>,
}

impl CurrentRun {
    /// Returns whether all cores have ended their load.
    fn is_over(&self) -> bool {
        self.over == self.cores.len()
    }
}

/// Sends something to a core.
pub(super) type ToMember = Arc<dyn Fn(&ToCore) + Send + Sync>;

impl Desk {
    /// Begins a run on these cores.
    pub(super) fn begin(&self, control: &Arc<Control>, plan: &Arc<Plan>, cores: Vec<ToMember>) {
        let mut state = self.state();
        (state.latest, state.cores) = (None, cores.len());
        let (control, plan, stopped) = (control.clone(), plan.clone(), BTreeSet::new());
        let is_stopping = false;
        state.run = Some(CurrentRun { control, plan, is_stopping, over: 0, stopped, cores });
    }

    /// Notes that the host has fired `test_stopping`.
    pub(super) fn has_begun_to_stop(&self) {
        self.state().run.iter_mut().for_each(|run| run.is_stopping = true);
    }

    /// Notes that a core has fired `test_stop`, or has ended.
    pub(super) fn core_has_stopped(&self, core: usize) {
        if let Some(run) = &mut self.state().run {
            run.stopped.insert(core);
        }
        self.progress.notify_all();
    }

    /// Waits until all cores have fired `test_stop`, if their load is over.
    pub(super) fn await_stops(&self) {
        let is_stopping = |run: &CurrentRun| run.is_over() && run.stopped.len() < run.cores.len();
        let waits = |state: &mut State| state.run.as_ref().is_some_and(is_stopping);
        drop(self.progress.wait_timeout_while(self.state(), CORES_STOP_WITHIN, waits));
    }

    /// Notes that a message was delivered to the host, or cannot be.
    pub(super) fn has_delivered(&self) {
        self.state().undelivered -= 1;
        self.progress.notify_all();
    }

    /// Waits until the messages of now are delivered to the host.
    pub(super) fn await_deliveries(&self) {
        let waits = |state: &mut State| state.undelivered > 0 && state.to_host.is_some();
        drop(self.progress.wait_timeout_while(self.state(), DELIVERED_WITHIN, waits));
    }

    /// Notes that a core has shipped its last interval.
    pub(super) fn core_is_over(&self) {
        self.state().run.iter_mut().for_each(|run| run.over += 1);
    }

    /// Returns the stop timeout of a run that was stopped, or is over.
    pub(super) fn stop_timeout(&self) -> Option<Duration> {
        let state = self.state();
        let is_ending = |run: &&CurrentRun| run.control.is_stopping() || run.is_over();
        state.run.as_ref().filter(is_ending).map(|run| run.plan.stop_timeout)
    }

    /// Ends the run. Returns how the host ended, if it has.
    pub(super) fn end(&self) -> Option<String> {
        let mut state = self.state();
        state.run = None;
        state.lost_host.clone()
    }

    /// Notes that the host has ended, so that a run has nobody to end it in order.
    pub(super) fn host_has_ended(&self, how: &str) {
        let mut state = self.state();
        state.lost_host = Some(how.to_owned());
        state.run.iter().for_each(|run| run.control.stop());
    }

    /// Delivers messages to the host by this.
    pub(super) fn deliver_to_host(&self, give: Sender<Value>) {
        self.state().to_host = Some(give);
    }

    /// Has `quit` also call this.
    pub(super) fn on_quit(&self, quit: impl Fn() + Send + 'static) {
        self.state().quit = Some(Box::new(quit));
    }

    /// Delivers nothing any more.
    pub(super) fn close(&self) {
        self.state().to_host = None;
    }

    /// Tells all cores of an event.
    pub(super) fn tell_cores_event(&self, event: &str, details: &Value) {
        let state = self.state();
        let cores = state.run.iter().flat_map(|run| &run.cores);
        for tell in cores {
            tell(&ToCore::Event { event: event.to_owned(), details: details.clone() });
        }
    }

    /// Answers a call of the host or of a core, which is named `core-0`.
    pub(super) fn answer(&self, from: &str, name: &str, details: Value) -> Result<Value, String> {
        match name {
            "stats" => Ok(self.stats()),
            "stop" => {
                self.state().run.iter().for_each(|run| run.control.stop());
                Ok(Value::Null)
            }
            "quit" => {
                let state = self.state();
                state.run.iter().for_each(|run| run.control.stop());
                state.quit.iter().for_each(|quit| quit());
                Ok(Value::Null)
            }
            "message" => self.message(from, details),
            _ => Err(format!("gregaria answers no call '{name}'")),
        }
    }

    /// Passes a message on: of a core to the host, of the host to all cores or to the named one.
    fn message(&self, from: &str, mut message: Value) -> Result<Value, String> {
        let mut state = self.state();
        let to = message["client_id"].as_str().map(str::to_owned);
        message["from"] = from.into();
        if from != HOST {
            let sent = state.to_host.as_ref().is_some_and(|host| host.send(message).is_ok());
            state.undelivered += usize::from(sent);
            return Ok(Value::Null);
        }
        let cores = state.run.as_ref().map_or(&[][..], |run| &run.cores);
        let named = |core: usize| to.as_ref().is_none_or(|to| *to == core_name(core));
        let mut told = (0..cores.len()).filter(|core| named(*core)).peekable();
        if let (Some(to), None) = (&to, told.peek()) {
            return Err(format!("there is no client '{to}'"));
        }
        told.for_each(|core| cores[core](&ToCore::Message(message.clone())));
        Ok(Value::Null)
    }

    /// Returns the latest statistics, with the rows of Locust's `--json`.
    fn stats(&self) -> Value {
        let state = self.state();
        let before = || Arc::new(Snapshot::before_the_run(Vec::new()));
        let snapshot = &*state.latest.clone().unwrap_or_else(before);
        let planned = state
            .run
            .as_ref()
            .map(|run| run.control.users_wanted().unwrap_or(run.plan.users).into());
        let wanted = snapshot.users_wanted.or(planned).unwrap_or_default();
        // The last one wants none.
        let is_spawning = snapshot.users_wanted.is_some_and(|all| snapshot.user_count() < all);
        let phase = match &state.run {
            None if state.latest.is_none() => "ready",
            None => "stopped",
            // Listeners of `test_start` are called.
            Some(run) if !run.control.has_begun() => "ready",
            Some(run) if run.is_stopping => "stopping",
            Some(_) if state.latest.is_none() || is_spawning => "spawning",
            Some(_) => "running",
        };
        let classes = state.run.iter().flat_map(|run| &run.plan.scenario.users);
        let none = classes.map(|class| (class.name.clone(), Value::from(0)));
        let running = snapshot.users.iter();
        let running = running.map(|class| (class.class.clone(), class.running.into()));
        let users: serde_json::Map<_, _> = none.chain(running).collect();
        let total = entry::entry(&snapshot.total, snapshot);
        let errors = snapshot.failures.iter().map(|row| {
            json!({
                "method": row.key.method,
                "name": row.key.name,
                "error": row.message,
                "occurrences": row.occurrences,
            })
        });
        let exceptions = snapshot.exceptions.iter().map(
            |row| json!({ "count": row.count, "msg": row.message, "traceback": row.traceback }),
        );
        json!({
            "state": phase,
            "cores": state.cores,
            "user_count": snapshot.user_count(),
            "target_user_count": wanted,
            "user_classes_count": users,
            "start_time": entry::epoch(snapshot.started_at),
            "last_request_timestamp": total["last_request_timestamp"],
            "entries": snapshot.entries.iter().map(|row| entry::entry(row, snapshot)).collect::<Vec<_>>(),
            "total": total,
            "errors": errors.collect::<Vec<_>>(),
            "exceptions": exceptions.collect::<Vec<_>>(),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The name of the host as a sender.
const HOST: &str = "host";

/// Returns the name of a core as a sender and receiver of messages.
pub(super) fn core_name(core: usize) -> String {
    format!("core-{core}")
}

impl fmt::Debug for Desk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Desk(..)")
    }
}

/// The report that keeps the latest snapshot for those who ask.
pub(super) struct Latest(pub(super) Arc<Desk>);

impl Report for Latest {
    fn update(&mut self, snapshot: &Snapshot) -> std::io::Result<()> {
        self.0.state().latest = Some(Arc::new(snapshot.clone()));
        Ok(())
    }

    fn finish(&mut self, snapshot: &Snapshot) -> std::io::Result<()> {
        self.update(snapshot)
    }

    fn needs_every_update(&self) -> bool {
        false
    }
}
