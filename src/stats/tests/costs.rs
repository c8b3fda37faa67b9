//! What the statistics cost. Not part of a test run; the numbers are in the module's documentation:
//! `cargo test --release --lib stats::tests::costs -- --ignored --nocapture --test-threads 1`

use std::hint::black_box;
use std::time::{Duration, Instant, SystemTime};

use rustix::time::{ClockId, clock_gettime};

use crate::stats::{
    Clocks, EntryId, Interval, Outcome, Phases, Recorder, RowLimits, Sample, Totals, WireBytes,
};

const NAMES: u32 = 1000;

/// CPU time of this thread, so that a busy machine does not count.
fn cpu() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// Latencies around 2 ms with a tail to 200 ms, made beforehand so that only recording is timed.
fn latencies(rng: &mut fastrand::Rng) -> Vec<Duration> {
    (0..1 << 14).map(|_| Duration::from_secs_f64(0.002 / rng.f64().max(0.01))).collect()
}

fn named(core: usize, start: Instant, names: u32) -> Recorder {
    let mut recorder = Recorder::new(core, start, RowLimits::default());
    for n in 0..names {
        recorder.entry("GET", &format!("/item/{n}"));
    }
    recorder
}

/// Which phases a sample has.
#[derive(Debug, Clone, Copy)]
enum Way {
    /// None: what all else costs.
    Untold,
    /// Those of a kept-alive connection whose response comes in one piece.
    OnePiece,
    /// Those of one whose response takes its time.
    Streamed,
    /// All: a new connection every time.
    Connected,
}

impl Way {
    fn phases(self, latency: Duration) -> Phases {
        let nothing = Phases::default();
        let half = Some(latency / 2);
        match self {
            Way::Untold => nothing,
            Way::OnePiece => {
                Phases { first_byte: Some(latency), transfer: Some(Duration::ZERO), ..nothing }
            }
            Way::Streamed => Phases { first_byte: half, transfer: half, ..nothing },
            Way::Connected => nothing.map(|_| Some(latency / 5)),
        }
    }
}

fn sample(entry: u32, start: Instant, latency: Duration, outcome: Outcome<'_>) -> Sample<'_> {
    let clocks = Clocks { intended: start, started: start, ended: start + latency };
    Sample { entry: EntryId(entry), clocks, body_bytes: 100, status: Some(200), outcome }
}

/// A request whose time went to these phases.
fn record(recorder: &mut Recorder, way: Way, sample: Sample<'_>) {
    let phases = way.phases(sample.clocks.latency());
    recorder.exchanged(sample.entry, phases, WireBytes { sent: 60, received: 200 });
    recorder.record(sample);
}

fn time_records(names: u32, outcome: Outcome<'_>, way: Way) {
    let (start, mut rng) = (Instant::now(), fastrand::Rng::with_seed(1));
    let samples: Vec<_> = latencies(&mut rng)
        .into_iter()
        .map(|latency| sample(rng.u32(0..names), start, latency, outcome))
        .collect();
    let mut recorder = named(0, start, names);
    let mut best = Duration::MAX;
    for second in 0..20 {
        let begun = cpu();
        (0..4).for_each(|_| {
            samples.iter().for_each(|&one| record(&mut recorder, way, black_box(one)))
        });
        best = best.min(cpu() - begun);
        recorder.take(second, start);
    }
    let each = best.as_nanos() as f64 / (4 * samples.len()) as f64;
    println!("record, {names} names, {outcome:?}, {way:?}: {each:.1} ns");
}

/// One second of one core.
fn second_of(recorder: &mut Recorder, latencies: &[Duration], per_name: usize) -> Interval {
    let start = Instant::now();
    for (n, &latency) in latencies.iter().cycle().take(NAMES as usize * per_name).enumerate() {
        recorder.record(sample(n as u32 % NAMES, start, latency, Outcome::Success));
    }
    let begun = cpu();
    let interval = recorder.take(0, start);
    println!("  take of {NAMES} names: {:.2?}", cpu() - begun);
    interval
}

#[test]
#[ignore = "a measurement, not a test"]
fn cost_of_a_record() {
    for names in [1, 20, NAMES] {
        for way in [Way::Untold, Way::OnePiece, Way::Streamed, Way::Connected] {
            time_records(names, Outcome::Success, way);
        }
        time_records(names, Outcome::Failure("HTTP 500"), Way::OnePiece);
    }
    let mut recorder = named(0, Instant::now(), NAMES);
    let begun = cpu();
    for _ in 0..1000 * 1000 {
        black_box(recorder.entry("GET", black_box("/item/77")));
    }
    println!("entry() of a known name: {:.1} ns", (cpu() - begun).as_nanos() as f64 / 1e6);
}

#[test]
#[ignore = "a measurement, not a test"]
fn cost_of_a_second_with_a_thousand_names() {
    let (start, mut rng) = (Instant::now(), fastrand::Rng::with_seed(1));
    let latencies = latencies(&mut rng);
    for per_name in [10, 100] {
        println!("{per_name} samples per name, core and second:");
        let mut cores = [0, 1].map(|core| named(core, start, NAMES));
        let mut totals = Totals::new(SystemTime::UNIX_EPOCH, Vec::new(), RowLimits::default());
        for second in 0..13 {
            let intervals = cores.each_mut().map(|core| second_of(core, &latencies, per_name));
            let begun = cpu();
            intervals.into_iter().for_each(|i| totals.add(Interval { second, ..i }).unwrap());
            let added = cpu() - begun;
            black_box(totals.snapshot(Duration::from_secs(second + 1)));
            println!("  second {second}: add {added:.2?}, then {:.2?}", cpu() - begun - added);
        }
    }
}

/// Resident memory of this process in MiB.
fn resident() -> f64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: f64 = statm.split(' ').nth(1).unwrap().parse().unwrap();
    pages * 4096.0 / (1 << 20) as f64
}

#[test]
#[ignore = "a measurement, not a test"]
fn memory_of_a_thousand_names() {
    let (start, mut rng) = (Instant::now(), fastrand::Rng::with_seed(1));
    let latencies = latencies(&mut rng);
    let mut kept = Vec::new();
    for way in [Way::Untold, Way::OnePiece, Way::Streamed, Way::Connected] {
        let before = resident();
        let mut cores = [0, 1].map(|core| named(core, start, NAMES));
        let mut totals = Totals::new(SystemTime::UNIX_EPOCH, Vec::new(), RowLimits::default());
        for second in 0..13 {
            for core in &mut cores {
                for (n, &latency) in latencies.iter().cycle().take(100 * NAMES as usize).enumerate()
                {
                    let sample = sample(n as u32 % NAMES, start, latency, Outcome::Success);
                    record(core, way, sample);
                }
                totals.add(core.take(second, start)).unwrap();
            }
        }
        println!("{NAMES} names, 2 cores, {way:?}: {:.0} MiB", resident() - before);
        kept.push((cores, totals));
    }
}
