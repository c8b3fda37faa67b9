//! Applies a pathology: has its clock and numbers the requests.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use super::Pathology;

/// The script of a server. All cores share it, so that a stall holds all connections.
#[derive(Debug)]
pub(super) struct Script {
    pathology: Pathology,
    /// When the first request arrived.
    begin: OnceLock<Instant>,
    /// How many requests have arrived.
    requests: AtomicU64,
}

impl Script {
    /// Returns `None` if responses are sent at once: then the cores share nothing.
    pub(super) fn new(pathology: Pathology) -> Option<Script> {
        let scripted = pathology != Pathology::default();
        scripted.then(|| Script { pathology, begin: OnceLock::new(), requests: AtomicU64::new(0) })
    }

    /// Returns when the responses to requests that arrived together may be sent: together, when the last of
    /// them is ready. Without a complete request it is an interim response, which only the gates hold.
    pub(super) fn due(&self, arrived: Instant, requests: u64) -> Instant {
        // A later request on another core may have been seen first.
        let arrival = arrived.saturating_duration_since(*self.begin.get_or_init(|| arrived));
        let first = self.requests.fetch_add(requests, Ordering::Relaxed);
        let times = (first..first + requests).map(|nth| self.pathology.answer_time(arrival, nth));
        let interim = || self.pathology.leave(arrival) - arrival;
        arrived + times.max().unwrap_or_else(interim)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::target::Bimodal;

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    fn stalling(delay: Duration) -> Script {
        let stall = Some("100ms/1s".parse().unwrap());
        Script::new(Pathology { delay, stall, ..Pathology::default() }).unwrap()
    }

    #[test]
    fn a_server_that_answers_at_once_has_no_script() {
        assert!(Script::new(Pathology::default()).is_none());
    }

    #[test]
    fn the_clock_starts_with_the_first_request() {
        let (script, now) = (stalling(ms(0)), Instant::now());
        let first = now + ms(12_345);
        assert_eq!(script.due(first, 1), first + ms(100));
        assert_eq!(script.due(first + ms(99), 1), first + ms(100));
        assert_eq!(script.due(first + ms(500), 1), first + ms(500));
        assert_eq!(script.due(first + ms(1010), 1), first + ms(1100));
        // One that another core saw later than it came.
        assert_eq!(script.due(first - ms(1), 1), first + ms(99));
    }

    #[test]
    fn an_interim_answer_is_held_by_the_gates_alone() {
        let (script, first) = (stalling(ms(5)), Instant::now());
        assert_eq!(script.due(first, 0), first + ms(100));
        assert_eq!(script.due(first + ms(200), 0), first + ms(200));
        assert_eq!(script.due(first + ms(200), 1), first + ms(205));
    }

    #[test]
    fn requests_are_numbered_over_all_cores_and_those_that_come_together_leave_together() {
        let bimodal = Bimodal::new(0.2, ms(50)).unwrap();
        let pathology = Pathology { bimodal: Some(bimodal), ..Pathology::default() };
        let script = Script::new(pathology).unwrap();
        let (now, mut nth) = (Instant::now(), 0);
        for together in [1, 1, 1, 3, 1, 1, 7, 20, 1, 1] {
            let times = (nth..nth + together).map(|nth| pathology.answer_time(ms(0), nth));
            assert_eq!(script.due(now, together), now + times.max().unwrap());
            nth += together;
        }
    }
}
