//! Redirects that are not followed.

/// The most redirects that one request follows.
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
    /// The 31st redirect of a request.
    #[error("more than {REDIRECTS_MAX} redirects")]
    TooMany,
}
