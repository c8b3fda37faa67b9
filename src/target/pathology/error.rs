//! The errors of scripts.

use std::time::Duration;

use crate::units::{DurationError, LONGEST, NoShare};

/// The error for a part of a pathology.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PathologyError {
    /// There are not two values with the right separator.
    #[error("expected {0}")]
    ResponseForm(&'static str),
    /// One of them is not a duration, or is too long.
    #[error(transparent)]
    Duration(#[from] DurationError),
    /// One of them is not a share.
    #[error(transparent)]
    Share(#[from] NoShare),
    /// The server would never answer.
    #[error("a stall must be shorter than its period")]
    EndlessStall,
    /// A slow start takes no time.
    #[error("a slow start must take some time")]
    StartInNoTime,
}

/// Splits a text into two.
pub(super) fn pair<'t>(
    text: &'t str,
    sign: char,
    expected: &'static str,
) -> Result<(&'t str, &'t str), PathologyError> {
    text.split_once(sign).ok_or(PathologyError::ResponseForm(expected))
}

/// Checks durations against the limit, so that sums and products of them do not overflow.
pub(super) fn within_limit(
    durations: impl IntoIterator<Item = Duration>,
) -> Result<(), PathologyError> {
    match durations.into_iter().find(|&duration| duration > LONGEST) {
        Some(long) => Err(DurationError::TooLong(format!("{long:?}")).into()),
        None => Ok(()),
    }
}
