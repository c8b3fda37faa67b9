//! What may spoil the numbers of a run: every way that the generator itself can, in words, with what
//! to do about it.

use std::fmt;
use std::time::Duration;

use crate::report::digits;
use crate::stats::{CoreHealth, SATURATED, Snapshot};

/// Timers that are late by this share of the latency make the latency doubtful.
const LATE: u32 = 10;

/// A reason to doubt a run's numbers. Its text is one line.
#[derive(Debug, Clone, PartialEq)]
pub enum Warning {
    /// A core had no time left.
    Saturated {
        /// The processor's number.
        core: usize,
        /// In how many seconds.
        seconds: u64,
        /// How busy it was in the worst of them.
        busiest: f64,
    },
    /// Timers came late, compared to what was measured.
    Late {
        /// How late the latest hundredth of them was.
        lateness: Duration,
        /// The median latency.
        latency: Duration,
    },
    /// Requests failed for want of a local port.
    Ports(u64),
    /// Requests failed for want of a file descriptor.
    Files(u64),
    /// Connections took so long that their first packet was sent again.
    SlowConnects(u64),
    /// Servers whose certificates were not checked answered these connections.
    UncheckedServers(u64),
    /// Look-ups of a name failed in the course of the run.
    LookUps(u64),
    /// Connections found an accept queue of this host full.
    AcceptQueue(u64),
    /// A level that nothing could be compared with, in the words of its user.
    Unjudged(String),
}

/// The reasons to doubt a run, as far as it has come.
pub fn warnings(snapshot: &Snapshot) -> Vec<Warning> {
    let health = &snapshot.health;
    let saturated = health.cores.iter().filter(|core| core.saturated_seconds > 0);
    let limits = [
        (health.limits.ports, Warning::Ports as fn(u64) -> Warning),
        (health.limits.files, Warning::Files),
        (health.limits.slow_connects, Warning::SlowConnects),
        (health.limits.unchecked_servers, Warning::UncheckedServers),
        (health.limits.look_ups, Warning::LookUps),
        (health.accept_queue_overflows, Warning::AcceptQueue),
    ];
    let hit = limits.into_iter().filter(|&(times, _)| times > 0);
    saturated
        .map(|&CoreHealth { core, saturated_seconds, busiest_second, .. }| Warning::Saturated {
            core,
            seconds: saturated_seconds,
            busiest: busiest_second,
        })
        .chain(late(snapshot))
        .chain(hit.map(|(times, warning)| warning(times)))
        .chain(snapshot.unjudged.iter().cloned().map(Warning::Unjudged))
        .collect()
}

fn late(snapshot: &Snapshot) -> Option<Warning> {
    let lateness = snapshot.health.lateness.figures.as_ref()?.p99();
    let latency = snapshot.total.latency.figures.as_ref()?.median();
    (lateness * LATE >= latency).then_some(Warning::Late { lateness, latency })
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Warning::Unjudged(ref level) => write!(
                f,
                "{level} could not be judged to the end: nobody had an answer any more; a server that \
                 stops answering is found by a level of the rate: 'rate < 1'",
            ),
            Warning::Saturated { core, seconds, busiest } => write!(
                f,
                "core {core} was more than {:.0}% busy in {seconds} {} (at most {:.0}%): times may \
                 be the generator's own, and the rate its limit; use more cores (--cores), fewer \
                 users or longer waits",
                100.0 * SATURATED,
                plural(seconds, "second", "seconds"),
                100.0 * busiest,
            ),
            Warning::Late { lateness, latency } => write!(
                f,
                "one timer in a hundred was late by {} ms or more, while the median latency is {} \
                 ms: that much of a time may be the generator's own; use more cores or a quieter \
                 machine, or compare with gregaria overhead",
                digits::table_ms(lateness),
                digits::table_ms(latency),
            ),
            Warning::Ports(times) => write!(
                f,
                "{times} {} for want of a local port; use several addresses (--local-address here, \
                 --resolve for the target), keep connections (keep_alive), or widen \
                 net.ipv4.ip_local_port_range",
                plural(times, "request failed", "requests failed"),
            ),
            Warning::Files(times) => write!(
                f,
                "{times} {} because no file could be opened any more; raise ulimit -n, or give \
                 connections back while users wait (keep_alive = \"task\")",
                plural(times, "request failed", "requests failed"),
            ),
            Warning::SlowConnects(times) => write!(
                f,
                "{times} {} a second or more, as if the first packet had been lost or the server's \
                 accept queue was full; raise the server's backlog and its net.core.somaxconn, or \
                 lower the spawn rate",
                plural(times, "connection took", "connections took"),
            ),
            Warning::UncheckedServers(times) => write!(
                f,
                "{times} {} to whoever answered: with --insecure, or insecure = true, nobody's \
                 certificate is checked; give the authority behind it with --ca instead",
                plural(times, "TLS connection was made", "TLS connections were made"),
            ),
            Warning::LookUps(times) => write!(
                f,
                "{times} {} of a name in the course of the run, and connections went to the \
                 addresses known before; look at the name server, or ask it less often \
                 (--dns-refresh)",
                plural(times, "look-up failed", "look-ups failed"),
            ),
            Warning::AcceptQueue(times) => write!(
                f,
                "{times} {} an accept queue of this host full and had to wait; if the server is \
                 here, raise its backlog and net.core.somaxconn, or lower the spawn rate",
                plural(times, "connection found", "connections found"),
            ),
        }
    }
}

fn plural<'t>(number: u64, one: &'t str, many: &'t str) -> &'t str {
    if number == 1 { one } else { many }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::samples::{core, figures, row, snapshot};
    use crate::stats::{Distribution, LimitsHit};

    const US: Duration = Duration::from_micros(1);

    /// A run of latencies of one millisecond whose timers were this late.
    fn run(lateness: Duration) -> Snapshot {
        let mut run = snapshot(vec![row("GET", "/", 20, 1000 * US)], 1000 * US);
        run.health.lateness = Distribution { count: 9, figures: Some(figures(lateness)) };
        run
    }

    fn texts(run: &Snapshot) -> Vec<String> {
        warnings(run).iter().map(Warning::to_string).collect()
    }

    #[test]
    fn a_healthy_run_is_not_warned_of() {
        let mut run = run(99 * US);
        run.health.cores = vec![core(0, 0.9, 0)];
        assert_eq!(warnings(&run), []);
        run.health.lateness = Distribution::default();
        assert_eq!(warnings(&run), []);
    }

    #[test]
    fn a_saturated_core_is_named() {
        let mut run = run(US);
        run.health.cores = vec![core(0, 0.5, 0), core(7, 0.98, 1)];
        let busiest = 0.98;
        assert_eq!(warnings(&run), [Warning::Saturated { core: 7, seconds: 1, busiest }]);
        let text = &texts(&run)[0];
        assert!(text.starts_with("core 7 was more than 90% busy in 1 second (at most 98%)"));
        assert!(text.contains("--cores"), "{text}");
    }

    #[test]
    fn timers_late_by_a_tenth_of_the_median_latency_are_too_late() {
        let run = run(100 * US);
        assert_eq!(warnings(&run), [Warning::Late { lateness: 100 * US, latency: 1000 * US }]);
        assert!(
            texts(&run)[0].contains("late by 0.10 ms or more, while the median latency is 1.00")
        );
    }

    #[test]
    fn every_limit_has_its_cure() {
        let mut run = run(US);
        run.health.limits =
            LimitsHit { ports: 1, files: 2, slow_connects: 3, unchecked_servers: 4, look_ups: 5 };
        run.health.accept_queue_overflows = 6;
        let texts = texts(&run);
        let starts = [
            "1 request failed",
            "2 requests failed",
            "3 connections took",
            "4 TLS",
            "5 look-ups failed of a name",
            "6 conn",
        ];
        let cures =
            ["--local-address", "ulimit -n", "somaxconn", "--ca", "--dns-refresh", "somaxconn"];
        for ((text, start), cure) in texts.iter().zip(starts).zip(cures) {
            assert!(text.starts_with(start) && text.contains(cure), "{text}");
        }
        assert_eq!(texts.len(), 6);
    }
}
