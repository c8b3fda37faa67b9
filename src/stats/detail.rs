//! Details of a row for reports at the end of a run: too expensive to make every second.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Period, Timeline};

/// More about the requests of a row.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Detail {
    /// The exact sum of all latencies.
    pub total_latency: Duration,
    /// The number of latencies by Locust's rounding (stats.py, `bucket_response_time`). All latencies
    /// of a histogram bin are rounded by its middle, so one within 0.05 % (below 1 ms, half a
    /// microsecond) of a rounding limit may be counted on its other side. The sum is the number of
    /// requests.
    pub rounded: BTreeMap<u64, u64>,
    /// The number of requests by the time of their end.
    pub(crate) timeline: Timeline,
    /// The last ten seconds of the run, including the last second, which is usually cut short; fewer if
    /// fewer were counted.
    pub(crate) ending: Period,
}

/// Where Locust's rounding of milliseconds becomes coarser: the limit, and the multiple that it rounds
/// to below that limit.
const STEPS: [(u128, u128); 3] = [(100, 1), (1000, 10), (10_000, 100)];

/// Returns the milliseconds under which Locust counts a response time (stats.py,
/// `bucket_response_time`): rounded to 1 below 100, to 10 below 1,000, to 100 below 10,000, and to
/// 1,000 above; halves go to the even neighbour, as in Python.
pub(crate) fn rounded_ms(time: Duration) -> u64 {
    const NANOS: u128 = 1_000_000;
    let nanos = time.as_nanos();
    let step =
        STEPS.iter().find(|(limit, _)| nanos < limit * NANOS).map_or(1000, |&(_, step)| step);
    let (steps, rest) = (nanos / (step * NANOS), nanos % (step * NANOS));
    let up = 2 * rest > step * NANOS || (2 * rest == step * NANOS && steps % 2 == 1);
    u64::try_from((steps + u128::from(up)) * step).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As Locust 2.46 answered.
    #[test]
    fn milliseconds_are_rounded_as_locust_rounds_them() {
        let table = [
            (0.4, 0),
            (0.5, 0),
            (1.5, 2),
            (2.5, 2),
            (99.5, 100),
            (105.0, 100),
            (105.1, 110),
            (115.0, 120),
            (995.0, 1000),
            (1050.0, 1000),
            (1150.0, 1200),
            (9950.0, 10_000),
            (10_500.0, 10_000),
            (10_500.1, 11_000),
        ];
        for (ms, rounded) in table {
            assert_eq!(rounded_ms(Duration::from_secs_f64(ms / 1e3)), rounded, "{ms}");
        }
        assert_eq!(rounded_ms(Duration::MAX), u64::MAX, "and no panic");
    }
}
