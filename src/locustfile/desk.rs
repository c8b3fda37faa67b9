//! Answers what Python asks of the command: statistics, stop, quit, messages.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crossbeam_channel::Sender;
use serde_json::{Value, json};

use super::message::ToCore;
use crate::control::Control;
use crate::plan::Plan;
use crate::report::Report;
use crate::report::json::entry;
use crate::stats::Snapshot;

/// What Python can ask for, and of which run.
#[derive(Default)]
pub(super) struct Desk(Mutex<State>);

#[derive(Default)]
struct State {
    run: Option<CurrentRun>,
    /// The latest state of the present or last run.
    latest: Option<Arc<Snapshot>>,
    /// How many cores the present or last run has.
    cores: usize,
    /// Delivers a message to the host.
    to_host: Option<Sender<Value>>,
    /// Ends the command, which may have a page.
    quit: Option<Box<dyn Fn() + Send>>,
    /// How the host ended, once it has.
    lost_host: Option<String>,
}

struct CurrentRun {
    control: Arc<Control>,
    stop_timeout: Duration,
    /// How many users it is planned with.
    users: u32,
    /// How many cores have shipped their last interval.
    over: usize,
    /// Sends to each core.
    cores: Vec<ToMember>,
}

/// Sends something to a core.
pub(super) type ToMember = Arc<dyn Fn(&ToCore) + Send + Sync>;

impl Desk {
    /// Begins a run on these cores.
    pub(super) fn begin(&self, control: &Arc<Control>, plan: &Plan, cores: Vec<ToMember>) {
        let mut state = self.state();
        (state.latest, state.cores) = (None, cores.len());
        let (control, stop_timeout, users) = (control.clone(), plan.stop_timeout, plan.users);
        state.run = Some(CurrentRun { control, stop_timeout, users, over: 0, cores });
    }

    /// Notes that a core has shipped its last interval.
    pub(super) fn core_is_over(&self) {
        self.state().run.iter_mut().for_each(|run| run.over += 1);
    }

    /// Returns the stop timeout of a run that was stopped, or is over.
    pub(super) fn stop_timeout(&self) -> Option<Duration> {
        let state = self.state();
        let is_over = |run: &&CurrentRun| run.control.is_stopping() || run.over == run.cores.len();
        state.run.as_ref().filter(is_over).map(|run| run.stop_timeout)
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
        let state = self.state();
        let to = message["client_id"].as_str().map(str::to_owned);
        message["from"] = from.into();
        if from != HOST {
            state.to_host.iter().for_each(|host| drop(host.send(message.clone())));
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
        let planned = state.run.as_ref().filter(|_| state.latest.is_none());
        let planned = planned.map(|run| run.users.into());
        let wanted = planned.or(snapshot.users_wanted).unwrap_or_default();
        let phase = match &state.run {
            None if state.latest.is_none() => "ready",
            None => "stopped",
            // Listeners of `test_start` are called.
            Some(run) if !run.control.has_begun() => "ready",
            Some(run) if run.control.is_stopping() => "stopping",
            Some(_) if snapshot.user_count() < wanted || state.latest.is_none() => "spawning",
            Some(_) => "running",
        };
        let users = snapshot.users.iter();
        let users: serde_json::Map<_, _> =
            users.map(|class| (class.class.clone(), class.running.into())).collect();
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
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
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
