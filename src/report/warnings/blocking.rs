//! Lines of user code that held cores up, in words.

use std::fmt;

use super::{Warning, plural};
use crate::stats::{BlockingCall, GeneratorHealth};

/// The number of lines that are listed one by one: those that took longest.
const TOLD_MAX: usize = 5;

/// A line of user code that held its core up. Its text names the line, the time and what helps.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct BlockingNote {
    /// The line and its times.
    pub what: BlockingCall,
}

/// Returns the lines that took longest, the longest first.
pub(super) fn warnings(health: &GeneratorHealth) -> impl Iterator<Item = Warning> {
    let mut calls = health.blocking_calls.clone();
    calls.sort_by_key(|call| std::cmp::Reverse(call.longest));
    calls.into_iter().take(TOLD_MAX).map(|what| Warning::Blocking(BlockingNote { what }))
}

impl fmt::Display for BlockingNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let BlockingCall { place, times, longest } = &self.what;
        write!(
            f,
            "{place}, held its core up {times} {}, for {:.2} s at most, by computing or by a call that \
             blocks: no other user of the core ran, and what came meanwhile was measured late; do less \
             there, or call it by gevent.get_hub().threadpool.apply",
            plural(*times, "time", "times"),
            longest.as_secs_f64(),
        )
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_lines_that_took_longest_are_told_first() {
        let call = |line: u64| BlockingCall {
            place: format!("locustfile.py:{line}, in checkout"),
            times: line,
            longest: Duration::from_millis(60 * line),
        };
        let health = GeneratorHealth {
            blocking_calls: (1..=7).map(call).collect(),
            ..GeneratorHealth::default()
        };
        let texts: Vec<_> = warnings(&health).map(|warning| warning.to_string()).collect();
        assert_eq!(texts.len(), TOLD_MAX);
        let first =
            "locustfile.py:7, in checkout, held its core up 7 times, for 0.42 s at most, by";
        assert!(texts[0].starts_with(first), "{texts:?}");
    }
}
