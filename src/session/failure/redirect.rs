//! Redirects that are not followed.

/// The most redirects that a request follows, unless it has a limit of its own.
pub(in crate::session) const REDIRECTS_MAX: u32 = 30;

/// A redirect that cannot be followed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RedirectError {
    /// `Location` is no URL.
    #[error("redirect to a malformed URL")]
    Malformed,
    /// `Location` has a scheme other than `http`, `https`.
    #[error("redirect to an unsupported scheme: {0}")]
    Scheme(String),
    /// One more redirect than so many, the most that a request follows.
    #[error("more than {0} redirects")]
    TooMany(u32),
}
