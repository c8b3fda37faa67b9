//! Decides whether the generator's own lateness is a considerable part of the times that are shown.
//!
//! Lateness is a part of latencies: a response may be read late and, in an open load, a request may be
//! sent late. The delays of timers, of which there are at least a hundred per second, show how late a
//! core is. A user's wait that ends late is in no latency, but also shows it.
//!
//! If latencies are those of the server plus an independent lateness, equal shares can be compared: the
//! slowest hundredth of the requests owes at most the delay of the latest hundredth of the timers. So a
//! percentile is compared with the same percentile of lateness: the median always, others if enough
//! samples lie beyond them.

use std::fmt;
use std::time::Duration;

use crate::report::digits::table_ms;
use crate::stats::{CoreHealth, PERCENTILES, Snapshot};

/// The judged percentiles, as indexes into [`PERCENTILES`], and words for what lies beyond them.
const JUDGED: [(usize, &str, &str); 3] = [
    (0, "half of all timers were", "half of all requests took"),
    (5, "one timer in twenty was", "one request in twenty took"),
    (7, "one timer in a hundred was", "one request in a hundred took"),
];
/// With fewer timers or requests beyond a percentile the result is random.
const BEYOND_MIN: f64 = 10.0;
/// The usual delay of a timer on an idle host, because idle processors and virtual machines take time
/// to wake up.
const USUAL: Duration = Duration::from_millis(1);
/// A lateness of one part in this many of a latency matters.
const SHARE: u32 = 4;
/// A core that ran for a larger share of a second was late because of its own load.
const LOADED: f64 = 0.5;

/// A percentile of the latencies with too much lateness in it.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Late {
    /// The percentile, as a share of the requests.
    pub percentile: f64,
    /// Words for the timers and the requests beyond it.
    texts: (&'static str, &'static str),
    /// The same percentile of lateness.
    pub lateness: Duration,
    /// The percentile itself.
    pub latency: Duration,
    /// The likely cause.
    pub cause: Cause,
}

/// Why a core was late.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cause {
    /// Something else ran in its place, or its CPU time is limited; with the number of the processor.
    KeptWaiting(usize),
    /// It had too much work.
    Loaded,
    /// A task blocked it for this long.
    LongTurn(Duration),
    /// No known cause.
    Unknown,
}

/// Returns the lowest percentile with too much lateness in it.
pub(super) fn late(snapshot: &Snapshot) -> Option<Late> {
    let timers = &snapshot.health.lateness;
    let requests = &snapshot.total.latency;
    let (late, took) = (timers.figures.as_ref()?, requests.figures.as_ref()?);
    JUDGED.iter().find_map(|&(at, many_timers, many_requests)| {
        let beyond = |count: u64| count as f64 * (1.0 - PERCENTILES[at]) >= BEYOND_MIN;
        let is_known = beyond(timers.count) && (at == 0 || beyond(requests.count));
        let (lateness, latency) = (late.percentiles[at], took.percentiles[at]);
        (is_known && lateness >= USUAL && lateness * SHARE >= latency).then(|| Late {
            percentile: PERCENTILES[at],
            texts: (many_timers, many_requests),
            lateness,
            latency,
            cause: cause(&snapshot.health.cores, lateness),
        })
    })
}

fn cause(cores: &[CoreHealth], lateness: Duration) -> Cause {
    // Compared with its running time, so that short waits of an idle core do not count.
    let is_kept = |core: &&CoreHealth| core.work.kept_waiting * 4 >= core.work.cpu.total();
    let kept = cores.iter().filter(is_kept).max_by_key(|core| core.work.kept_waiting);
    let longest_turn = cores.iter().map(|core| core.work.longest_turn).max().unwrap_or_default();
    match kept {
        Some(core) if !core.work.kept_waiting.is_zero() => Cause::KeptWaiting(core.core),
        _ if cores.iter().any(|core| core.busiest_second > LOADED) => Cause::Loaded,
        _ if longest_turn >= lateness => Cause::LongTurn(longest_turn),
        _ => Cause::Unknown,
    }
}

impl fmt::Display for Late {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Late { texts: (timers, requests), lateness, latency, cause, .. } = self;
        write!(
            f,
            "{timers} late by {} ms or more, and {requests} {} ms or more: as much of these times \
             may be the generator's own; {cause}",
            table_ms(*lateness),
            table_ms(*latency),
        )
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Cause::KeptWaiting(core) => write!(
                f,
                "other processes had core {core}, or its CPU time is limited: stop them, choose \
                 other cores (--cores), or raise the limit"
            ),
            Cause::Loaded => f.write_str("use more cores (--cores), fewer users or longer waits"),
            Cause::LongTurn(longest) => write!(
                f,
                "a task kept its core for {} ms: let it compute less at a time, and call nothing \
                 that blocks",
                table_ms(*longest),
            ),
            Cause::Unknown => f.write_str(
                "the cores had time left, so power saving or the virtual machine may be behind it: \
                 compare with gregaria overhead",
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::samples::{core, figures, row, snapshot};
    use crate::stats::{Distribution, Figures};

    const US: Duration = Duration::from_micros(1);
    const MS: Duration = Duration::from_millis(1);

    /// So many times, of which the median, the 95th and the 99th percentile are these.
    fn times(count: u64, [p50, p95, p99]: [Duration; 3]) -> Distribution {
        let mut times: Figures = figures(p50);
        times.percentiles[5..7].fill(p95);
        times.percentiles[7..].fill(p99);
        times.max = p99;
        Distribution { count, figures: Some(times) }
    }

    fn run(requests: Distribution, timers: Distribution) -> Snapshot {
        let mut run = snapshot(vec![row("GET", "/", requests.count, MS)], MS);
        run.total.latency = requests;
        run.health.lateness = timers;
        run
    }

    fn judged(requests: Distribution, timers: Distribution) -> Option<f64> {
        late(&run(requests, timers)).map(|late| late.percentile)
    }

    #[test]
    fn each_percentile_is_compared_with_its_own_lateness() {
        let took = times(2000, [8 * MS, 20 * MS, 40 * MS]);
        let late = |by| judged(took.clone(), times(2000, by));
        assert_eq!(late([2 * MS - US, 5 * MS - US, 10 * MS - US]), None);
        assert_eq!(late([2 * MS, 5 * MS, 10 * MS]), Some(0.5));
        assert_eq!(late([Duration::ZERO, 5 * MS, 10 * MS]), Some(0.95));
        assert_eq!(late([Duration::ZERO, 4 * MS, 10 * MS]), Some(0.99));
        // As the first warning of this kind had it: a hundredth of the timers, and the median.
        assert_eq!(late([Duration::ZERO, Duration::ZERO, 8 * MS]), None);
    }

    #[test]
    fn nothing_is_said_where_few_were_late_or_few_requests_could_be() {
        let (took, by) = ([MS, MS, MS], [Duration::ZERO, 9 * MS, 9 * MS]);
        assert_eq!(judged(times(199, took), times(5000, by)), None);
        assert_eq!(judged(times(200, took), times(199, by)), None);
        assert_eq!(judged(times(200, took), times(200, by)), Some(0.95));
        let by = [Duration::ZERO, Duration::ZERO, 9 * MS];
        assert_eq!(judged(times(999, took), times(5000, by)), None);
        assert_eq!(judged(times(1000, took), times(1000, by)), Some(0.99));
        // Half of all are many, however few there are.
        assert_eq!(judged(times(1, took), times(20, [9 * MS; 3])), Some(0.5));
        assert_eq!(judged(times(1, took), times(19, [9 * MS; 3])), None);
        assert_eq!(judged(Distribution::default(), times(20, [9 * MS; 3])), None);
    }

    #[test]
    fn what_every_host_is_late_by_is_not_told() {
        let fast = times(100_000, [60 * US; 3]);
        assert_eq!(judged(fast.clone(), times(5000, [999 * US; 3])), None);
        assert_eq!(judged(fast, times(5000, [1000 * US; 3])), Some(0.5));
    }

    #[test]
    fn the_cure_is_that_of_the_likely_cause() {
        let mut run = run(times(2000, [8 * MS; 3]), times(2000, [4 * MS; 3]));
        let mut with = |busiest, kept_waiting, longest_turn| {
            let mut core = core(6, busiest, 0);
            core.work.kept_waiting = kept_waiting;
            core.work.longest_turn = longest_turn;
            run.health.cores = vec![core];
            late(&run).expect("it is late").to_string()
        };
        let second = Duration::from_secs(1);
        let idle = with(0.02, Duration::ZERO, MS);
        assert!(idle.starts_with("half of all timers were late by 4.00 ms or more, and half of all requests took 8.00 ms or more"), "{idle}");
        assert!(idle.contains("power saving") && !idle.contains("--cores"), "{idle}");
        // The sample's core has run for four seconds.
        assert!(with(0.02, second, MS).contains("other processes had core 6"));
        assert!(with(0.99, second, MS).contains("other processes had core 6"));
        assert!(with(0.99, second / 2, MS).contains("more cores (--cores)"));
        assert!(with(0.02, second / 2, 4 * MS).contains("a task kept its core for 4.00 ms"));
    }
}
