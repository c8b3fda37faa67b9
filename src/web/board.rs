//! What pages are shown: rendered once for all who look, and only when somebody does.
//!
//! Everything here happens on the page's thread; its locks are there because a router's state is
//! shared, and nobody ever waits for one.

use std::sync::{Arc, Mutex, MutexGuard};

use axum::body::Bytes;
use serde_json::Value;
use tokio::sync::watch;

use super::live::{Live, News, Standing};
use crate::report::history::History;
use crate::report::view::View;
use crate::stats::EntryKey;

/// The run as text, and those who wait for the next.
pub(super) struct Board {
    live: Arc<Live>,
    drawn: Mutex<Drawn>,
    frames: watch::Sender<Frame>,
}

/// What was known when somebody looked last, and what was rendered of it.
#[derive(Default)]
struct Drawn {
    history: Option<History>,
    version: u64,
    view: Option<Bytes>,
    hello: Option<Bytes>,
}

/// What every page is sent at the same time.
#[derive(Debug, Clone, Default)]
pub(super) struct Frame {
    /// The run that it is of. Who knows another one only needs to be told all about it first.
    pub(super) run: u64,
    /// An event of the stream.
    pub(super) event: Bytes,
    /// Nothing comes after it.
    pub(super) is_last: bool,
}

impl Board {
    pub(super) fn new(live: Arc<Live>) -> Self {
        Board { live, drawn: Mutex::default(), frames: watch::Sender::new(Frame::default()) }
    }

    /// Keeps the board, for as long as it is polled.
    pub(super) async fn keep(&self) {
        let mut changes = self.live.changes();
        // The other end is as old as the board.
        while changes.changed().await.is_ok() {
            self.post(false);
        }
    }

    /// The last that there is to see.
    pub(super) fn close(&self) {
        self.post(true);
    }

    fn post(&self, is_last: bool) {
        let (drawn, standing) = self.look();
        if self.frames.receiver_count() == 0 && !is_last {
            return;
        }
        let view = drawn.show(&standing, without_text);
        let point = drawn.history.as_ref().and_then(History::latest).unwrap_or_default();
        let event = format!("event: view\ndata: {{\"view\":{view},\"point\":{point}}}\n\n");
        drop(drawn);
        self.frames.send_replace(Frame { run: standing.number, event: event.into(), is_last });
    }

    /// Frames from now on.
    pub(super) fn frames(&self) -> watch::Receiver<Frame> {
        self.frames.subscribe()
    }

    /// All that a page needs to begin with, as an event; and the run that it is of.
    pub(super) fn hello(&self) -> (u64, Bytes) {
        let (mut drawn, standing) = self.look();
        if drawn.hello.is_none() {
            let (view, form) = (drawn.view(&standing), &standing.form);
            let history = drawn.history.as_ref().map_or(Value::Null, |history| history.json(false));
            let view = text(&view);
            let hello = format!(
                "event: hello\ndata: {{\"view\":{view},\"history\":{history},\"form\":{form}}}\n\n"
            );
            drawn.hello = Some(hello.into());
        }
        (standing.number, drawn.hello.clone().unwrap_or_default())
    }

    /// The view as JSON.
    pub(super) fn view(&self) -> Bytes {
        let (mut drawn, standing) = self.look();
        drawn.view(&standing)
    }

    /// The course of the run with that of every entry; `null` before the first.
    pub(super) fn history(&self) -> Value {
        let (drawn, _) = self.look();
        drawn.history.as_ref().map_or(Value::Null, |history| history.json(true))
    }

    /// The course of one entry, where there is one.
    pub(super) fn history_of(&self, key: &EntryKey) -> Option<Value> {
        self.look().0.history.as_ref()?.entry_json(key)
    }

    /// Shows the run to somebody who makes something else of it.
    pub(super) fn show<T>(&self, show: impl FnOnce(&View<'_>) -> T) -> T {
        let (drawn, standing) = self.look();
        drawn.show(&standing, show)
    }

    /// What is known by now.
    fn look(&self) -> (MutexGuard<'_, Drawn>, Standing) {
        let mut drawn = self.drawn.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        // Before the news: what comes between the two is rendered once more than it needs.
        let version = self.live.version();
        let News { standing, history, snapshots } = self.live.news();
        if let Some(history) = history {
            drawn.history = Some(history);
        }
        if let Some(history) = &mut drawn.history {
            snapshots.iter().for_each(|snapshot| history.add(snapshot));
        }
        if version != drawn.version || !snapshots.is_empty() {
            drawn.version = version;
            (drawn.view, drawn.hello) = (None, None);
        }
        (drawn, standing)
    }
}

impl Drawn {
    fn view(&mut self, standing: &Standing) -> Bytes {
        if let Some(view) = &self.view {
            return view.clone();
        }
        let view = Bytes::from(self.show(standing, |view| view.json().to_string()));
        self.view = Some(view.clone());
        view
    }

    fn show<T>(&self, standing: &Standing, show: impl FnOnce(&View<'_>) -> T) -> T {
        show(&View {
            facts: &standing.facts,
            scenario: &standing.scenario,
            state: standing.state(),
            run: standing.number,
            snapshot: standing.snapshot.as_deref(),
            history: self.history.as_ref(),
            target: standing.target(),
        })
    }
}

/// The view without the scenario's text, which may be long and is the same every second.
fn without_text(view: &View<'_>) -> Value {
    let mut view = view.json();
    if let Some(facts) = view["facts"].as_object_mut() {
        facts.remove("scenario_text");
    }
    view
}

/// What was rendered, as the text that it is.
fn text(json: &Bytes) -> &str {
    std::str::from_utf8(json).unwrap_or("null")
}
