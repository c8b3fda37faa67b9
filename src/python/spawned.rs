//! Fibers that a file starts besides those of its users: greenlets.

use super::core::Core;
use super::fiber::{Answer, Fiber, Job};
use super::object::Object;
use super::user::drive;
use crate::executor::{spawn_here, yield_now};
use crate::session::Session;

/// Starts a fiber that calls this, and returns its token. Its requests are the user's, over connections of
/// its own.
pub(super) fn spawn(session: &Session, callable: Object) -> Result<u64, String> {
    let core = Core::of_this_thread(session)?;
    let mut fiber = Fiber::new(core.clone()).map_err(|error| error.to_string())?;
    let token = fiber.parker().token;
    let session = core.take_sibling(session);
    let run = async move {
        // A new task may run at once, on the stack of the fiber that starts it, and with its thread state.
        // It is to begin when that one waits, as a greenlet does.
        yield_now().await;
        drive(&mut fiber, &session, Answer::Job(Job::Call(callable))).await;
        drop(fiber);
        core.give_sibling(session);
    };
    if spawn_here(run) { Ok(token) } else { Err("a greenlet needs a core".into()) }
}
