//! The equations of the waves, as [`LoadShape`](super::LoadShape)'s constructors state them.

use std::f64::consts::TAU;
use std::time::Duration;

pub(super) fn sine(min: u32, max: u32, period: Duration, elapsed: Duration) -> f64 {
    let (min, max) = (f64::from(min), f64::from(max));
    // Only the part of a period: cosines of large numbers are inexact.
    let part = (elapsed.as_secs_f64() / period.as_secs_f64()).fract();
    min + (max - min) * (1.0 - (TAU * part).cos()) / 2.0
}

pub(super) fn double_wave(
    [min, first, second]: [u32; 3],
    lasting: Duration,
    elapsed: Duration,
) -> Option<f64> {
    if elapsed >= lasting {
        return None;
    }
    let [min, first, second] = [min, first, second].map(f64::from);
    let x = 15.0 * elapsed.as_secs_f64() / lasting.as_secs_f64();
    let wave = |height: f64, at: f64| (height - min) * (-(x - at).powi(2)).exp();
    Some(min + wave(first, 5.0) + wave(second, 10.0))
}
