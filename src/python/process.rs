//! Which process of a run this is, and whom it asks.

use std::sync::{Arc, Mutex, OnceLock, PoisonError, mpsc};

use serde_json::Value;

use super::parker::unpark_from_outside;
use crate::locustfile::Caller;

static CORE: OnceLock<(usize, usize)> = OnceLock::new();
static CALLER: Mutex<Option<Arc<dyn Caller>>> = Mutex::new(None);

/// The answer to a call, once it is there.
pub(super) type Answered = Arc<Mutex<Option<Result<String, String>>>>;

/// Says that this process runs core `number` of so many.
pub(super) fn is_core(number: usize, of: usize) {
    let _ = CORE.set((number, of));
}

/// Says how the command is asked.
pub(super) fn calls(caller: Arc<dyn Caller>) {
    *CALLER.lock().unwrap_or_else(PoisonError::into_inner) = Some(caller);
}

/// Returns the number of the core that this process runs.
pub(super) fn core() -> Option<usize> {
    CORE.get().map(|core| core.0)
}

/// Returns how many cores the run has; 0 outside of a run.
pub(super) fn cores() -> usize {
    CORE.get().map_or(0, |core| core.1)
}

/// Asks the command, and waits for the answer.
pub(super) fn call(name: &str, text: &str) -> Result<String, String> {
    let (tell, told) = mpsc::channel();
    let answer = move |answer| {
        let _ = tell.send(answer);
    };
    ask(name, text, Box::new(answer))?;
    told.recv().map_err(|_| "the command has gone".to_owned())?
}

/// Asks the command, and unparks this fiber when the answer is there.
pub(super) fn call_for(token: u64, name: &str, text: &str) -> Answered {
    let answered = Answered::default();
    let place = answered.clone();
    let answer = move |answer| {
        *place.lock().unwrap_or_else(PoisonError::into_inner) = Some(answer);
        unpark_from_outside(token);
    };
    if let Err(reason) = ask(name, text, Box::new(answer)) {
        *answered.lock().unwrap_or_else(PoisonError::into_inner) = Some(Err(reason));
    }
    answered
}

fn ask(
    name: &str,
    text: &str,
    answer: Box<dyn FnOnce(Result<String, String>) + Send>,
) -> Result<(), String> {
    let caller = CALLER.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let caller = caller.ok_or_else(|| format!("there is no command that could answer '{name}'"))?;
    let details: Value = serde_json::from_str(text)
        .map_err(|error| format!("'{name}' was asked with what is no JSON: {error}"))?;
    caller.call(name, details, Box::new(|called| answer(called.map(|value| value.to_string()))));
    Ok(())
}
