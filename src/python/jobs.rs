//! What runs on the stack of a fiber: one job after another, each in Python.

use std::rc::Rc;

use super::core::Core;
use super::engine::ClassTable;
use super::fiber::{Answer, Ask, Ended, Job, Running};
use super::object::{Object, Raised, Result, take_exception};

/// A user in Python.
struct User {
    object: Object,
    class: Rc<ClassTable>,
}

/// Does the jobs of a fiber until it is to end.
pub(super) fn work(core: &Core, running: &Running, first: Answer) {
    let mut user = None;
    let mut answer = first;
    loop {
        let ended = match answer {
            Answer::Job(Job::End) => break,
            Answer::Job(job) => perform(core, &mut user, job),
            // It came between two jobs, where there is nothing to be broken off.
            Answer::Throw(_) | Answer::Made(_) | Answer::Happened(_) | Answer::Called(_) => {
                Ended::StopsUser
            }
        };
        answer = running.ask(Ask::Done(ended));
    }
}

fn perform(core: &Core, user: &mut Option<User>, job: Job) -> Ended {
    let engine = &core.engine;
    let has_wait = matches!(job, Job::Task(_));
    let ended = match (job, &*user) {
        (Job::Start { class, number }, _) => match start(core, class, number) {
            Ok(made) => {
                let object = made.object.clone();
                *user = Some(made);
                engine.on_start.call1(&object)
            }
            Err(Raised) => Err(Raised),
        },
        (Job::Task(task), Some(user)) => run_task(core, user, task),
        (Job::Stop, Some(user)) => engine.on_stop.call1(&user.object),
        (Job::Call(callable), _) => callable.call(&[]),
        // The user was never made.
        (Job::Task(_) | Job::Stop | Job::End, _) => return Ended::StopsUser,
    };
    let ended = match ended {
        Ok(_) => Ended::Done(None),
        Err(Raised) => failed(core, user.as_ref()),
    };
    if has_wait { with_wait(core, user.as_ref(), ended) } else { ended }
}

fn start(core: &Core, class: usize, number: u64) -> Result<User> {
    let table = core.class_table(class)?;
    let arguments = [Object::int(class as i64)?, Object::int(number as i64)?];
    let object = core.engine.start.call(&[&arguments[0], &arguments[1]])?;
    Ok(User { object, class: table })
}

fn run_task(core: &Core, user: &User, task: usize) -> Result<Object> {
    match user.class.tasks.get(task) {
        Some((function, true)) => function.call1(&user.object),
        _ => core.engine.task.call(&[&user.object, &Object::int(task as i64)?]),
    }
}

/// Has Python decide what an exception means; it counts one that is an error of the file.
#[cold]
fn failed(core: &Core, user: Option<&User>) -> Ended {
    let exception = take_exception();
    let user = user.map_or_else(Object::none, |user| user.object.clone());
    let outcome = core.engine.outcome.call(&[&user, &exception]);
    match outcome.map(|outcome| outcome.view().as_int()) {
        Ok(Some(0)) => Ended::Failed(None),
        Ok(Some(2)) => Ended::SkipsWait,
        Ok(Some(3)) => Ended::Done(None),
        Ok(_) => Ended::StopsUser,
        Err(Raised) => {
            super::module::count_exception(&take_exception().to_text(), "");
            Ended::StopsUser
        }
    }
}

/// Asks Python how long the user waits, if that is a function of the file's.
fn with_wait(core: &Core, user: Option<&User>, ended: Ended) -> Ended {
    let Some(user) = user.filter(|user| user.class.needs_wait) else { return ended };
    let (Ended::Done(None) | Ended::Failed(None)) = ended else { return ended };
    let wait = core.engine.wait.call1(&user.object).map(|wait| wait.view().as_float());
    match (wait, ended) {
        (Ok(wait), Ended::Failed(_)) => Ended::Failed(wait),
        (Ok(wait), _) => Ended::Done(wait),
        (Err(Raised), _) => match failed(core, Some(user)) {
            Ended::Failed(_) | Ended::StopsUser => Ended::StopsUser,
            other => other,
        },
    }
}
