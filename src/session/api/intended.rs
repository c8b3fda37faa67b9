//! When a schedule wanted what a user does next.

use std::cell::Cell;
use std::num::NonZeroU64;
use std::time::{Duration, Instant};

use crate::session::wire::context::Context;

/// An instant, where there is one: nanoseconds since the core was made ready, so that every user has
/// room for eight bytes and not for sixteen.
#[derive(Debug, Default)]
pub(super) struct Intended(Cell<Option<NonZeroU64>>);

impl Intended {
    pub(in crate::session) fn set(&self, context: &Context, at: Instant) {
        let since = at.saturating_duration_since(context.ready_since());
        // The first nanosecond is one that nobody misses.
        self.0.set(NonZeroU64::new((since.as_nanos() as u64).max(1)));
    }

    pub(in crate::session) fn clear(&self) {
        self.0.set(None);
    }

    /// What the next request takes; the one after it finds nothing.
    pub(in crate::session) fn take(&self, context: &Context) -> Option<Instant> {
        let since = self.0.take()?;
        Some(context.ready_since() + Duration::from_nanos(since.get()))
    }
}
