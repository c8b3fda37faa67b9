//! Why a script cannot be.

use std::time::Duration;

use crate::units::{DurationError, LONGEST, NoShare};

/// What is wrong with a part of a pathology.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PathologyError {
    /// Not two things with the right sign between them.
    #[error("expected {0}")]
    ResponseForm(&'static str),
    /// One of them is no duration, or too long a one.
    #[error(transparent)]
    Duration(#[from] DurationError),
    /// One of them is no share.
    #[error(transparent)]
    Share(#[from] NoShare),
    /// The server would never answer.
    #[error("a stall must be shorter than its period")]
    EndlessStall,
    /// What falls has to have a time to fall in.
    #[error("a slow start must take some time")]
    StartInNoTime,
}

/// The two halves of a text.
pub(super) fn pair<'t>(
    text: &'t str,
    sign: char,
    expected: &'static str,
) -> Result<(&'t str, &'t str), PathologyError> {
    text.split_once(sign).ok_or(PathologyError::ResponseForm(expected))
}

/// Sums and products of what is within the limit are within their types.
pub(super) fn within_limit(
    durations: impl IntoIterator<Item = Duration>,
) -> Result<(), PathologyError> {
    match durations.into_iter().find(|&duration| duration > LONGEST) {
        Some(long) => Err(DurationError::TooLong(format!("{long:?}")).into()),
        None => Ok(()),
    }
}
