//! Renders the run as JSON, once for all clients and only while there are any, and publishes it as
//! server-sent events.
//!
//! All of this happens on the page's thread. The locks are here because axum shares its state between
//! threads; there is only one, so nothing ever waits for them.

use std::sync::{Arc, Mutex, MutexGuard};

use axum::body::Bytes;
use serde_json::Value;
use tokio::sync::watch;

use super::live_run::{LiveRun, RunStatus, Updates};
use crate::report::history::History;
use crate::report::view::View;
use crate::stats::EntryKey;

/// The rendered run, and the channel to the event streams.
pub(super) struct Publisher {
    live: Arc<LiveRun>,
    rendered: Mutex<Rendered>,
    events: watch::Sender<Event>,
}

/// The history so far, and the texts rendered from it for the present version of the run's status.
#[derive(Default)]
struct Rendered {
    history: Option<History>,
    version: u64,
    view: Option<Bytes>,
    hello: Option<Bytes>,
}

/// A server-sent event for all streams.
#[derive(Debug, Clone, Default)]
pub(super) struct Event {
    /// The number of its run. A stream that has shown another run sends a `hello` event instead.
    pub(super) run: u64,
    /// The event as it is sent.
    pub(super) text: Bytes,
    /// Whether the stream ends with it.
    pub(super) is_last: bool,
}

impl Publisher {
    pub(super) fn new(live: Arc<LiveRun>) -> Self {
        Publisher { live, rendered: Mutex::default(), events: watch::Sender::new(Event::default()) }
    }

    /// Publishes an event after every change of the run's status. Never ends.
    pub(super) async fn run(&self) {
        let mut changes = self.live.changes();
        while changes.changed().await.is_ok() {
            self.publish(false);
        }
    }

    /// Publishes the last event.
    pub(super) fn close(&self) {
        self.publish(true);
    }

    fn publish(&self, is_last: bool) {
        let (rendered, status) = self.refresh();
        if self.events.receiver_count() == 0 && !is_last {
            return;
        }
        let view = rendered.show(&status, without_text);
        let point = rendered.history.as_ref().and_then(History::latest).unwrap_or_default();
        let text = format!("event: view\ndata: {{\"view\":{view},\"point\":{point}}}\n\n");
        drop(rendered);
        self.events.send_replace(Event { run: status.number, text: text.into(), is_last });
    }

    /// Subscribes to the events.
    pub(super) fn events(&self) -> watch::Receiver<Event> {
        self.events.subscribe()
    }

    /// Returns the first event of a stream, which has everything a page needs, and the number of its
    /// run.
    pub(super) fn hello(&self) -> (u64, Bytes) {
        let (mut rendered, status) = self.refresh();
        if rendered.hello.is_none() {
            let (view, form) = (rendered.view(&status), &status.form);
            let history =
                rendered.history.as_ref().map_or(Value::Null, |history| history.json(false));
            let view = as_text(&view);
            let hello = format!(
                "event: hello\ndata: {{\"view\":{view},\"history\":{history},\"form\":{form}}}\n\n"
            );
            rendered.hello = Some(hello.into());
        }
        (status.number, rendered.hello.clone().unwrap_or_default())
    }

    /// Returns the view as JSON.
    pub(super) fn view(&self) -> Bytes {
        let (mut rendered, status) = self.refresh();
        rendered.view(&status)
    }

    /// Returns the history of the run and of every entry as JSON; `null` before the first run.
    pub(super) fn history(&self) -> Value {
        let (rendered, _) = self.refresh();
        rendered.history.as_ref().map_or(Value::Null, |history| history.json(true))
    }

    /// Returns the history of one entry, if there is one.
    pub(super) fn history_of(&self, key: &EntryKey) -> Option<Value> {
        self.refresh().0.history.as_ref()?.entry_json(key)
    }

    /// Calls a function with the view of the run.
    pub(super) fn show<T>(&self, show: impl FnOnce(&View<'_>) -> T) -> T {
        let (rendered, status) = self.refresh();
        rendered.show(&status, show)
    }

    /// Takes what is new from the run and drops the texts that are out of date.
    fn refresh(&self) -> (MutexGuard<'_, Rendered>, RunStatus) {
        let mut rendered = self.rendered.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        // Read before the updates. A change between the two is rendered twice instead of not at all.
        let version = self.live.version();
        let Updates { status, history, snapshots } = self.live.updates();
        if let Some(history) = history {
            rendered.history = Some(history);
        }
        if let Some(history) = &mut rendered.history {
            snapshots.iter().for_each(|snapshot| history.add(snapshot));
        }
        if version != rendered.version || !snapshots.is_empty() {
            rendered.version = version;
            (rendered.view, rendered.hello) = (None, None);
        }
        (rendered, status)
    }
}

impl Rendered {
    fn view(&mut self, status: &RunStatus) -> Bytes {
        if let Some(view) = &self.view {
            return view.clone();
        }
        let view = Bytes::from(self.show(status, |view| view.json().to_string()));
        self.view = Some(view.clone());
        view
    }

    fn show<T>(&self, status: &RunStatus, show: impl FnOnce(&View<'_>) -> T) -> T {
        show(&View {
            facts: &status.facts,
            workload: &status.workload,
            state: status.state(),
            run: status.number,
            snapshot: status.snapshot.as_deref(),
            history: self.history.as_ref(),
            target: status.target(),
        })
    }
}

/// Returns the view without the scenario's text, which may be long and is the same every second.
fn without_text(view: &View<'_>) -> Value {
    let mut view = view.json();
    if let Some(facts) = view["facts"].as_object_mut() {
        facts.remove("scenario_text");
    }
    view
}

fn as_text(json: &Bytes) -> &str {
    std::str::from_utf8(json).unwrap_or("null")
}
