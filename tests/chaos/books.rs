//! Compares the counts of the run with those of the server.

use crate::harness::Results;
use crate::server::Counts;

/// Requests by their outcome.
#[derive(Debug, Default)]
pub(crate) struct Books {
    succeeded: u64,
    /// There was no connection. The request may have been sent before, over a dead one.
    unconnected: u64,
    /// The connection ended before a byte of the response, and the request was not sent again.
    dropped: u64,
    /// The connection ended within the response.
    torn: u64,
    /// There was no response in time.
    timed_out: u64,
    /// Sent twice.
    retried: u64,
    /// Cancelled by the stop.
    cancelled: u64,
}

impl Books {
    pub(crate) fn of(run: &Results) -> Books {
        let all = run.aggregated();
        let mut books = Books {
            succeeded: all.requests - all.failures,
            retried: run.retries(),
            cancelled: run.cancelled(),
            ..Books::default()
        };
        for failure in &run.failures {
            let text = failure.error.as_str();
            let general = text.split(" (").next().unwrap();
            *match general {
                "connection refused"
                | "connection reset while connecting"
                | "timed out after 2 s while connecting" => &mut books.unconnected,
                "connection closed before the response"
                | "connection reset before the response" => &mut books.dropped,
                "connection closed while reading the head"
                | "connection reset while reading the head"
                | "connection closed while reading the body"
                | "connection reset while reading the body" => &mut books.torn,
                "timed out after 2 s while waiting for the first byte" => &mut books.timed_out,
                _ => panic!("not known to happen here: {text}"),
            } += failure.occurrences;
        }
        let Books { succeeded, unconnected, dropped, torn, timed_out, .. } = books;
        assert_eq!(all.requests, succeeded + unconnected + dropped + torn + timed_out);
        books
    }

    /// A complete response is a success, and a partial one is torn. A request that was read and not answered is
    /// dropped, sent again, timed out or cancelled. The server does not know whether a response came in time,
    /// and whether a request was on its way on a connection that it closed, or that it had not accepted.
    pub(crate) fn check(&self, server: &Counts) {
        let told = format!("{self:?}\n{server:?}");
        let late = self.timed_out + self.cancelled;
        let in_time = |ours: u64, theirs: u64| (ours..=ours + late).contains(&theirs);
        assert!(in_time(self.succeeded, server.answered), "{told}");
        assert!(in_time(self.torn, server.torn), "{told}");
        let too_late = (server.answered - self.succeeded) + (server.torn - self.torn);
        assert!(too_late <= late, "{told}");
        let unanswered = self.dropped + self.retried + late - too_late;
        assert!(server.dropped <= unanswered + self.unconnected, "{told}");
        let unread = server.idle + server.closings * QUEUED_MAX;
        assert!(unanswered <= server.dropped + unread + self.cancelled, "{told}");
    }
}

/// How many connections may have come to the queue of a listener between the last check and its end.
const QUEUED_MAX: u64 = 16;
