//! A user class as one core runs it: its requests are rendered.

use std::any::Any;
use std::rc::Rc;
use std::sync::Arc;

use crate::http1::KeepBody;
use crate::scenario::{
    StateFactory, Step, StepGroup, TaskAction, TaskFn, TaskResult, Tasks, User, WaitTime,
};
use crate::session::{
    Check, Context, Defaults, Prepared, ResolvedUrl, Session, SessionClass, needs_body,
};
use crate::transport::tls::Tls;

/// What the users of one class on a core share.
pub(super) struct Class {
    pub(super) index: usize,
    pub(super) name: String,
    pub(super) wait_time: WaitTime,
    pub(super) state: Option<StateFactory>,
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
    Steps(Vec<CoreStepGroup>),
    Run(Arc<dyn TaskFn>),
}

/// Steps that are made at the same time, so many at most; nearly always it is one.
pub(super) struct CoreStepGroup {
    steps: Vec<CoreStep>,
    width: usize,
}

pub(super) struct CoreStep {
    request: Prepared,
    checks: Vec<Check>,
}

impl Class {
    /// Makes a class ready. Its checks are copied, so that cores share nothing while they run.
    pub(super) fn new(
        index: usize,
        user: &User,
        target: &ResolvedUrl,
        tls: &Tls,
        context: &Context,
    ) -> Self {
        let auth = user.auth.as_ref();
        let policy = user.policy.clone();
        let defaults = Defaults::new(context, target, &user.headers, auth, policy);
        let defaults = defaults.tls(tls.clone());
        let session = SessionClass::new(defaults);
        let ready = |action: &TaskAction| CoreAction::new(action, context, session.defaults());
        let tasks = user
            .tasks
            .iter()
            .map(|task| CoreTask { name: task.name.clone(), action: ready(&task.action) });
        Class {
            index,
            name: user.name.clone(),
            wait_time: user.wait_time.clone(),
            state: user.state.clone(),
            tasks: tasks.collect(),
            picker: Tasks::new(&user.tasks),
            on_start: user.on_start.as_ref().map(ready),
            on_stop: user.on_stop.as_ref().map(ready),
            session,
        }
    }
}

impl CoreAction {
    fn new(action: &TaskAction, context: &Context, defaults: &Defaults) -> Self {
        match action {
            TaskAction::Run(task) => CoreAction::Run(task.clone()),
            TaskAction::Steps(parts) => {
                let ready = parts.iter().map(|part| CoreStepGroup::new(part, context, defaults));
                CoreAction::Steps(ready.collect())
            }
        }
    }

    /// Runs the action for one user. A step that fails is counted and does not end the action.
    pub(super) async fn run(&self, state: &mut dyn Any, session: &mut Session) -> TaskResult {
        match self {
            CoreAction::Run(task) => task.call(state, session).await,
            CoreAction::Steps(parts) => {
                for part in parts {
                    part.run(session).await;
                }
                Ok(())
            }
        }
    }
}

impl CoreStepGroup {
    fn new(part: &StepGroup, context: &Context, defaults: &Defaults) -> Self {
        let steps = part.steps().iter().map(|step| CoreStep::new(step, context, defaults));
        CoreStepGroup { steps: steps.collect(), width: part.width() }
    }

    async fn run(&self, session: &mut Session) {
        if let [CoreStep { request, checks }] = &self.steps[..] {
            session.run_step(request, checks).await;
            return;
        }
        let steps = self.steps.iter().map(|step| (&step.request, &step.checks[..]));
        // On the heap, because few tasks have such a part and all would have room for it.
        Box::pin(session.run_parallel_steps(steps, self.width)).await;
    }
}

impl CoreStep {
    fn new(step: &Step, context: &Context, defaults: &Defaults) -> Self {
        let keep_body = if needs_body(&step.checks) { KeepBody::Yes } else { KeepBody::No };
        let request = Prepared::new(context, defaults, &step.request, keep_body)
            .expect("the plan has checked every URL of the scenario");
        CoreStep { request, checks: step.checks.clone() }
    }
}
