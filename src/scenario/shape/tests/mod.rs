//! Tests of [`super`]: lines, the counts on them, and what cores see of both.

mod curve;
mod kinds;
mod line;
mod ticks;
mod validate;

use super::*;

fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// How many users there are at this instant in milliseconds.
fn count(shape: &LoadShape, at: u64) -> Option<u32> {
    shape.curve(None).at(ms(at)).map(|wanted| wanted.users)
}

#[track_caller]
fn check(shape: &LoadShape, counts: &[(u64, u32)]) {
    for (at, expected) in counts {
        assert_eq!(count(shape, *at), Some(*expected), "at {at} ms");
    }
}

/// The six stages of the tutorial's last step.
fn tutorial() -> Vec<Stage> {
    let stages = [(30, 10, 2), (60, 50, 5), (30, 20, 2), (40, 80, 10), (20, 30, 3), (30, 0, 5)];
    let stage = |(length, users, rate)| Stage::new(secs(length), users, f64::from(rate));
    stages.map(stage).to_vec()
}

/// Stages of any kind: short and long ramps, up and down, some that never arrive.
fn some_stages(rng: &mut fastrand::Rng) -> Vec<Stage> {
    let stages = (0..rng.usize(1..8)).map(|_| {
        let rate = 10_f64.powf(rng.f64() * 5.0 - 2.0);
        Stage::new(Duration::from_micros(rng.u64(1..20_000_000)), rng.u32(0..100), rate)
    });
    stages.collect()
}
