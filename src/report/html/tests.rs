use std::time::Duration;

use super::*;
use crate::report::samples::{core, figures, row, snapshot};
use crate::report::view::{State, Workload};
use crate::stats::{Distribution, Phases};

const MIB: usize = 1 << 20;

/// The report of a run of so many seconds, with so many entries whose numbers are never twice the
/// same.
fn report(seconds: u64, entries: usize) -> String {
    let mut rng = fastrand::Rng::with_seed(7);
    let mut times = move || Duration::from_nanos(rng.u64(1_000_000..500_000_000));
    let mut history = History::new(Box::new(|elapsed| Some(elapsed.as_secs_f64())));
    let mut run = snapshot(Vec::new(), Duration::ZERO);
    for second in 1..=seconds {
        let rows = (0..entries).map(|number| {
            let name = format!("/api/v1/products/category-{number}/items/[id]");
            let mut row = row("GET", &name, second * 37 + number as u64, times());
            let mut distinct = figures(times());
            distinct.percentiles = distinct.percentiles.map(|_| times());
            row.recent_latency.figures = Some(distinct.clone());
            row.latency.figures = Some(distinct.clone());
            let phase = || Distribution { count: 9, figures: Some(distinct.clone()) };
            row.phases = Phases {
                connect: phase(),
                first_byte: phase(),
                transfer: phase(),
                ..Phases::default()
            };
            row
        });
        run = snapshot(rows.collect(), times());
        run.elapsed = Duration::from_secs(second);
        run.health.cores = vec![core(0, 0.731, 0), core(1, 0.827, 0)];
        run.health.latest_lateness = Distribution { count: 9, figures: Some(figures(times())) };
        history.add(&run);
    }
    run.quantiles = (0..100).map(|n| (1.0 - 0.5_f64.powi(n), times())).collect();
    let (facts, workload) = (Facts::default(), Workload::default());
    let view = View {
        facts: &facts,
        workload: &workload,
        state: State::Stopped,
        run: 1,
        snapshot: Some(&run),
        history: Some(&history),
        target: None,
    };
    render(&view, Theme::System)
}

#[test]
fn ten_minutes_of_fifty_entries_are_within_half_a_megabyte_and_an_hour_is_too() {
    let ten_minutes = report(600, 50).len();
    assert!(ten_minutes < 500_000, "{ten_minutes} bytes");
    let hour = report(3600, 50).len();
    assert!(hour < 500_000, "{hour} bytes");
}

#[test]
fn a_thousand_entries_are_still_a_file() {
    let size = report(200, 1000).len();
    assert!(size < 8 * MIB, "{size} bytes");
}

#[test]
fn nothing_of_a_name_is_markup() {
    let hostile = "</script><script>alert(1)</script><!--";
    let (facts, workload) =
        (Facts { scenario: hostile.to_owned(), ..Facts::default() }, Workload::default());
    let mut run = snapshot(vec![row("GET", hostile, 1, Duration::ZERO)], Duration::ZERO);
    run.failures.push(crate::report::samples::failure(hostile));
    run.broken = Some(crate::report::samples::breach(hostile));
    let view = View {
        facts: &facts,
        workload: &workload,
        state: State::Stopped,
        run: 1,
        snapshot: Some(&run),
        history: None,
        target: None,
    };
    let page = render(&view, Theme::System);
    assert!(!page.contains("<script>alert"), "it would be run");
    assert!(!page.contains("<!--"), "it would hide what follows");
}
