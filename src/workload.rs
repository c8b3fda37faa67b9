//! What a run does, as far as reports show it: user classes, their tasks with weights, and declared checks.
//!
//! Plain data, made from a scenario by [`Scenario::workload`](crate::scenario::Scenario::workload), so that
//! reports need neither the scenario nor the session that runs it.

use crate::stats::EntryKey;

/// The user classes, tasks and declared checks of a run.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Workload {
    /// In the order of declaration.
    pub(crate) classes: Vec<ClassTasks>,
    /// Grouped by entry, entries and the checks of each in the order of declaration.
    pub(crate) checks: Vec<DeclaredCheck>,
}

/// A user class and its tasks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ClassTasks {
    pub(crate) name: String,
    pub(crate) tasks: Vec<TaskWeight>,
}

/// A task and how often it is chosen, relative to the other tasks of its class or set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TaskWeight {
    pub(crate) name: String,
    pub(crate) weight: u32,
    /// Those of a set of tasks.
    pub(crate) tasks: Vec<TaskWeight>,
}

/// A check on the responses of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DeclaredCheck {
    pub(crate) entry: EntryKey,
    /// The condition in a few words.
    pub(crate) condition: String,
    /// The texts under which its failures are recorded.
    pub(crate) failures: Vec<FailureText>,
}

/// The text of a check's failures, some of which name what the server answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum FailureText {
    /// This text.
    Exact(String),
    /// What was found, between these two texts.
    Between(String, String),
    /// The status code of the response, between each two of these texts.
    WithStatus(Vec<String>),
}

impl DeclaredCheck {
    /// Whether a failure of this text can have come from this check. Of several checks of a response
    /// the first one that can is the one it came from, because checks are judged in order: a body that
    /// is not JSON, for example, is the failure of any check that reads JSON.
    pub(crate) fn claims(&self, text: &str) -> bool {
        self.failures.iter().any(|failure| failure.matches(text))
    }
}

impl FailureText {
    pub(crate) fn matches(&self, text: &str) -> bool {
        match self {
            FailureText::Exact(exact) => exact == text,
            FailureText::Between(before, after) => {
                text.strip_prefix(&**before).is_some_and(|rest| rest.ends_with(&**after))
            }
            FailureText::WithStatus(pieces) => {
                let before = pieces.first().map_or("", String::as_str);
                let code = text.strip_prefix(before).and_then(|rest| rest.get(..3));
                let code = code.filter(|code| code.bytes().all(|byte| byte.is_ascii_digit()));
                code.is_some_and(|code| pieces.join(code) == text)
            }
        }
    }
}
