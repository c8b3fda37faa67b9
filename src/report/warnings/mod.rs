//! Reasons to doubt the numbers of a run: everything that the generator itself may spoil, in words and
//! with advice.

mod blocking;
mod late;
mod standstills;

use std::fmt;

use crate::stats::{FullSecond, SATURATED, Snapshot};

pub use blocking::BlockingNote;
pub use late::{Cause, Late};
pub(crate) use standstills::standstills;
pub use standstills::{MoreStandstills, StandstillNote};

/// If one iteration in this many had to wait for a user, there are too few users.
const WAITED_SHARE: u64 = 100;

/// A reason to doubt a run's numbers. Its text is one line.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Warning {
    /// This number of requests was started, and none was completed.
    NothingCompleted(u64),
    /// Cores stood still.
    Standstill(StandstillNote),
    /// There were more standstills than are listed.
    MoreStandstills(MoreStandstills),
    /// A line of user code held its core up.
    Blocking(BlockingNote),
    /// A core had no time left.
    Saturated {
        /// The processor's number.
        core: usize,
        /// The number of such seconds.
        seconds: u64,
        /// The worst of these seconds.
        fullest: FullSecond,
    },
    /// Timers were late, compared with the latencies.
    Late(Late),
    /// Iterations of an open load found no user.
    Backlog {
        /// The number that had to wait for a user.
        delayed: u64,
        /// The number that were never started.
        never: u64,
        /// The number of all arrivals.
        due: u64,
    },
    /// Requests failed because no local port was left.
    Ports(u64),
    /// Requests failed because no file descriptor was left.
    Files(u64),
    /// Connections took so long that their first packet was sent again.
    SlowConnects {
        /// The number of such connections.
        times: u64,
        /// The number of connections that did not fit into accept queues of this host meanwhile.
        overflows: u64,
    },
    /// Servers whose certificates were not checked answered these connections.
    UncheckedServers(u64),
    /// Look-ups of a name failed during the run.
    LookUps(u64),
    /// A threshold that had nothing to be compared with, as written by the user.
    Unjudged(String),
}

/// Returns the reasons to doubt a run up to this instant.
pub fn warnings(snapshot: &Snapshot) -> Vec<Warning> {
    let health = &snapshot.health;
    let saturated = health.cores.iter().filter(|core| core.saturated_seconds > 0);
    let saturated = saturated.map(|core| Warning::Saturated {
        core: core.core,
        seconds: core.saturated_seconds,
        fullest: core.fullest,
    });
    // An overflow alone may belong to any connection. It counts if connections of the run were slow.
    let overflows = health.accept_queue_overflows;
    let slow = |times| Warning::SlowConnects { times, overflows };
    let limits = health.limits;
    let hit = [
        (limits.ports, Warning::Ports(limits.ports)),
        (limits.files, Warning::Files(limits.files)),
        (limits.slow_connects, slow(limits.slow_connects)),
        (limits.unchecked_servers, Warning::UncheckedServers(limits.unchecked_servers)),
        (limits.look_ups, Warning::LookUps(limits.look_ups)),
    ];
    let hit = hit.into_iter().filter(|&(times, _)| times > 0).map(|(_, warning)| warning);
    nothing_completed(snapshot)
        .into_iter()
        .chain(standstills::warnings(&snapshot.health))
        .chain(blocking::warnings(&snapshot.health))
        .chain(saturated)
        .chain(late::late(snapshot).map(Warning::Late))
        .chain(backlog(snapshot))
        .chain(hit)
        .chain(snapshot.unjudged.iter().cloned().map(Warning::Unjudged))
        .collect()
}

/// Returns a warning if requests were made and none was completed, so that there is nothing to show.
pub(crate) fn nothing_completed(snapshot: &Snapshot) -> Option<Warning> {
    let (requests, cancelled) = (snapshot.total.requests, snapshot.total.counts.cancelled);
    (requests == 0 && cancelled > 0).then_some(Warning::NothingCompleted(cancelled))
}

/// Returns a warning if more than a few iterations had to wait for a user, so that the load was not the
/// one asked for.
fn backlog(snapshot: &Snapshot) -> Option<Warning> {
    let load = snapshot.open_load.as_ref()?;
    let (delayed, never, due) = (load.delayed, load.backlog, load.due);
    let are_many = |number: u64| number > 1 && number * WAITED_SHARE >= due;
    (are_many(delayed) || are_many(never)).then_some(Warning::Backlog { delayed, never, due })
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Warning::NothingCompleted(cancelled) => write!(
                f,
                "no request came to its end: {cancelled} {} cut off at the stop; the server may \
                 not answer, or not let connections in: look there, or let the run last longer",
                plural(cancelled, "was", "were"),
            ),
            Warning::Unjudged(ref level) => write!(
                f,
                "{level} could not be judged to the end: nobody had an answer any more; a server that \
                 stops answering is found by a level of the rate: 'rate < 1'",
            ),
            Warning::Standstill(ref told) => write!(f, "{told} {}", told.more()),
            Warning::MoreStandstills(ref more) => more.fmt(f),
            Warning::Blocking(ref told) => told.fmt(f),
            Warning::Saturated { core, seconds, fullest: FullSecond { ran, .. } }
                if ran > SATURATED =>
            {
                write!(
                    f,
                    "core {core} was more than {:.0}% busy in {seconds} {} (at most {:.0}%): \
                     times may be the generator's own, and the rate its limit; use more cores \
                     (--cores), fewer users or longer waits",
                    100.0 * SATURATED,
                    plural(seconds, "second", "seconds"),
                    100.0 * ran,
                )
            }
            Warning::Saturated { core, seconds, fullest: FullSecond { ran, kept_waiting } } => {
                write!(
                    f,
                    "core {core} had no time left in {seconds} {}: it ran for {:.0}% of the worst \
                     and was kept waiting for {:.0}%, by other processes or by a limit of its CPU \
                     time; times may be the generator's own, and the rate its limit; stop what \
                     else runs there, choose other cores (--cores), or raise the limit",
                    plural(seconds, "second", "seconds"),
                    100.0 * ran,
                    100.0 * kept_waiting,
                )
            }
            Warning::Late(ref late) => late.fmt(f),
            Warning::Backlog { delayed, never, due } => write!(
                f,
                "{delayed} of {due} iterations had to wait for a user, and {never} never started: \
                 the load was not the rate that was asked for; allow more users (--max-users), or \
                 ask for less",
            ),
            Warning::Ports(times) => write!(
                f,
                "{times} {} for want of a local port; use several addresses (--local-address \
                 here, --resolve for the target), keep connections (keep_alive), or widen \
                 net.ipv4.ip_local_port_range",
                plural(times, "request failed", "requests failed"),
            ),
            Warning::Files(times) => write!(
                f,
                "{times} {} because no file could be opened any more; raise ulimit -n, or give \
                 connections back while users wait (keep_alive = \"task\")",
                plural(times, "request failed", "requests failed"),
            ),
            Warning::SlowConnects { times, overflows } => {
                let why = match overflows {
                    0 => "as if the first packet had been lost or the server's accept queue was \
                          full"
                        .to_owned(),
                    _ => format!(
                        "and accept queues of this host were full {overflows} {} meanwhile (all \
                         processes')",
                        plural(overflows, "time", "times"),
                    ),
                };
                write!(
                    f,
                    "{times} {} a second or more, {why}; raise the server's backlog and its \
                     net.core.somaxconn, or lower the spawn rate",
                    plural(times, "connection took", "connections took"),
                )
            }
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
        }
    }
}

fn plural<'t>(number: u64, one: &'t str, many: &'t str) -> &'t str {
    if number == 1 { one } else { many }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::report::samples::{core, figures, row, snapshot};
    use crate::stats::{Distribution, LimitsHit, OpenLoad};

    const US: Duration = Duration::from_micros(1);

    /// A run of latencies of one millisecond whose timers were hardly late.
    fn run() -> Snapshot {
        let mut run = snapshot(vec![row("GET", "/", 20, 1000 * US)], 1000 * US);
        run.health.lateness = Distribution { count: 900, figures: Some(figures(US)) };
        run
    }

    /// Each is one line, and reads as one.
    fn texts(run: &Snapshot) -> Vec<String> {
        let texts: Vec<_> = warnings(run).iter().map(Warning::to_string).collect();
        assert!(texts.iter().all(|text| !text.contains("  ") && !text.contains('\n')), "{texts:?}");
        texts
    }

    #[test]
    fn a_healthy_run_is_not_warned_of() {
        let mut run = run();
        run.health.cores = vec![core(0, 0.9, 0)];
        assert_eq!(warnings(&run), []);
        run.health.lateness = Distribution::default();
        assert_eq!(warnings(&run), []);
    }

    #[test]
    fn a_saturated_core_is_named() {
        let mut run = run();
        run.health.cores = vec![core(0, 0.5, 0), core(7, 0.98, 1)];
        let fullest = FullSecond { ran: 0.98, kept_waiting: 0.0 };
        assert_eq!(warnings(&run), [Warning::Saturated { core: 7, seconds: 1, fullest }]);
        let text = &texts(&run)[0];
        assert!(text.starts_with("core 7 was more than 90% busy in 1 second (at most 98%)"));
        assert!(text.contains("use more cores (--cores)"), "{text}");
    }

    #[test]
    fn a_core_that_others_have_needs_no_more_cores_but_the_others_to_go() {
        let mut run = run();
        let mut kept = core(7, 0.5, 2);
        kept.fullest = FullSecond { ran: 0.5, kept_waiting: 0.45 };
        run.health.cores = vec![kept];
        let text = &texts(&run)[0];
        assert!(text.starts_with("core 7 had no time left in 2 seconds: it ran for 50% of"));
        assert!(text.contains("kept waiting for 45%") && !text.contains("more cores"), "{text}");
    }

    #[test]
    fn a_run_in_which_nothing_completed_says_so_before_all_else() {
        let mut run = snapshot(Vec::new(), Duration::ZERO);
        assert_eq!(warnings(&run), [], "nothing was asked for");
        run.total.counts.cancelled = 20;
        run.health.limits.slow_connects = 20;
        let texts = texts(&run);
        assert!(texts[0].starts_with("no request came to its end: 20 were cut off"), "{texts:?}");
        assert_eq!(texts.len(), 2);
        let mut one = snapshot(vec![row("GET", "/", 1, US)], US);
        one.total.counts.cancelled = 20;
        assert_eq!(nothing_completed(&one), None);
    }

    #[test]
    fn overflows_of_accept_queues_are_ours_where_our_connections_had_to_wait() {
        let mut run = run();
        run.health.accept_queue_overflows = 6;
        assert_eq!(warnings(&run), [], "another process may have met them");
        run.health.limits.slow_connects = 3;
        let slow = Warning::SlowConnects { times: 3, overflows: 6 };
        assert_eq!(warnings(&run), std::slice::from_ref(&slow));
        assert!(slow.to_string().contains("full 6 times meanwhile (all processes')"), "{slow}");
    }

    #[test]
    fn an_open_load_whose_iterations_had_no_user_was_not_the_one_asked_for() {
        let mut run = run();
        let mut with = |due, delayed, backlog| {
            let none = Distribution::default();
            run.open_load = Some(OpenLoad {
                asked: due as f64,
                due,
                started: due - backlog,
                delayed,
                backlog,
                backlog_peak: backlog,
                lateness: none.clone(),
                gap_errors: none,
                anderson_darling: None,
            });
            warnings(&run)
        };
        assert_eq!(with(20_000, 199, 199), []);
        assert_eq!(with(3, 1, 1), [], "the one that the stop met");
        let delayed = Warning::Backlog { delayed: 200, never: 0, due: 20_000 };
        assert_eq!(with(20_000, 200, 0), [delayed]);
        let never = Warning::Backlog { delayed: 0, never: 200, due: 20_000 };
        assert_eq!(with(20_000, 0, 200), [never]);
    }

    #[test]
    fn every_limit_has_its_cure() {
        let mut run = run();
        run.health.limits =
            LimitsHit { ports: 1, files: 2, slow_connects: 3, unchecked_servers: 4, look_ups: 5 };
        let texts = texts(&run);
        let starts = [
            "1 request failed",
            "2 requests failed",
            "3 connections took",
            "4 TLS",
            "5 look-ups failed of a name",
        ];
        let cures = ["--local-address", "ulimit -n", "somaxconn", "--ca", "--dns-refresh"];
        for ((text, start), cure) in texts.iter().zip(starts).zip(cures) {
            assert!(text.starts_with(start) && text.contains(cure), "{text}");
        }
        assert_eq!(texts.len(), 5);
    }
}
