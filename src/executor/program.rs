//! A declared task as one core runs it: operations, one after the other, with jumps between them. So a
//! task has one future, however deep its instructions are nested.

use std::rc::Rc;
use std::sync::Arc;

use super::pinned::yield_now;
use super::rows::RowSource;
use super::state::State;
use super::step::{CoreStep, CoreStepGroup, VaryingGroup};
use crate::scenario::{End, Pace, TaskError, TaskFn, TaskResult, Tasks, WaitTime};
use crate::session::Session;
use crate::stats::EntryId;
use crate::template::{Expression, Fault, SlotId, Template};

/// The instructions of a task, in the form in which a core follows them.
pub(super) struct Program(Vec<Operation>);

/// One thing that a program does. Numbers are those of the operations at which it goes on.
pub(super) enum Operation {
    /// Takes a row of a data set.
    Take(RowSource),
    Request(CoreStep),
    Parallel(CoreStepGroup),
    Varying(VaryingGroup),
    Run(Arc<dyn TaskFn>),
    Pause(WaitTime),
    Set(SlotId, Template),
    /// Goes on there if the condition does not hold.
    Unless(Expression, usize),
    Jump(usize),
    /// Goes on there, where a round begins.
    Again(usize),
    /// Begins a loop of so many rounds.
    Count(Expression),
    /// Begins the next round, or leaves the loop and goes on there.
    Round(usize),
    /// Begins a group.
    Open(EntryId),
    OpenNamed(Template),
    /// Ends the innermost group.
    Close,
    /// Enters a set of tasks, whose tasks end there.
    Enter(usize),
    /// Chooses the next task of the set.
    Choose(Choice),
    /// Ends the task of the set that this is in, with its wait or without.
    Finish {
        end: usize,
        waits: bool,
    },
    /// Waits as the class says after each task, unless the task is not to be waited after.
    Wait(WaitTime),
    /// Goes on there, to leave the set.
    Exit(usize),
    /// Leaves the set.
    Leave,
    End(End),
}

/// The choice between the tasks of a set.
pub(super) struct Choice {
    pub(super) tasks: Tasks,
    /// Where each begins, and the place that its exceptions are counted under.
    pub(super) targets: Vec<(usize, Rc<str>)>,
}

impl Program {
    pub(super) fn new(operations: Vec<Operation>) -> Self {
        Program(operations)
    }

    /// Runs the program for one user. An error inside a set of tasks ends the task of the set, as in Locust.
    pub(super) async fn run(&self, state: &mut State, session: &mut Session) -> TaskResult {
        state.memory().begin();
        let mut at = 0;
        let ended = loop {
            let ended = self.operate(&mut at, state, session).await;
            let Err(error) = ended else { break ended };
            match state.memory().end_of_task_in_set(session, &error) {
                Some(end) => {
                    if let TaskError::Exception(message) = error {
                        session.count_exception(&message, state.memory().place());
                    }
                    at = end;
                }
                None => break Err(error),
            }
        };
        let memory = state.memory();
        memory.end(session, ended.is_err());
        match ended {
            Ok(()) if memory.skips_wait() => Err(TaskError::SkipWait),
            ended => ended,
        }
    }

    async fn operate(
        &self,
        at: &mut usize,
        state: &mut State,
        session: &mut Session,
    ) -> TaskResult {
        let mut turns = session.turns();
        while let Some(operation) = self.0.get(*at) {
            *at += 1;
            let memory = state.memory();
            match operation {
                Operation::Take(source) => memory.take_row(source, session.rng_mut())?,
                Operation::Request(step) => {
                    let is_success = step.run(memory, session).await?;
                    memory.made(is_success);
                }
                Operation::Parallel(group) => memory.made(group.run(session).await),
                Operation::Varying(group) => {
                    let is_success = Box::pin(group.run(memory, session)).await?;
                    memory.made(is_success);
                }
                Operation::Run(task) => task.call(state.value(), session).await?,
                Operation::Pause(time) => {
                    let mut pace = Pace::new(Default::default());
                    let pause = time.next(&mut pace, Default::default(), session.rng_mut());
                    session.sleep(pause).await;
                }
                Operation::Set(slot, template) => memory.set(*slot, template, session)?,
                Operation::Unless(condition, target) => {
                    if !condition.holds(&mut memory.scene(session))? {
                        *at = *target;
                    }
                }
                Operation::Jump(target) => *at = *target,
                Operation::Again(target) => {
                    *at = *target;
                    // A loop without requests and pauses must not hold the core up.
                    if turns == session.turns() {
                        yield_now().await;
                    }
                    turns = session.turns();
                }
                Operation::Count(times) => {
                    let rounds = times.evaluate(&mut memory.scene(session))?.rounds();
                    let no_number = || Fault("the rounds of 'repeat' are not a number".to_owned());
                    memory.begin_loop(rounds.ok_or_else(no_number)?);
                }
                Operation::Round(end) => {
                    if !memory.begins_round() {
                        *at = *end;
                    }
                }
                Operation::Open(entry) => memory.open_group(*entry),
                Operation::OpenNamed(name) => memory.open_named_group(name, session)?,
                Operation::Close => memory.close_group(session),
                Operation::Enter(end) => memory.enter_set(*end),
                Operation::Choose(choice) => *at = memory.choose(choice, session.rng_mut()),
                Operation::Finish { end, waits } => {
                    memory.finish(session, *waits);
                    *at = *end;
                }
                Operation::Wait(time) => {
                    if !memory.skips_wait() {
                        let wait = state.next_wait(time, session);
                        session.sleep(wait).await;
                    }
                }
                Operation::Exit(target) => {
                    memory.finish(session, false);
                    *at = *target;
                }
                Operation::Leave => memory.leave_set(),
                Operation::End(end) => return ended(*end),
            }
        }
        Ok(())
    }
}

fn ended(end: End) -> TaskResult {
    match end {
        End::TaskWithoutWait => Err(TaskError::SkipWait),
        End::User => Err(TaskError::StopUser),
        End::Run => Err(TaskError::StopRun),
        // The compiler has made jumps of those inside of sets.
        End::Task | End::Set => Ok(()),
    }
}
