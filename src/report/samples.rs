//! Snapshots for the unit tests of this folder.

use std::time::{Duration, UNIX_EPOCH};

use crate::stats::{
    Breach, CoreHealth, Counts, CpuTime, Distribution, EntryKey, FailureRow, Figures, FullSecond,
    GeneratorHealth, Journal, Measured, Phases, Rates, Row, Snapshot, Statuses, UserCount, Work,
};

/// A row whose requests all took `time`, at one request a second.
pub(crate) fn row(method: &str, name: &str, requests: u64, time: Duration) -> Row {
    let figures = (requests > 0).then_some(figures(time));
    let latency = Distribution { count: requests, figures };
    Row {
        key: EntryKey { method: method.to_owned(), name: name.to_owned() },
        requests,
        failures: 0,
        statuses: Statuses::default(),
        counts: Counts { body_bytes: requests * 54, ..Counts::default() },
        service_time: None,
        phases: Phases::default(),
        latest: Duration::from_secs(9),
        detail: None,
        recent_latency: latency.clone(),
        latency,
        rates: Rates { requests: 1.0, failures: 0.0 },
        recent_rates: Rates { requests: 2.0, failures: 0.0 },
    }
}

/// Where there is only one time.
pub(crate) fn figures(time: Duration) -> Figures {
    Figures { min: time, max: time, mean: time, percentiles: [time; _] }
}

/// A core that was half as busy as in its busiest second.
pub(crate) fn core(core: usize, busiest_second: f64, saturated_seconds: u64) -> CoreHealth {
    let cpu = CpuTime { user: Duration::from_secs(1), system: Duration::from_secs(3) };
    let longest_turn = Duration::from_millis(1);
    let kept_waiting = Duration::ZERO;
    let (turns, busy_turns, completions) = (900, 200, 700);
    let work = Work { cpu, kept_waiting, turns, busy_turns, completions, longest_turn };
    let (busy, fullest) =
        (busiest_second / 2.0, FullSecond { ran: busiest_second, kept_waiting: 0.0 });
    CoreHealth { core, busy, latest_busy: busy, busiest_second, saturated_seconds, fullest, work }
}

/// Ten seconds into a run of three users; the total is of `requests` requests, like the rows.
pub(crate) fn snapshot(entries: Vec<Row>, time: Duration) -> Snapshot {
    let requests = entries.iter().map(|row| row.requests).sum();
    Snapshot {
        started_at: UNIX_EPOCH + Duration::from_secs(1_790_000_000),
        elapsed: Duration::from_secs(10),
        since: Duration::ZERO,
        users: vec![UserCount { class: "shopper".to_owned(), running: 3 }],
        users_wanted: Some(5),
        ending: None,
        total: row("", "Aggregated", requests, time),
        entries,
        quantiles: Vec::new(),
        failures: Vec::new(),
        exceptions: Vec::new(),
        malformed_lines: Vec::new(),
        commands: Vec::new(),
        broken: None,
        unjudged: Vec::new(),
        open_load: None,
        health: GeneratorHealth::default(),
        journal: Journal::default(),
    }
}

/// A level that was broken by 101.3 ms from the second to the twelfth second.
pub(crate) fn breach(level: &str) -> Breach {
    let key = |method: &str, name: &str| EntryKey { method: method.into(), name: name.into() };
    let measured = Measured::Time(Duration::from_micros(101_300));
    Breach {
        level: level.to_owned(),
        entry: key("", "Aggregated"),
        measured,
        worst: Some((key("GET", "/"), measured)),
        from: Duration::from_secs(2),
        to: Duration::from_secs(12),
        at_end: false,
    }
}

/// A failure of `GET /`, seen from the first to the third second.
pub(crate) fn failure(message: &str) -> FailureRow {
    FailureRow {
        key: EntryKey { method: "GET".to_owned(), name: "/".to_owned() },
        message: message.to_owned(),
        occurrences: 2,
        first_seen: Duration::from_secs(1),
        last_seen: Duration::from_secs(3),
        example: None,
    }
}
