//! Facts that hold across the module: what goes in comes out, whatever way it takes.

use std::time::{Duration, Instant, SystemTime};

use crossbeam_channel::{TrySendError, bounded};

use crate::stats::*;

const MESSAGES: [&str; 4] = ["HTTP 500", "HTTP 404", "timed out", "refused"];

/// A sample as data, to be recorded more than once.
#[derive(Debug, Clone)]
struct Given {
    name: String,
    failure: Option<String>,
    latency: Duration,
    ended: Duration,
    phases: Phases,
    bytes: u64,
    status: Option<u16>,
    extra: Extra,
}

const EXTRAS: [Extra; 6] = [
    Extra::Retry,
    Extra::Redirect,
    Extra::Challenge,
    Extra::Connection,
    Extra::FullHandshake,
    Extra::ResumedHandshake,
];

/// Parts of this time, some of which did not happen and some took no time.
fn phases(rng: &mut fastrand::Rng, mut left: Duration) -> Phases {
    Phases::NAMES.map(|_| {
        let part = [Duration::ZERO, left / 2, left / 3][rng.usize(0..3)];
        rng.bool().then(|| {
            left -= part;
            part
        })
    })
}

fn given(rng: &mut fastrand::Rng) -> Given {
    let latency = Duration::from_nanos(rng.u64(..) >> rng.u32(26..60));
    Given {
        name: format!("/{}", rng.u32(0..8)),
        failure: (rng.u32(0..4) == 0).then(|| rng.choice(MESSAGES).unwrap().to_owned()),
        latency,
        ended: latency + Duration::from_millis(rng.u64(0..30_000)),
        phases: phases(rng, latency),
        bytes: rng.u64(0..1000),
        status: rng.bool().then(|| *rng.choice(&[200, 204, 404, 999]).unwrap()),
        extra: *rng.choice(&EXTRAS).unwrap(),
    }
}

/// One that ends as soon as it can.
fn plain(name: &str, failure: Option<String>, latency: Duration) -> Given {
    Given {
        name: name.to_owned(),
        failure,
        latency,
        ended: latency,
        phases: Phases::default(),
        bytes: 0,
        status: None,
        extra: Extra::Connection,
    }
}

fn record(recorder: &mut Recorder, start: Instant, given: &Given) {
    let entry = recorder.entry("GET", &given.name);
    let ended = start + given.ended;
    let started = ended - given.latency;
    let outcome = given.failure.as_deref().map_or(Outcome::Success, Outcome::Failure);
    let clocks = Clocks { intended: started, started, ended };
    let &Given { phases, bytes: body_bytes, status, .. } = given;
    let wire = WireBytes { sent: body_bytes / 2, received: body_bytes + 100 };
    recorder.count(entry, given.extra);
    recorder.exchanged(entry, phases, wire);
    recorder.record(Sample { entry, clocks, body_bytes, status, outcome });
    recorder.late(given.latency);
    recorder.hit(Limit::Ports);
}

fn totals(limits: RowLimits) -> Totals {
    Totals::new(SystemTime::UNIX_EPOCH, vec!["shopper".to_owned(), "bot".to_owned()], limits)
}

/// The snapshot in an order that does not depend on which core came first, and without what is of a
/// core: its line, and its numbers of requests.
fn comparable(mut snapshot: Snapshot) -> Snapshot {
    let by = |row: &FailureRow| (row.first_seen, row.key.name.clone(), row.message.clone());
    snapshot.failures.sort_by_key(by);
    snapshot.exceptions.sort_by_key(|row| (row.message.clone(), row.traceback.clone()));
    for example in snapshot.failures.iter_mut().filter_map(|row| row.example.as_mut()) {
        (example.core, example.request) = (0, 0);
    }
    snapshot.health.cores.clear();
    snapshot
}

fn assert_rows_add_up(snapshot: &Snapshot, story: &str) {
    let sum = |count: fn(&Row) -> u64| snapshot.entries.iter().map(count).sum::<u64>();
    let counts: [fn(&Row) -> u64; 9] = [
        |row| row.requests,
        |row| row.failures,
        |row| row.latency.count,
        |row| row.recent_latency.count,
        |row| row.phases.dns.count,
        |row| row.phases.connect.count,
        |row| row.phases.tls.count,
        |row| row.phases.first_byte.count,
        |row| row.phases.transfer.count,
    ];
    for (n, count) in counts.into_iter().enumerate() {
        assert_eq!(sum(count), count(&snapshot.total), "{story}: count {n}");
    }
    let mut counted = Counts::default();
    snapshot.entries.iter().for_each(|row| counted += &row.counts);
    assert_eq!(counted, snapshot.total.counts, "{story}");
    let statuses: Statuses = snapshot.entries.iter().flat_map(|row| row.statuses.iter()).collect();
    assert_eq!(statuses, snapshot.total.statuses, "{story}");
    let failures: u64 = snapshot.failures.iter().map(|row| row.occurrences).sum();
    assert_eq!(failures, snapshot.total.failures, "{story}: the failures table");
}

#[test]
fn merging_cores_in_any_order_equals_recording_all_on_one() {
    let start = Instant::now();
    for seed in 0..60 {
        let mut rng = fastrand::Rng::with_seed(seed);
        let cores = rng.usize(1..5);
        let mut one = Recorder::new(0, start, RowLimits::default());
        let mut many: Vec<_> =
            (0..cores).map(|core| Recorder::new(core, start, RowLimits::default())).collect();
        let (mut whole, mut merged) = (totals(RowLimits::default()), totals(RowLimits::default()));
        for second in 0..rng.u64(1..14) {
            for _ in 0..rng.u32(0..300) {
                let given = given(&mut rng);
                record(&mut one, start, &given);
                record(rng.choice(&mut many).unwrap(), start, &given);
            }
            let cut = start + Duration::from_secs(second + 1);
            whole.add(one.take(second, cut)).unwrap();
            let mut intervals: Vec<_> =
                many.iter_mut().map(|core| core.take(second, cut)).collect();
            rng.shuffle(&mut intervals);
            intervals.into_iter().for_each(|interval| merged.add(interval).unwrap());
        }
        let at = merged.end();
        let (whole, merged) =
            (comparable(whole.last_snapshot(at)), comparable(merged.last_snapshot(at)));
        assert_eq!(merged, whole, "seed {seed}");
        assert_rows_add_up(&merged, &format!("seed {seed}"));
    }
}

#[test]
fn an_interval_that_was_put_back_ships_with_the_next() {
    let start = Instant::now();
    for seed in 0..60 {
        let mut rng = fastrand::Rng::with_seed(seed);
        let mut steady = Recorder::new(0, start, RowLimits::default());
        let mut held_up = Recorder::new(0, start, RowLimits::default());
        let (mut whole, mut merged) = (totals(RowLimits::default()), totals(RowLimits::default()));
        for second in 0..8 {
            for _ in 0..rng.u32(0..100) {
                let given = given(&mut rng);
                record(&mut steady, start, &given);
                record(&mut held_up, start, &given);
            }
            let class = rng.usize(0..2);
            for core in [&mut steady, &mut held_up] {
                let entry = core.entry("POST", "/late");
                core.cancel(entry);
                core.count(entry, Extra::Retry);
                core.exception("boom", "in task");
                core.user_started(class);
            }
            let cut = start + Duration::from_secs(second + 1);
            whole.add(steady.take(second, cut)).unwrap();
            let interval = held_up.take(second, cut);
            if rng.bool() && second < 7 {
                held_up.restore(interval);
            } else {
                merged.add(interval).unwrap();
            }
        }
        // All eight seconds are in the window, so that is the same too.
        let at = Duration::from_secs(8);
        assert_eq!(merged.snapshot(at), whole.snapshot(at), "seed {seed}");
        let [merged_detail, whole_detail] = [&mut merged, &mut whole]
            .map(|totals| totals.last_snapshot(at).total.detail.expect("the last has it"));
        assert_eq!(merged_detail.rounded, whole_detail.rounded, "seed {seed}");
        assert_eq!(merged.snapshot(at).total.counts.cancelled, 8);
        assert_eq!(merged.snapshot(at).user_count(), 8);
    }
}

#[test]
fn an_interval_after_a_restore_begins_where_the_first_one_did() {
    let start = Instant::now();
    let mut core = Recorder::new(0, start, RowLimits::default());
    let at = |seconds| start + Duration::from_secs(seconds);
    core.take(0, at(1));
    let id = core.entry("GET", "/");
    let kept = core.take(1, at(2));
    core.restore(kept);
    let interval = core.take(2, at(3));
    assert_eq!((interval.from, interval.to), (Duration::from_secs(1), Duration::from_secs(3)));
    assert_eq!(interval.names, [(id, core.key(id).clone())], "the name ships again");
    assert_eq!(core.take(3, at(4)).names, []);
}

#[test]
fn a_full_channel_loses_nothing() {
    let start = Instant::now();
    for seed in 0..20 {
        let mut rng = fastrand::Rng::with_seed(seed);
        let mut core = Recorder::new(0, start, RowLimits::default());
        let (sender, receiver) = bounded(1);
        let (mut totals, mut recorded, mut refused) = (totals(RowLimits::default()), 0, 0);
        for second in 0..40 {
            let more = rng.u64(0..9);
            (0..more).for_each(|_| record(&mut core, start, &given(&mut rng)));
            recorded += more;
            let interval = core.take(second, start + Duration::from_secs(second + 1));
            if let Err(TrySendError::Full(interval)) = sender.try_send(interval) {
                core.restore(interval);
                refused += 1;
            }
            if rng.u32(0..3) == 0 {
                receiver.try_iter().for_each(|interval| totals.add(interval).unwrap());
            }
        }
        receiver.try_iter().for_each(|interval| totals.add(interval).unwrap());
        totals.add(core.take(40, start + Duration::from_secs(41))).unwrap();
        let snapshot = totals.snapshot(totals.end());
        assert_eq!(snapshot.total.requests, recorded, "seed {seed}, {refused} times full");
        assert_rows_add_up(&snapshot, &format!("seed {seed}"));
        assert!(refused > 0, "seed {seed}: the channel was never full");
    }
}

#[test]
fn a_sample_that_ends_at_the_cut_is_in_one_interval() {
    let start = Instant::now();
    let mut core = Recorder::new(0, start, RowLimits::default());
    let cut = Duration::from_secs(1);
    let at_the_cut = Given { ended: cut, ..plain("/", None, Duration::from_millis(1)) };
    let requests = |interval: Interval| -> u64 {
        interval.entries.iter().map(|(_, delta)| delta.requests()).sum()
    };
    record(&mut core, start, &at_the_cut);
    assert_eq!(requests(core.take(0, start + cut)), 1);
    assert_eq!(requests(core.take(1, start + 2 * cut)), 0);
    record(&mut core, start, &at_the_cut);
    assert_eq!(requests(core.take(2, start + 3 * cut)), 1, "recorded after the cut: the next one");
}

#[test]
fn caps_keep_every_count_exact() {
    let start = Instant::now();
    let limits = RowLimits { names: 4, failures: 3, exceptions: 2, malformed_lines: 2 };
    for seed in 0..60 {
        let mut rng = fastrand::Rng::with_seed(seed);
        let mut cores = [0, 1, 2].map(|core| Recorder::new(core, start, limits));
        let (mut totals, mut requests, mut bytes, mut exceptions) = (totals(limits), 0, 0, 0);
        let mut statuses = Statuses::default();
        for second in 0..6 {
            for core in &mut cores {
                for _ in 0..rng.u64(0..40) {
                    let given = given(&mut rng);
                    record(core, start, &given);
                    core.exception("boom", &given.name);
                    requests += 1;
                    bytes += given.bytes;
                    exceptions += 1;
                    given.status.into_iter().for_each(|status| statuses.count(status, 1));
                }
                let interval = core.take(second, start + Duration::from_secs(second + 1));
                if rng.bool() { core.restore(interval) } else { totals.add(interval).unwrap() }
            }
        }
        for core in &mut cores {
            totals.add(core.take(6, start + Duration::from_secs(7))).unwrap();
        }
        let snapshot = totals.snapshot(Duration::from_secs(7));
        assert_eq!(snapshot.total.requests, requests, "seed {seed}");
        assert_eq!(snapshot.total.counts.body_bytes, bytes, "seed {seed}");
        assert_eq!(snapshot.total.statuses, statuses, "seed {seed}");
        assert_eq!(snapshot.total.without_response(), requests - statuses.sum(), "seed {seed}");
        assert_eq!(snapshot.exceptions.iter().map(|row| row.count).sum::<u64>(), exceptions);
        assert_rows_add_up(&snapshot, &format!("seed {seed}"));
        assert!(snapshot.entries.len() <= 5, "seed {seed}: four names and the rest");
        assert!(snapshot.failures.len() <= 4 && snapshot.exceptions.len() <= 3, "seed {seed}");
    }
}

#[test]
fn overflow_rows_say_what_they_are() {
    let start = Instant::now();
    let limits = RowLimits { names: 1, failures: 1, exceptions: 1, malformed_lines: 1 };
    let mut core = Recorder::new(0, start, limits);
    for name in ["/a", "/b", "/c"] {
        let (failure, latency) = (Some(format!("no {name}")), Duration::from_millis(1));
        let given = plain(name, failure, latency);
        record(&mut core, start, &given);
        core.exception(name, "");
    }
    assert_eq!(core.entry("GET", "/b"), core.entry("POST", "/z"));
    let mut totals = totals(limits);
    totals.add(core.take(0, start + Duration::from_secs(1))).unwrap();
    let snapshot = totals.snapshot(Duration::from_secs(1));
    let rows: Vec<_> = snapshot.entries.iter().map(|row| (&*row.key.name, row.requests)).collect();
    assert_eq!(rows, [("(more than 1 names)", 2), ("/a", 1)]);
    let rows: Vec<_> =
        snapshot.failures.iter().map(|row| (&*row.message, row.occurrences)).collect();
    assert_eq!(rows, [("no /a", 1), ("(more than 1 different failures)", 2)]);
    let rows: Vec<_> = snapshot.exceptions.iter().map(|row| (&*row.message, row.count)).collect();
    assert_eq!(rows, [("/a", 1), ("(more than 1 different exceptions)", 2)]);
}

#[test]
fn a_failure_was_first_and_last_seen_on_whichever_core() {
    let start = Instant::now();
    let mut totals = totals(RowLimits::default());
    for (core, seen_ms) in [(0, [500, 700]), (1, [900, 300]), (2, [400, 600])] {
        let mut recorder = Recorder::new(core, start, RowLimits::default());
        for ms in seen_ms {
            let (failure, latency) = (Some("refused".to_owned()), Duration::from_millis(1));
            let ended = Duration::from_millis(ms);
            let given = Given { ended, ..plain("/", failure, latency) };
            record(&mut recorder, start, &given);
        }
        totals.add(recorder.take(0, start + Duration::from_secs(1))).unwrap();
    }
    let snapshot = totals.snapshot(Duration::from_secs(1));
    let [row] = &snapshot.failures[..] else { panic!("one row: {:?}", snapshot.failures) };
    let (first, last) = (Duration::from_millis(300), Duration::from_millis(900));
    assert_eq!((row.occurrences, row.first_seen, row.last_seen), (6, first, last));
}

#[test]
fn users_are_the_latest_level_of_every_core() {
    let start = Instant::now();
    let mut cores = [0, 1].map(|core| Recorder::new(core, start, RowLimits::default()));
    let mut totals = totals(RowLimits::default());
    cores[0].user_started(1);
    cores[0].user_started(1);
    cores[1].user_started(0);
    for core in &mut cores {
        totals.add(core.take(0, start + Duration::from_secs(1))).unwrap();
    }
    cores[0].user_ended(1);
    totals.add(cores[0].take(1, start + Duration::from_secs(2))).unwrap();
    let users = totals.snapshot(Duration::from_secs(2)).users;
    let running: Vec<_> = users.iter().map(|class| (&*class.class, class.running)).collect();
    assert_eq!(running, [("shopper", 1), ("bot", 1)]);
}

#[test]
fn users_that_were_wanted_are_of_the_instant_at_which_users_were_counted() {
    let start = Instant::now();
    let mut cores = [0, 1].map(|core| Recorder::new(core, start, RowLimits::default()));
    let mut totals = totals(RowLimits::default());
    let mut told = |cores: &mut [Recorder], second: u64| {
        for core in cores {
            totals.add(core.take(second, start + Duration::from_secs(second + 1))).unwrap();
        }
        totals.snapshot(Duration::from_secs(second + 1)).users_wanted
    };
    assert_eq!(told(&mut cores, 0), None);
    cores[0].users_wanted(Some(2));
    cores[1].users_wanted(Some(1));
    assert_eq!(told(&mut cores, 1), Some(3));
    // The other core is late: what is known of it is of the second before, as its users are.
    cores[0].users_wanted(Some(5));
    cores[1].users_wanted(Some(4));
    assert_eq!(told(&mut cores[..1], 2), Some(6));
    cores[0].users_wanted(None);
    cores[1].users_wanted(None);
    assert_eq!(told(&mut cores, 3), None);
}

#[test]
fn rows_are_sorted_by_name_then_method_and_have_samples() {
    let start = Instant::now();
    let mut core = Recorder::new(0, start, RowLimits::default());
    for (method, name) in [("POST", "/b"), ("GET", "/c"), ("GET", "/b"), ("GET", "/a")] {
        let entry = core.entry(method, name);
        let clocks = Clocks { intended: start, started: start, ended: start };
        core.record(Sample {
            entry,
            clocks,
            body_bytes: 0,
            status: Some(200),
            outcome: Outcome::Success,
        });
    }
    core.entry("GET", "/never asked for");
    let mut totals = totals(RowLimits::default());
    totals.add(core.take(0, start + Duration::from_secs(1))).unwrap();
    let snapshot = totals.snapshot(Duration::from_secs(1));
    let keys: Vec<_> =
        snapshot.entries.iter().map(|row| (&*row.key.method, &*row.key.name)).collect();
    assert_eq!(keys, [("GET", "/a"), ("GET", "/b"), ("POST", "/b"), ("GET", "/c")]);
    assert_eq!((&*snapshot.total.key.method, &*snapshot.total.key.name), ("", "Aggregated"));
}
