//! TLS handshakes by kind, and how long requests waited for them.

use crate::report::digits::table_ms;
use crate::stats::{Handshakes, Snapshot};

/// Returns a line about the handshakes; empty without any.
pub(crate) fn render_handshakes(snapshot: &Snapshot) -> String {
    let handshakes = snapshot.total.counts.handshakes;
    if handshakes.all() == 0 {
        return String::new();
    }
    let Handshakes { resumed, .. } = handshakes;
    let times = snapshot.total.phases.tls.figures.as_ref().map(|times| {
        format!(
            "; ms: {} median, {} at 95%, {} at 99%, {} at most",
            table_ms(times.median()),
            table_ms(times.p95()),
            table_ms(times.p99()),
            table_ms(times.max),
        )
    });
    let times = times.unwrap_or_default();
    format!("TLS handshakes: {} ({resumed} resumed){times}\n", handshakes.all())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::report::samples::{figures, snapshot};
    use crate::stats::Distribution;

    #[test]
    fn handshakes_are_told_with_their_times_where_there_are_any() {
        let mut run = snapshot(Vec::new(), Duration::ZERO);
        assert_eq!(render_handshakes(&run), "");
        run.total.counts.handshakes = Handshakes { full: 100, resumed: 20 };
        assert_eq!(render_handshakes(&run), "TLS handshakes: 120 (20 resumed)\n");
        let mut times = figures(Duration::from_millis(3));
        times.percentiles[5] = Duration::from_micros(5120);
        run.total.phases.tls = Distribution { count: 119, figures: Some(times) };
        assert_eq!(
            render_handshakes(&run),
            "TLS handshakes: 120 (20 resumed); ms: 3.00 median, 5.12 at 95%, 3.00 at 99%, 3.00 at \
             most\n"
        );
    }
}
