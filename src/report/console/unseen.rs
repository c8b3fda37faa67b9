//! Requests that a server may have seen and that no table shows.

use crate::stats::{Counts, Snapshot};

/// Returns what the server may have seen and no row shows; empty if there is none.
///
/// The requests that were sent are those of the rows, without those that failed before they could be
/// sent, plus everything listed here.
pub(crate) fn render_unseen(snapshot: &Snapshot) -> String {
    let Counts { cancelled, retries, redirects, challenges, without_expect, .. } =
        snapshot.total.counts;
    let told = [
        (
            "Requests cancelled at the stop",
            cancelled,
            "in no row above; the server may have seen them",
        ),
        (
            "Requests sent again after a dead kept-alive connection",
            retries,
            "once in the rows above; the server may have seen both",
        ),
        (
            "Requests sent to follow redirects",
            redirects,
            "in the rows above with what was redirected; the servers have seen both",
        ),
        (
            "Requests sent again with the answer to a challenge",
            challenges,
            "once in the rows above; the server has seen both",
        ),
        (
            "Requests sent again without Expect after a 417",
            without_expect,
            "once in the rows above; the server has seen both",
        ),
    ];
    let told = told.into_iter().filter(|&(_, number, _)| number > 0);
    told.map(|(what, number, seen)| format!("{what}: {number} ({seen})\n")).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::report::samples::snapshot;

    #[test]
    fn what_only_the_server_saw_is_told_when_there_is_any() {
        let mut run = snapshot(Vec::new(), Duration::ZERO);
        assert_eq!(render_unseen(&run), "");
        run.total.counts = Counts {
            cancelled: 3,
            retries: 2,
            redirects: 7,
            challenges: 1,
            without_expect: 4,
            ..Counts::default()
        };
        assert_eq!(
            render_unseen(&run).lines().collect::<Vec<_>>(),
            [
                "Requests cancelled at the stop: 3 (in no row above; the server may have seen them)",
                "Requests sent again after a dead kept-alive connection: 2 (once in the rows above; \
                 the server may have seen both)",
                "Requests sent to follow redirects: 7 (in the rows above with what was redirected; \
                 the servers have seen both)",
                "Requests sent again with the answer to a challenge: 1 (once in the rows above; the \
                 server has seen both)",
                "Requests sent again without Expect after a 417: 4 (once in the rows above; the server \
                 has seen both)",
            ]
        );
        run.total.counts.cancelled = 0;
        assert!(render_unseen(&run).starts_with("Requests sent again after"));
    }
}
