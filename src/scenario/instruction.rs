//! Instructions: what a declared task does, one after the other.

use std::time::Duration;

use super::{Parallel, Step, TaskSet, WaitTime};

/// One thing that a declared task does. Texts of instructions and of their requests are templates:
/// `${…}` in them is an expression, whose value is put in for each user and each time; `$${` is the text
/// `${`. Conditions are expressions, with or without `${…}` around their names. Expressions are described
/// [with the files](super::file).
///
/// ```
/// use std::time::Duration;
///
/// use gregaria::scenario::{Instruction, Step, Task, User};
///
/// let pages = Task::instructions("pages", vec![
///     Instruction::set("page", "${1}"),
///     Instruction::while_holds("page <= 5", [
///         Step::get("/pages/${page}").into(),
///         Instruction::when("page % 2 == 0", [Instruction::pause(Duration::from_millis(5))]),
///         Instruction::set("page", "${page + 1}"),
///     ]),
///     Instruction::group("order", [Step::get("/cart"), Step::post("/pay")]),
/// ]);
/// let user = User::new("Reader").task(pages);
/// ```
#[derive(Debug, Clone, PartialEq)]
// Nearly all are requests, and there are only as many as a scenario declares.
#[expect(clippy::large_enum_variant)]
#[non_exhaustive]
pub enum Instruction {
    /// Makes a request.
    Request(Step),
    /// Makes several requests at the same time, as a browser does.
    Parallel(Parallel),
    /// Waits for a time that is constant, between two times, or exponential.
    Pause(WaitTime),
    /// Gives variables the values of texts, in their order. A text that is nothing but one expression keeps
    /// the type of its value.
    Set(Vec<(String, String)>),
    /// Does what follows if a condition holds, or else something else.
    If {
        /// The condition.
        condition: String,
        /// What is done if it holds.
        then: Vec<Instruction>,
        /// What is done if it does not.
        otherwise: Vec<Instruction>,
    },
    /// Does the same again as long as a condition holds.
    While {
        /// The condition, judged before each round.
        condition: String,
        /// What is done in each round.
        body: Vec<Instruction>,
    },
    /// Does the same so many times.
    Repeat {
        /// How many times: an expression, such as `3` or `${pages}`.
        times: String,
        /// What is done in each round.
        body: Vec<Instruction>,
    },
    /// Times all of this together: an entry of type `GROUP`, which is no part of `Aggregated`. It fails if
    /// one of its requests fails, or if its task ends inside of it by an error.
    Group {
        /// The name of the entry.
        name: String,
        /// What is timed.
        body: Vec<Instruction>,
    },
    /// Runs tasks of a set until one of them leaves it.
    Tasks(TaskSet),
    /// Ends something here.
    End(End),
}

/// What an instruction ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum End {
    /// The task, or the one of a set that it is in. The wait of the class follows.
    Task,
    /// The task, without the wait that would follow.
    TaskWithoutWait,
    /// The set of tasks that it is in. The user goes on with the next task around it, without a wait.
    Set,
    /// The user, after its `on_stop`.
    User,
    /// The run, as by Ctrl-C.
    Run,
}

/// How deep instructions may be nested.
pub(crate) const DEPTH_MAX: usize = 16;

impl Instruction {
    /// Waits so long.
    pub fn pause(pause: Duration) -> Self {
        Instruction::Pause(WaitTime::Constant(pause))
    }

    /// Gives a variable the value of a text.
    pub fn set(name: impl Into<String>, value: impl Into<String>) -> Self {
        Instruction::Set(vec![(name.into(), value.into())])
    }

    /// Does this if a condition holds.
    pub fn when<I: Into<Instruction>>(
        condition: impl Into<String>,
        then: impl IntoIterator<Item = I>,
    ) -> Self {
        let then = all(then);
        Instruction::If { condition: condition.into(), then, otherwise: Vec::new() }
    }

    /// Does this if the condition of an [`Instruction::If`] does not hold. Any other instruction stays as it
    /// is.
    pub fn otherwise<I: Into<Instruction>>(self, body: impl IntoIterator<Item = I>) -> Self {
        match self {
            Instruction::If { condition, then, .. } => {
                Instruction::If { condition, then, otherwise: all(body) }
            }
            other => other,
        }
    }

    /// Does this as long as a condition holds.
    pub fn while_holds<I: Into<Instruction>>(
        condition: impl Into<String>,
        body: impl IntoIterator<Item = I>,
    ) -> Self {
        Instruction::While { condition: condition.into(), body: all(body) }
    }

    /// Does this so many times.
    pub fn repeat<I: Into<Instruction>>(
        times: impl ToString,
        body: impl IntoIterator<Item = I>,
    ) -> Self {
        Instruction::Repeat { times: times.to_string(), body: all(body) }
    }

    /// Times this as a whole, under a name.
    pub fn group<I: Into<Instruction>>(
        name: impl Into<String>,
        body: impl IntoIterator<Item = I>,
    ) -> Self {
        Instruction::Group { name: name.into(), body: all(body) }
    }

    /// Returns the instructions in it, but not those in these.
    pub(crate) fn inner(&self) -> Box<dyn Iterator<Item = &Instruction> + '_> {
        match self {
            Instruction::If { then, otherwise, .. } => Box::new(then.iter().chain(otherwise)),
            Instruction::While { body, .. }
            | Instruction::Repeat { body, .. }
            | Instruction::Group { body, .. } => Box::new(body.iter()),
            Instruction::Tasks(set) => Box::new(set.instructions()),
            _ => Box::new(std::iter::empty()),
        }
    }

    /// Calls a function with the sets of tasks in it, but not with those in these.
    pub(super) fn visit_sets(&mut self, visit: &mut impl FnMut(&mut TaskSet)) {
        match self {
            Instruction::If { then, otherwise, .. } => {
                then.iter_mut().chain(otherwise).for_each(|inner| inner.visit_sets(visit));
            }
            Instruction::While { body, .. }
            | Instruction::Repeat { body, .. }
            | Instruction::Group { body, .. } => {
                body.iter_mut().for_each(|inner| inner.visit_sets(visit));
            }
            Instruction::Tasks(set) => visit(set),
            _ => {}
        }
    }

    /// Calls a function with this instruction and all those in it, in their order.
    pub(crate) fn visit<'i>(&'i self, visit: &mut impl FnMut(&'i Instruction)) {
        visit(self);
        self.inner().for_each(|inner| inner.visit(visit));
    }

    /// Returns its requests, in their order.
    pub fn steps(&self) -> Vec<&Step> {
        let mut steps = Vec::new();
        self.visit(&mut |instruction| match instruction {
            Instruction::Request(step) => steps.push(step),
            Instruction::Parallel(parallel) => steps.extend(&parallel.steps),
            _ => {}
        });
        steps
    }

    /// Returns how many of its requests are made at the same time, at most.
    pub fn width(&self) -> usize {
        match self {
            Instruction::Parallel(parallel) => parallel.width(),
            _ => self.inner().map(Instruction::width).max().unwrap_or(1),
        }
    }
}

fn all<I: Into<Instruction>>(instructions: impl IntoIterator<Item = I>) -> Vec<Instruction> {
    instructions.into_iter().map(Into::into).collect()
}

impl From<Step> for Instruction {
    fn from(step: Step) -> Self {
        Instruction::Request(step)
    }
}

impl From<Parallel> for Instruction {
    fn from(parallel: Parallel) -> Self {
        Instruction::Parallel(parallel)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_found_however_deep_they_are() {
        let parallel = Parallel::new(vec![Step::get("/c"), Step::get("/d")]);
        let inner = Instruction::when("x", [Step::get("/b")]).otherwise([parallel]);
        let group = Instruction::group("g", [Instruction::repeat(2, [inner])]);
        let paths = |instruction: &Instruction| -> Vec<String> {
            instruction.steps().iter().map(|step| step.request.path.clone()).collect()
        };
        assert_eq!(paths(&group), ["/b", "/c", "/d"]);
        assert_eq!(group.width(), 2);
        assert_eq!(paths(&Instruction::pause(Duration::ZERO)), [""; 0]);
    }
}
