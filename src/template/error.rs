//! What is wrong with a text, and where in it.

use std::ops::Range;

use thiserror::Error;

/// A mistake in a template or a condition, found when it is read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{message}")]
pub(crate) struct Error {
    /// The bytes of the text that are at fault.
    pub(crate) place: Range<usize>,
    /// What is wrong, and the cure.
    pub(crate) message: String,
}

impl Error {
    pub(super) fn new(place: Range<usize>, message: impl Into<String>) -> Self {
        Error { place, message: message.into() }
    }
}

/// Why a text has no value now: an expression that cannot be evaluated with the values of this user.
/// It ends the task as an exception; texts group, so they name expressions and not values.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0}")]
pub(crate) struct Fault(pub(crate) String);
