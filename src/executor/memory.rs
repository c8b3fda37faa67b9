//! What a user remembers between its steps: variables, and the loops and groups that it is in.

use std::rc::Rc;
use std::time::{Duration, Instant};

use super::program::Choice;
use super::rows::RowSource;
use crate::data::Taken;
use crate::scenario::{Pace, TaskError};
use crate::session::{Capture, CapturedKind, Response, Session};
use crate::stats::EntryId;
use crate::template::{Fault, Scene, SlotId, Sources, Template, Variables};

/// A user's variables, and where it is inside its task.
pub(super) struct Memory {
    pub(super) variables: Variables,
    sources: Rc<Sources>,
    /// Made when they are first needed, and kept.
    frames: Option<Box<Frames>>,
}

/// The loops, groups and sets of tasks that a task is in, the innermost last.
#[derive(Default)]
struct Frames {
    /// How many rounds each loop has left.
    rounds: Vec<u64>,
    groups: Vec<OpenGroup>,
    sets: Vec<OpenSet>,
    /// The rows that the task has taken.
    rows: Vec<Taken>,
    /// Whether the next wait is left out.
    skips_wait: bool,
}

/// A set of tasks that has been entered.
struct OpenSet {
    /// How many loops and groups are around it, and how many rows have been taken there.
    rounds: usize,
    groups: usize,
    rows: usize,
    /// The operation at which its tasks end.
    end: usize,
    /// The task that runs, or ran last.
    last: Option<usize>,
    /// The place that its exceptions are counted under.
    place: Rc<str>,
    entered: Instant,
    pace: Pace,
}

/// A group that has begun.
struct OpenGroup {
    entry: EntryId,
    started: Instant,
    has_failed: bool,
}

/// Why a group counts as failed.
const FAILED: &str = "a request of the group failed";
const ENDED: &str = "the task ended in the group";

impl Memory {
    /// Makes the memory of a user of a class with so many variables.
    pub(super) fn new(variables: usize, sources: Rc<Sources>) -> Self {
        Memory { variables: Variables::new(variables), sources, frames: None }
    }

    /// Begins a task.
    pub(super) fn begin(&mut self) {
        if let Some(frames) = &mut self.frames {
            frames.rounds.clear();
            // Those of a task that was cancelled are not counted.
            frames.groups.clear();
            frames.sets.clear();
            frames.rows.clear();
            frames.skips_wait = false;
        }
    }

    /// Ends a task, and with it the groups that are still open.
    pub(super) fn end(&mut self, session: &Session, has_failed: bool) {
        if let Some(frames) = &mut self.frames {
            frames.unwind(0, 0, session, has_failed);
            frames.rows.clear();
        }
    }

    /// Takes a row for the task.
    pub(super) fn take_row(
        &mut self,
        source: &RowSource,
        rng: &mut fastrand::Rng,
    ) -> Result<(), TaskError> {
        let taken = source.take_for_iteration(&mut self.variables, rng)?;
        self.frames().rows.push(taken);
        Ok(())
    }

    /// Returns what expressions are evaluated with.
    pub(super) fn scene<'m>(&'m self, session: &'m mut Session) -> Scene<'m, 'm> {
        let (user, unix_time) = (session.user(), session.unix_time());
        let (variables, sources) = (&self.variables, &*self.sources);
        Scene { variables, rng: session.rng_mut(), sources, user, unix_time }
    }

    /// Gives variables what is taken out of a response. Without it and its default, the response is a failure.
    pub(super) fn take_all(
        &mut self,
        captures: &[(SlotId, String, Capture)],
        response: &mut Response,
        session: &mut Session,
    ) -> Result<(), TaskError> {
        let mut ended = Ok(());
        for (slot, name, capture) in captures {
            let mut text = session.spare_text();
            match capture.take(response, session.rng_mut(), &mut text) {
                Ok(kind) => self.write(*slot, kind, &text),
                Err(missing) => {
                    self.variables.clear(*slot);
                    if response.is_success() {
                        response.failure(format!("No value for '{name}': {missing}"));
                    }
                    ended = Err(TaskError::Request);
                }
            }
            session.recycle_text(text);
        }
        ended
    }

    /// Gives variables their defaults, because there was no response.
    pub(super) fn take_defaults(
        &mut self,
        captures: &[(SlotId, String, Capture)],
    ) -> Result<(), TaskError> {
        let mut ended = Ok(());
        for (slot, _, capture) in captures {
            let mut text = String::new();
            match capture.take_default(&mut text) {
                Some(kind) => self.write(*slot, kind, &text),
                None => {
                    self.variables.clear(*slot);
                    ended = Err(TaskError::Request);
                }
            }
        }
        ended
    }

    fn write(&mut self, slot: SlotId, kind: CapturedKind, text: &str) {
        match kind {
            CapturedKind::Text => self.variables.set_text(slot, text),
            CapturedKind::Json => self.variables.set_json(slot, text),
        }
    }

    /// Gives a variable the value of a text.
    pub(super) fn set(
        &mut self,
        slot: SlotId,
        template: &Template,
        session: &mut Session,
    ) -> Result<(), Fault> {
        let mut text = session.spare_text();
        let is_json = template.write_value(&mut self.scene(session), &mut text);
        match is_json {
            Ok(true) => self.variables.set_json(slot, &text),
            Ok(false) => self.variables.set_text(slot, &text),
            Err(_) => {}
        }
        session.recycle_text(text);
        is_json.map(drop)
    }

    fn frames(&mut self) -> &mut Frames {
        self.frames.get_or_insert_default()
    }

    /// Begins a loop of so many rounds.
    pub(super) fn begin_loop(&mut self, rounds: u64) {
        self.frames().rounds.push(rounds);
    }

    /// Begins a round of the innermost loop. Returns `false` if it has none left, and leaves it.
    pub(super) fn begins_round(&mut self) -> bool {
        let rounds = &mut self.frames().rounds;
        match rounds.last_mut() {
            Some(left @ 1..) => {
                *left -= 1;
                true
            }
            _ => {
                rounds.pop();
                false
            }
        }
    }

    /// Notes that a request was made, which makes the groups around it fail if it failed.
    pub(super) fn made(&mut self, is_success: bool) {
        if !is_success && let Some(frames) = &mut self.frames {
            frames.groups.iter_mut().for_each(|group| group.has_failed = true);
        }
    }

    pub(super) fn open_group(&mut self, entry: EntryId) {
        let group = OpenGroup { entry, started: Instant::now(), has_failed: false };
        self.frames().groups.push(group);
    }

    pub(super) fn open_named_group(
        &mut self,
        name: &Template,
        session: &mut Session,
    ) -> Result<(), Fault> {
        let mut text = session.spare_text();
        let written = name.write(&mut self.scene(session), &mut text);
        if written.is_ok() {
            self.open_group(session.entry_of_group(&text));
        }
        session.recycle_text(text);
        written
    }

    /// Counts the innermost group.
    pub(super) fn close_group(&mut self, session: &Session) {
        if let Some(group) = self.frames().groups.pop() {
            group.count(session, FAILED);
        }
    }
}

/// Sets of tasks.
impl Memory {
    /// Enters a set, whose tasks end at this operation.
    pub(super) fn enter_set(&mut self, end: usize) {
        let frames = self.frames();
        frames.sets.push(OpenSet {
            rounds: frames.rounds.len(),
            groups: frames.groups.len(),
            rows: frames.rows.len(),
            end,
            last: None,
            place: Rc::from(""),
            entered: Instant::now(),
            pace: Pace::new(Duration::ZERO),
        });
    }

    /// Chooses the next task of the innermost set. Returns the operation at which it begins.
    pub(super) fn choose(&mut self, choice: &Choice, rng: &mut fastrand::Rng) -> usize {
        let Some(set) = self.frames().sets.last_mut() else { return usize::MAX };
        let (next, rows) = (choice.tasks.pick(set.last, rng), set.rows);
        set.last = Some(next);
        let Some((target, place)) = choice.targets.get(next) else { return usize::MAX };
        set.place = place.clone();
        // Those of the task before.
        self.frames().rows.truncate(rows);
        *target
    }

    /// Ends the task of the innermost set that runs, with the wait of the class or without.
    pub(super) fn finish(&mut self, session: &Session, waits: bool) {
        let frames = self.frames();
        frames.skips_wait |= !waits;
        if let Some((rounds, groups)) = frames.sets.last().map(|set| (set.rounds, set.groups)) {
            frames.unwind(rounds, groups, session, false);
        }
    }

    /// Leaves the innermost set.
    pub(super) fn leave_set(&mut self) {
        self.frames().sets.pop();
    }

    /// Ends the task of a set in which an error was. Returns where the set goes on; `None` if there is no set,
    /// or if it was no error.
    pub(super) fn end_of_task_in_set(
        &mut self,
        session: &Session,
        error: &TaskError,
    ) -> Option<usize> {
        let frames = self.frames.as_mut()?;
        let set = frames.sets.last()?;
        let (rounds, groups, end) = (set.rounds, set.groups, set.end);
        match error {
            TaskError::Request | TaskError::Exception(_) => {
                frames.unwind(rounds, groups, session, true);
                Some(end)
            }
            _ => None,
        }
    }

    /// Returns the place that exceptions of the innermost set are counted under.
    pub(super) fn place(&self) -> &str {
        let set = self.frames.as_ref().and_then(|frames| frames.sets.last());
        set.map_or("", |set| &set.place)
    }

    /// Returns whether the next wait is left out, and does not leave out the one after it.
    pub(super) fn skips_wait(&mut self) -> bool {
        self.frames.as_mut().is_some_and(|frames| std::mem::take(&mut frames.skips_wait))
    }

    /// Returns the pace of the innermost set, and the time since it was entered.
    pub(super) fn pace(&mut self) -> Option<(&mut Pace, Duration)> {
        let set = self.frames.as_mut()?.sets.last_mut()?;
        let now = set.entered.elapsed();
        Some((&mut set.pace, now))
    }
}

impl Frames {
    /// Leaves loops and groups until there are so many.
    fn unwind(&mut self, rounds: usize, groups: usize, session: &Session, has_failed: bool) {
        self.rounds.truncate(rounds);
        while self.groups.len() > groups
            && let Some(mut group) = self.groups.pop()
        {
            group.has_failed |= has_failed;
            group.count(session, ENDED);
        }
    }
}

impl OpenGroup {
    fn count(self, session: &Session, failure: &'static str) {
        session.count_group(self.entry, self.started, self.has_failed.then_some(failure));
    }
}
