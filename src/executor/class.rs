//! A user class as one core runs it: its requests are rendered.

use std::rc::Rc;
use std::sync::Arc;

use super::compiler::Compiler;
use super::program::Program;
use super::rows::{DataSets, RowSource};
use super::state::State;
use super::step::CoreStepGroup;
use crate::data::Source;
use crate::scenario::{
    Instruction, StateFactory, Task, TaskAction, TaskFn, TaskResult, Tasks, User, WaitTime,
};
use crate::session::{Context, Defaults, ResolvedUrl, Session, SessionClass};
use crate::transport::tls::Tls;

/// What the users of one class on a core share.
pub(super) struct Class {
    pub(super) index: usize,
    pub(super) name: String,
    pub(super) wait_time: WaitTime,
    pub(super) state: Option<StateFactory>,
    /// How many variables each user has.
    pub(super) variables: usize,
    /// What each user takes a row of for its life.
    pub(super) data: Vec<RowSource>,
    pub(super) session: Rc<SessionClass>,
    pub(super) tasks: Vec<CoreTask>,
    pub(super) picker: Tasks,
    pub(super) on_start: Option<CoreAction>,
    pub(super) on_stop: Option<CoreAction>,
}

pub(super) struct CoreTask {
    pub(super) name: String,
    pub(super) action: CoreAction,
}

/// An action in the form that a core runs.
pub(super) enum CoreAction {
    /// Requests that are the same each time, one after the other.
    Steps(Vec<CoreStepGroup>),
    /// Any instructions.
    Program(Program),
    Run(Arc<dyn TaskFn>),
}

impl Class {
    /// Makes a class ready. Its checks are copied, so that cores share nothing while they run.
    pub(super) fn new(
        index: usize,
        user: &User,
        target: &ResolvedUrl,
        tls: &Tls,
        context: &Context,
        (sources, data_sets): (&[Source], &DataSets),
    ) -> Self {
        let auth = user.auth.as_ref();
        let policy = user.policy.clone();
        let defaults = Defaults::new(context, target, &user.headers, auth, policy);
        let defaults = defaults.tls(tls.clone());
        let session = SessionClass::new(defaults);
        let scope = user.scope(sources).expect("the plan has checked every name of the scenario");
        let ready = |action: &TaskAction, data: &[String]| {
            let compiler = Compiler::new(user, context, session.defaults(), &scope, data_sets);
            CoreAction::new(action, data, compiler)
        };
        let task = |task: &Task| {
            let action = ready(&task.action, &task.data);
            CoreTask { name: task.name.clone(), action }
        };
        let hook = |action: &TaskAction| ready(action, &[]);
        Class {
            index,
            name: user.name.clone(),
            wait_time: user.wait_time.clone(),
            state: user.state.clone(),
            tasks: user.tasks.iter().map(task).collect(),
            picker: Tasks::new(&user.tasks, user.order),
            on_start: user.on_start.as_ref().map(hook),
            on_stop: user.on_stop.as_ref().map(hook),
            variables: scope.len(),
            data: data_sets.sources(&user.data, &scope),
            session,
        }
    }
}

impl Class {
    /// Returns whether one of its actions needs the memory of its user.
    pub(super) fn has_programs(&self) -> bool {
        let tasks = self.tasks.iter().map(|task| &task.action);
        let mut actions = tasks.chain(&self.on_start).chain(&self.on_stop);
        let has_program = |action| matches!(action, &CoreAction::Program(_));
        !self.data.is_empty() || actions.any(has_program)
    }
}

impl CoreAction {
    /// Makes an action ready, which takes rows of these data sets each time.
    fn new(action: &TaskAction, data: &[String], compiler: Compiler<'_>) -> Self {
        match action {
            TaskAction::Run(task) if data.is_empty() => CoreAction::Run(task.clone()),
            TaskAction::Steps(instructions) if data.is_empty() => {
                let group = |instruction: &Instruction| compiler.constant(instruction);
                match instructions.iter().map(group).collect() {
                    Some(groups) => CoreAction::Steps(groups),
                    None => CoreAction::Program(compiler.program(action, data)),
                }
            }
            _ => CoreAction::Program(compiler.program(action, data)),
        }
    }

    /// Runs the action for one user. A step that fails is counted and does not end the action.
    pub(super) async fn run(&self, state: &mut State, session: &mut Session) -> TaskResult {
        match self {
            CoreAction::Run(task) => task.call(state.value(), session).await,
            CoreAction::Program(program) => program.run(state, session).await,
            CoreAction::Steps(groups) => {
                for group in groups {
                    group.run(session).await;
                }
                Ok(())
            }
        }
    }
}
