//! The kinds of failures, by which the `locust` package chooses its exceptions.

use crate::session::{ConnectError, Failure, Interruption, RedirectError, RequestPhase};

/// Returns the kind of a failure.
pub(super) fn kind(failure: &Failure) -> &'static str {
    match failure {
        Failure::Resolve(_) => "dns",
        Failure::Connect(ConnectError::Refused) => "refused",
        Failure::Connect(ConnectError::Reset)
        | Failure::Interrupted { how: Interruption::Reset, .. } => "reset",
        Failure::Interrupted { at: RequestPhase::Body(_), .. } => "truncated",
        Failure::Interrupted { .. } => "closed",
        Failure::TimedOut { at: RequestPhase::Resolve | RequestPhase::Connect, .. } => {
            "connect_timeout"
        }
        Failure::TimedOut { at: RequestPhase::Body(_), .. } => "stalled",
        Failure::TimedOut { .. } => "timeout",
        Failure::NotHttp(_) | Failure::Http(_) => "malformed",
        Failure::Redirect { error: RedirectError::TooMany(_), .. } => "redirects",
        Failure::Redirect { .. } => "url",
        Failure::Tls(_) => "tls",
        Failure::Proxy(_) | Failure::Tunnel(_) => "proxy",
        Failure::Request(_) => "url",
        _ => "other",
    }
}
