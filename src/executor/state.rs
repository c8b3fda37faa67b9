//! What a user keeps between its tasks.

use std::any::Any;
use std::rc::Rc;
use std::time::Duration;

use super::class::Class;
use super::memory::Memory;
use crate::data::Taken;
use crate::scenario::{TaskError, Tasks, WaitTime};
use crate::session::Session;
use crate::template::Sources;

/// The value of the user's own, where its class has one, and what its declared tasks remember. Two
/// pointers keep it small, because most users have neither.
#[derive(Default)]
pub(super) struct State {
    kept: Option<Box<Kept>>,
    none: (),
}

struct Kept {
    value: Option<Box<dyn Any>>,
    memory: Memory,
    /// The rows that it has taken for its life.
    rows: Vec<Taken>,
    /// The task that ran last, where that decides on the next.
    last_task: Option<usize>,
}

impl State {
    /// Makes the state of a user of this class, whose value is still to come.
    pub(super) fn new(class: &Class, sources: &Rc<Sources>) -> Self {
        let has_some = class.state.is_some() || class.has_programs() || class.picker.has_order();
        let kept = || {
            let memory = Memory::new(class.variables, sources.clone());
            Box::new(Kept { value: None, memory, rows: Vec::new(), last_task: None })
        };
        State { kept: has_some.then(kept), none: () }
    }

    /// Takes a row of each data set of the class.
    pub(super) fn take_rows(
        &mut self,
        class: &Class,
        rng: &mut fastrand::Rng,
    ) -> Result<(), TaskError> {
        let Some(kept) = &mut self.kept else { return Ok(()) };
        for source in &class.data {
            kept.rows.push(source.take_for_life(&mut kept.memory.variables, rng)?);
        }
        Ok(())
    }

    /// Sets the value of the user's own.
    pub(super) fn set_value(&mut self, value: Box<dyn Any>) {
        if let Some(kept) = &mut self.kept {
            kept.value = Some(value);
        }
    }

    /// Returns the user's value, or `()` where there is none.
    pub(super) fn value(&mut self) -> &mut dyn Any {
        match self.kept.as_mut().and_then(|kept| kept.value.as_mut()) {
            Some(value) => &mut **value,
            None => &mut self.none,
        }
    }

    /// Chooses the next task.
    pub(super) fn choose(&mut self, tasks: &Tasks, rng: &mut fastrand::Rng) -> usize {
        match &mut self.kept {
            Some(kept) if tasks.has_order() => {
                let next = tasks.pick(kept.last_task, rng);
                kept.last_task = Some(next);
                next
            }
            _ => tasks.pick(None, rng),
        }
    }

    /// Returns the wait after a task of a set.
    pub(super) fn next_wait(&mut self, time: &WaitTime, session: &mut Session) -> Duration {
        if let WaitTime::Function(wait) = time {
            return wait.call(self.value(), session.rng_mut());
        }
        match self.memory().pace() {
            Some((pace, now)) => time.next(pace, now, session.rng_mut()),
            None => Duration::ZERO,
        }
    }

    /// Returns what its declared tasks remember.
    ///
    /// # Panics
    ///
    /// Panics if its class has no programs.
    pub(super) fn memory(&mut self) -> &mut Memory {
        &mut self.kept.as_mut().expect("a class with programs has memory").memory
    }
}
