//! The report of a made-up run of an hour.

use std::time::{Duration, UNIX_EPOCH};

use gregaria::page::Theme;
use gregaria::report::history::History;
use gregaria::report::html;
use gregaria::report::view::{Facts, State, View, Workload};
use gregaria::stats::{
    CoreHealth, Counts, Distribution, EntryKey, Figures, FullSecond, GeneratorHealth, Journal,
    Phases, Rates, Row, Snapshot, Statuses, UserCount, Work,
};

/// Makes the report of a run with this many seconds and entries, with different numbers.
pub(crate) fn report(seconds: u64, entries: usize) -> String {
    let mut history = History::new(Box::new(|elapsed| Some(elapsed.as_secs_f64())));
    let mut rng = fastrand::Rng::with_seed(7);
    let mut latest = None;
    for second in 1..=seconds {
        let snapshot = snapshot(second, entries, &mut rng);
        history.add(&snapshot);
        latest = Some(snapshot);
    }
    let (facts, workload) = (Facts::default(), Workload::default());
    let view = View {
        facts: &facts,
        workload: &workload,
        state: State::Stopped,
        run: 1,
        snapshot: latest.as_ref(),
        history: Some(&history),
        target: None,
    };
    html::render(&view, Theme::System)
}

fn snapshot(second: u64, entries: usize, rng: &mut fastrand::Rng) -> Snapshot {
    let rows = (0..entries).map(|number| {
        let name = format!("/api/v1/products/category-{number}/items/[id]");
        row("GET", &name, second * (37 + number as u64), rng)
    });
    let entries: Vec<Row> = rows.collect();
    let requests = entries.iter().map(|row| row.requests).sum();
    let quantiles = (0..100).map(|n| (1.0 - 0.8_f64.powi(n), Duration::from_millis(n as u64 + 1)));
    Snapshot {
        started_at: UNIX_EPOCH + Duration::from_secs(1_790_000_000),
        elapsed: Duration::from_secs(second),
        since: Duration::ZERO,
        users: vec![UserCount { class: "shopper".to_owned(), running: second }],
        users_wanted: None,
        ending: None,
        total: row("", "Aggregated", requests, rng),
        entries,
        quantiles: quantiles.collect(),
        failures: Vec::new(),
        exceptions: Vec::new(),
        malformed_lines: Vec::new(),
        commands: Vec::new(),
        broken: None,
        unjudged: Vec::new(),
        open_load: None,
        health: GeneratorHealth {
            cores: (0..2).map(|core| health(core, rng)).collect(),
            latest_lateness: distribution(rng),
            ..GeneratorHealth::default()
        },
        journal: Journal::default(),
    }
}

fn row(method: &str, name: &str, requests: u64, rng: &mut fastrand::Rng) -> Row {
    Row {
        key: EntryKey { method: method.to_owned(), name: name.to_owned() },
        requests,
        statuses: Statuses::default(),
        failures: requests / 50,
        counts: Counts::default(),
        latency: distribution(rng),
        service_time: None,
        phases: Phases {
            connect: distribution(rng),
            first_byte: distribution(rng),
            transfer: distribution(rng),
            ..Phases::default()
        },
        latest: Duration::ZERO,
        detail: None,
        recent_latency: distribution(rng),
        rates: Rates::default(),
        recent_rates: Rates::default(),
    }
}

fn distribution(rng: &mut fastrand::Rng) -> Distribution {
    let mut percentiles = [(); 11].map(|()| Duration::from_nanos(rng.u64(1_000_000..500_000_000)));
    percentiles.sort();
    let figures =
        Figures { min: percentiles[0], max: percentiles[10], mean: percentiles[5], percentiles };
    Distribution { count: 9, figures: Some(figures) }
}

fn health(core: usize, rng: &mut fastrand::Rng) -> CoreHealth {
    let busy = rng.f64();
    let work = Work { turns: 10, completions: 30, ..Work::default() };
    let fullest = FullSecond { ran: busy, kept_waiting: 0.0 };
    let (latest_busy, busiest_second, saturated_seconds) = (busy, busy, 0);
    CoreHealth { core, busy, latest_busy, busiest_second, saturated_seconds, fullest, work }
}
