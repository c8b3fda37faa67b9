//! Sets of tasks inside a task.

use super::{Instruction, Order, Task};

/// A set of tasks that a user runs inside a task, until one of them leaves the set by
/// [`End::Set`](super::End::Set), as Locust's nested `TaskSet` does by `interrupt()`. The wait of the class is
/// between them.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct TaskSet {
    /// In which order they follow each other.
    pub order: Order,
    /// The tasks.
    pub tasks: Vec<Task>,
    /// What is done each time before the first of them.
    pub on_start: Vec<Instruction>,
    /// What is done each time the set is left.
    pub on_stop: Vec<Instruction>,
}

impl TaskSet {
    /// Makes a set of these tasks, which are chosen by weight.
    pub fn new(tasks: Vec<Task>) -> Self {
        TaskSet { tasks, ..TaskSet::default() }
    }

    /// Sets the order of the tasks.
    pub fn order(mut self, order: Order) -> Self {
        self.order = order;
        self
    }

    /// Does this each time before the first task.
    pub fn on_start(mut self, instructions: Vec<Instruction>) -> Self {
        self.on_start = instructions;
        self
    }

    /// Does this each time the set is left.
    pub fn on_stop(mut self, instructions: Vec<Instruction>) -> Self {
        self.on_stop = instructions;
        self
    }

    /// Returns the instructions in it.
    pub(super) fn instructions(&self) -> impl Iterator<Item = &Instruction> {
        let tasks = self.tasks.iter().flat_map(|task| task.action.instructions());
        self.on_start.iter().chain(tasks).chain(&self.on_stop)
    }
}
