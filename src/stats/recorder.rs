//! Records the samples of one core.
//!
//! Each core owns one recorder; nothing here is shared, so nothing here locks. Merging is the work
//! of [`Totals`](super::Totals).
//!
//! [The module](super) says what it costs, and how that was measured.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use super::arrivals::ArrivalRecorder;
use super::entry::Entry;
use super::failure::{Seen, Table};
use super::health::Noticed;
use super::{
    EntryId, EntryKey, Exception, Extra, Failure, Interval, IterationStart, Journal, JournalEntry,
    Limit, Outcome, Phases, RowLimits, Sample, Standstill, WireBytes, Work,
};

/// One core's samples since the last [take](Recorder::take).
#[derive(Debug)]
pub struct Recorder {
    core: usize,
    started: Instant,
    limits: RowLimits,
    /// When the current interval began.
    from: Duration,
    /// Ids by name, then by method: one look-up by `&str`, then one or two comparisons.
    ids: HashMap<String, Vec<(String, EntryId)>>,
    /// By id. Grows up to the cap plus the overflow row, and never shrinks.
    keys: Vec<EntryKey>,
    /// By id, always as long as `keys`.
    entries: Vec<Entry<u32>>,
    /// The number of keys that the collector knows.
    announced: usize,
    /// The id of the overflow row, once there is one.
    overflow: Option<EntryId>,
    failures: Table<EntryId, Seen>,
    /// The number of requests that were counted since the start.
    recorded: u64,
    exceptions: Table<String, u64>,
    malformed_lines: Table<(), u64>,
    users: Vec<u64>,
    wanted: Option<u64>,
    noticed: Noticed,
    released: Option<Box<ArrivalRecorder>>,
    /// What users do, if a journal is kept.
    journal: Option<Box<Journal>>,
}

impl Recorder {
    /// Makes a recorder for the core with this number, counted from 0 within the run, of a run that
    /// started at `started`.
    pub fn new(core: usize, started: Instant, limits: RowLimits) -> Self {
        Recorder {
            core,
            started,
            limits,
            from: Duration::ZERO,
            ids: HashMap::new(),
            keys: Vec::new(),
            entries: Vec::new(),
            announced: 0,
            overflow: None,
            failures: Table::new(limits.failures),
            recorded: 0,
            exceptions: Table::new(limits.exceptions),
            malformed_lines: Table::new(limits.malformed_lines),
            users: Vec::new(),
            wanted: None,
            noticed: Noticed::default(),
            released: None,
            journal: None,
        }
    }

    /// Sets another start of the run, before anything is recorded.
    pub(crate) fn begin(&mut self, started: Instant) {
        self.started = started;
    }

    /// Keeps a journal from now on.
    pub(crate) fn keep_journal(&mut self) {
        self.journal.get_or_insert_default();
    }

    /// Adds to the journal what a user did, if a journal is kept.
    pub(crate) fn tell(&mut self, user: u64, what: impl FnOnce(&Self) -> String) {
        if self.journal.is_some() {
            self.note(user, what);
        }
    }

    #[cold]
    fn note(&mut self, user: u64, what: impl FnOnce(&Self) -> String) {
        let Some(mut journal) = self.journal.take() else { return };
        journal.note(|| JournalEntry { at: self.started.elapsed(), user, what: what(self) });
        self.journal = Some(journal);
    }

    /// Returns the core's number.
    pub(crate) fn core(&self) -> usize {
        self.core
    }

    /// Returns the id of a (method, name). Allocates only for a new one. Beyond the cap every new one
    /// gets the id of the overflow row.
    pub fn entry(&mut self, method: &str, name: &str) -> EntryId {
        let known = self.ids.get(name).and_then(|ids| ids.iter().find(|(m, _)| m == method));
        if let Some(&(_, id)) = known {
            return id;
        }
        if self.keys.len() - usize::from(self.overflow.is_some()) >= self.limits.names {
            return self.overflow();
        }
        let id = self.intern(EntryKey { method: method.to_owned(), name: name.to_owned() });
        self.ids.entry(name.to_owned()).or_default().push((method.to_owned(), id));
        id
    }

    /// Returns the method and name of an id.
    ///
    /// # Panics
    ///
    /// Panics if the id is another recorder's.
    pub fn key(&self, id: EntryId) -> &EntryKey {
        &self.keys[id.0 as usize]
    }

    /// Counts one finished request. A success allocates nothing once the histogram has grown to the
    /// latencies that occur. Returns whether this is a failure without an example in this interval, so
    /// that the body of its response is worth keeping (`keep_body`).
    ///
    /// # Panics
    ///
    /// Panics if the sample's entry is another recorder's.
    pub fn record(&mut self, sample: Sample<'_>) -> bool {
        let Sample { entry, clocks, body_bytes, status, outcome } = sample;
        self.recorded += 1;
        let counted = &mut self.entries[entry.0 as usize];
        let latency = clocks.latency();
        let ended = clocks.ended.saturating_duration_since(self.started);
        counted.record_end(ended);
        let is_on_time = clocks.intended == clocks.started;
        counted.record_service(latency, if is_on_time { latency } else { clocks.service_time() });
        counted.record_body(body_bytes);
        if let Some(status) = status {
            counted.record_status(status);
        }
        match outcome {
            Outcome::Success => {
                counted.record_success(latency);
                false
            }
            Outcome::Failure(message) => {
                counted.record_failure(latency);
                let request = (self.core, self.recorded);
                self.failures.note(&entry, message, Seen::once(ended, request, status))
            }
        }
    }

    /// Keeps the body of a failure's example.
    pub(crate) fn keep_body(&mut self, entry: EntryId, message: &str, body: String) {
        let seen = self.failures.value(&entry, message);
        if let Some(example) = seen.and_then(|seen| seen.example.as_mut()) {
            example.body = Some(body);
        }
    }

    /// Counts a request that was started and then cancelled at the stop, so that it has no sample.
    pub(crate) fn cancel(&mut self, entry: EntryId) {
        self.entries[entry.0 as usize].cancel();
    }

    /// Records the phases and bytes of an exchange. They are not part of the sample because the future
    /// of a waiting user would have to store them.
    pub fn exchanged(&mut self, entry: EntryId, phases: Phases, wire: WireBytes) {
        self.entries[entry.0 as usize].record_exchange(phases, wire);
    }

    /// The same for an exchange over a connection that was already open, as of nearly every request.
    pub(crate) fn answered(
        &mut self,
        entry: EntryId,
        first_byte: Option<Duration>,
        transfer: Option<Duration>,
        wire: WireBytes,
    ) {
        self.entries[entry.0 as usize].record_answer(first_byte, transfer, wire);
    }

    /// Counts an event of a request whose sample is still to come.
    pub(crate) fn count(&mut self, entry: EntryId, extra: Extra) {
        self.entries[entry.0 as usize].count(extra);
    }

    /// Counts an error of user code that is not a request.
    pub(crate) fn exception(&mut self, message: &str, traceback: &str) {
        self.exceptions.note(message, traceback, 1);
    }

    /// Counts a malformed header line of this name, which the parser left out.
    pub(crate) fn malformed_line(&mut self, name: &str) {
        self.malformed_lines.note(&(), name, 1);
    }

    /// Records the delay of a timer.
    pub(crate) fn late(&mut self, lateness: Duration) {
        self.noticed.lateness.record(lateness);
    }

    /// Counts that a limit of the kernel hindered a request.
    pub(crate) fn hit(&mut self, limit: Limit) {
        self.noticed.limits.note(limit);
    }

    /// Adds the number of arrivals that the rate of an open load implies since the last call, in
    /// thousandths.
    pub(crate) fn arrivals_expected(&mut self, milli: u64) {
        self.released.get_or_insert_default().asked(milli);
    }

    /// Counts arrivals whose time has come, and notes how many wait for a user now.
    pub(crate) fn arrivals_due(&mut self, releases: u64, backlog: u64) {
        self.released.get_or_insert_default().due(releases, backlog);
    }

    /// Counts an arrival that was started.
    pub(crate) fn iteration_started(&mut self, start: IterationStart) {
        self.released.get_or_insert_default().start(start);
    }

    /// Notes a standstill of the core.
    pub(crate) fn stood_still(&mut self, standstill: Standstill) {
        self.noticed.standstills.note(standstill);
    }

    /// Notes that a line of user code held the core up.
    pub(crate) fn held_up(&mut self, place: &str, lasting: Duration) {
        self.noticed.blocking_calls.note(place, 1, lasting);
    }

    /// Adds the work of the core's thread since the last take.
    pub(crate) fn worked(&mut self, work: Work) {
        self.noticed.work += work;
    }

    /// Counts a user of this class that starts on this core.
    pub(crate) fn user_started(&mut self, class: usize) {
        if self.users.len() <= class {
            self.users.resize(class + 1, 0);
        }
        self.users[class] += 1;
    }

    /// Counts a user of this class that ends on this core.
    ///
    /// # Panics
    ///
    /// Panics if no user of this class is running.
    pub(crate) fn user_ended(&mut self, class: usize) {
        let running = self.users.get_mut(class).filter(|running| **running > 0);
        *running.expect("a user that ends has started") -= 1;
    }

    /// Sets how many users the load asks of this core; `None` if it asks for no number, as before the
    /// first call.
    pub(crate) fn users_wanted(&mut self, wanted: Option<u64>) {
        self.wanted = wanted;
    }

    /// Takes out the counts as the interval that ends second `second` at `to`: at or just after `second
    /// + 1` seconds, or earlier if the run ends within that second.
    pub fn take(&mut self, second: u64, to: Instant) -> Interval {
        let to = to.saturating_duration_since(self.started);
        let (failures, more_failures) = self.failures.take();
        let (exceptions, more_exceptions) = self.exceptions.take();
        let (malformed_lines, more_malformed_lines) = self.malformed_lines.take();
        Interval {
            core: self.core,
            second,
            from: std::mem::replace(&mut self.from, to),
            to,
            // The caller sets it when the core ends.
            last: false,
            names: self.take_names(),
            entries: self.take_entries(),
            failures: failures
                .into_iter()
                .map(|(entry, message, Seen { sightings, example })| Failure {
                    entry,
                    message,
                    sightings,
                    example,
                })
                .collect(),
            more_failures: more_failures.sightings,
            exceptions: exceptions
                .into_iter()
                .map(|(message, traceback, count)| Exception { message, traceback, count })
                .collect(),
            more_exceptions,
            malformed_lines: malformed_lines
                .into_iter()
                .map(|((), name, count)| (name, count))
                .collect(),
            more_malformed_lines,
            users: self.users.clone(),
            wanted: self.wanted,
            arrivals: self.released.as_mut().map(|released| Box::new(released.take())),
            health: self.noticed.take(),
            journal: self.journal.as_mut().map(std::mem::take),
        }
    }

    /// Puts back an interval that could not be sent, so that it ships with the next one: a core
    /// that waits for the collector is a core that stops sending load.
    ///
    /// # Panics
    ///
    /// Panics if the interval is another recorder's.
    pub(crate) fn restore(&mut self, interval: Interval) {
        let Interval {
            core,
            second: _,
            from,
            to: _,
            last: _,
            names,
            entries,
            failures,
            more_failures,
            exceptions,
            more_exceptions,
            malformed_lines,
            more_malformed_lines,
            // Levels: the next take states their new values.
            users: _,
            wanted: _,
            arrivals,
            health,
            journal,
        } = interval;
        if let (Some(own), Some(earlier)) = (&mut self.journal, journal) {
            own.restore(*earlier);
        }
        assert_eq!(core, self.core, "an interval goes back to the core it came from");
        self.from = self.from.min(from);
        self.noticed += &health;
        if let Some(arrivals) = arrivals {
            **self.released.get_or_insert_default() += &arrivals;
        }
        if let Some((first, _)) = names.first() {
            self.announced = self.announced.min(first.0 as usize);
        }
        for (id, delta) in &entries {
            self.entries[id.0 as usize] += delta;
        }
        for Failure { entry, message, sightings, example } in failures {
            self.failures.note(&entry, &message, Seen { sightings, example });
        }
        self.failures.note_more(Seen::without_example(more_failures));
        for Exception { message, traceback, count } in exceptions {
            self.exceptions.note(message.as_str(), &traceback, count);
        }
        self.exceptions.note_more(more_exceptions);
        for (name, count) in malformed_lines {
            self.malformed_lines.note(&(), &name, count);
        }
        self.malformed_lines.note_more(more_malformed_lines);
    }

    fn take_names(&mut self) -> Vec<(EntryId, EntryKey)> {
        let first = std::mem::replace(&mut self.announced, self.keys.len());
        let new = self.keys.iter().enumerate().skip(first);
        new.map(|(id, key)| (EntryId(id as u32), key.clone())).collect()
    }

    fn take_entries(&mut self) -> Vec<(EntryId, super::Delta)> {
        let entries = self.entries.iter_mut().enumerate();
        let touched = entries.filter(|(_, entry)| !entry.is_empty());
        touched.map(|(id, entry)| (EntryId(id as u32), entry.take())).collect()
    }

    fn overflow(&mut self) -> EntryId {
        match self.overflow {
            Some(id) => id,
            None => {
                let id = self.intern(self.limits.overflow_key());
                self.overflow = Some(id);
                id
            }
        }
    }

    fn intern(&mut self, key: EntryKey) -> EntryId {
        let id = u32::try_from(self.keys.len()).expect("the cap is far below four billion");
        self.keys.push(key);
        self.entries.push(Entry::default());
        EntryId(id)
    }
}
