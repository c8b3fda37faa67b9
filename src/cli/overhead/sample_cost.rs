//! The time that counting one request takes.

use std::hint::black_box;
use std::time::{Duration, Instant};

use crate::stats::{Clocks, Outcome, Phases, Recorder, RowLimits, Sample, WireBytes};

/// As many as a busy core records in a second.
const SAMPLES: u32 = 300_000;
const ROUNDS: usize = 5;

/// Returns the nanoseconds per recorded success: the least of a few rounds, because others may have been
/// disturbed.
pub(super) fn measure() -> f64 {
    let origin = Instant::now();
    let mut recorder = Recorder::new(0, origin, RowLimits::default());
    let entry = recorder.entry("GET", "/");
    let mut rng = fastrand::Rng::with_seed(1);
    let latencies: Vec<Duration> =
        (0..SAMPLES).map(|_| Duration::from_micros(rng.u64(100..2000))).collect();
    let mut round = || {
        let begin = Instant::now();
        for latency in &latencies {
            let clocks = Clocks { intended: origin, started: origin, ended: origin + *latency };
            // A response in one piece on an open connection.
            let phases = Phases {
                first_byte: Some(*latency),
                transfer: Some(Duration::ZERO),
                ..Phases::default()
            };
            let wire = WireBytes { sent: 60, received: 200 };
            let outcome = Outcome::Success;
            let sample = Sample { entry, clocks, body_bytes: 34, status: Some(200), outcome };
            black_box(&mut recorder).exchanged(entry, phases, wire);
            black_box(&mut recorder).record(sample);
        }
        let took = begin.elapsed();
        recorder.take(0, origin);
        took.as_secs_f64() * 1e9 / f64::from(SAMPLES)
    };
    (0..ROUNDS).map(|_| round()).fold(f64::INFINITY, f64::min)
}
