//! Times in milliseconds, with the digits that were measured.
//!
//! Locust rounds times to about two digits and to whole milliseconds, so every percentile of a fast
//! service is `0` or `1`. Here a time keeps its digits, and this module alone decides how many are
//! written:
//!
//! - [`table_ms`]: for people; about three digits, in a column of six.
//! - [`file_ms`]: for files, figures that come from a histogram; four digits, never below 1 us.
//! - [`exact_ms`]: for files, figures that are exact; all digits, as Python spells floats.

use std::time::Duration;

const NANOS_PER_MS: u128 = 1_000_000;

/// The number of decimals of a millisecond in tables, by the time in nanoseconds below which it is
/// used.
const TABLE_STEPS: [(u128, usize); 3] = [(100_000, 3), (10_000_000, 2), (100_000_000, 1)];

/// The same for histogram times in files: four significant digits, but never finer than the recorded
/// microsecond, and never coarser than a millisecond.
const FILE_STEPS: [(u128, usize); 3] = [(10_000_000, 3), (100_000_000, 2), (1_000_000_000, 1)];

/// Writes a time for a table: `0.052`, `0.52`, `3.13`, `12.3`, `3127`.
pub fn table_ms(time: Duration) -> String {
    rounded_ms(time, &TABLE_STEPS)
}

/// Writes a time from a histogram for a file: `0.523`, `12.35`, `3127`; without trailing zeros.
pub fn file_ms(time: Duration) -> String {
    let mut text = rounded_ms(time, &FILE_STEPS);
    if text.contains('.') {
        text.truncate(text.trim_end_matches('0').trim_end_matches('.').len());
    }
    text
}

/// Writes an exact time for a file: `0.052379`, `54.0`.
pub fn exact_ms(time: Duration) -> String {
    float(time.as_nanos() as f64 / NANOS_PER_MS as f64)
}

/// Writes a float with the fewest digits that read back as the same float, in Python's format: `54.0`,
/// `0.25`, `1e-06`.
pub fn float(value: f64) -> String {
    let text = format!("{value:?}");
    // Rust uses exponents for the same magnitudes as Python, but writes `1e-6` for `1e-06`.
    match text.split_once('e') {
        Some((digits, exponent)) => {
            let exponent: i32 = exponent.parse().expect("a float's exponent is an integer");
            format!("{digits}e{exponent:+03}")
        }
        None => text,
    }
}

/// Writes the time with the decimals of the first step that it is below *after* rounding, so that 99.96
/// is `100` and not `100.0`; whole milliseconds above all steps.
fn rounded_ms(time: Duration, steps: &[(u128, usize)]) -> String {
    let nanos = time.as_nanos();
    for &(limit, decimals) in steps {
        let scale = 10_u128.pow(decimals as u32);
        let rounded = divide_rounding(nanos * scale, NANOS_PER_MS);
        if rounded * NANOS_PER_MS < limit * scale {
            return format!("{}.{:0decimals$}", rounded / scale, rounded % scale);
        }
    }
    divide_rounding(nanos, NANOS_PER_MS).to_string()
}

/// Rounds to the nearest integer, halves up.
fn divide_rounding(dividend: u128, divisor: u128) -> u128 {
    (dividend + divisor / 2) / divisor
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(write: fn(Duration) -> String, table: &[(u64, &str)]) {
        for &(nanos, expected) in table {
            assert_eq!(write(Duration::from_nanos(nanos)), expected, "{nanos} ns");
        }
    }

    #[test]
    fn a_table_shows_about_three_digits() {
        check(
            table_ms,
            &[
                (0, "0.000"),
                (400, "0.000"),
                (1_000, "0.001"),
                (52_379, "0.052"),
                (520_000, "0.52"),
                (1_000_000, "1.00"),
                (3_127_090, "3.13"),
                (12_345_678, "12.3"),
                (100_000_000, "100"),
                (870_400_000, "870"),
                (3_127_090_228, "3127"),
                (3_600_000_000_000, "3600000"),
            ],
        );
    }

    #[test]
    fn rounding_across_a_step_follows_the_rule_of_the_rounded_value() {
        check(
            table_ms,
            &[
                (99_499, "0.099"),
                (99_500, "0.10"),
                (9_994_999, "9.99"),
                (9_995_000, "10.0"),
                (99_949_999, "99.9"),
                (99_950_000, "100"),
                (99_960_000, "100"),
                (999_500_000, "1000"),
            ],
        );
    }

    #[test]
    fn a_file_shows_four_digits_but_no_nanoseconds_and_every_whole_millisecond() {
        check(
            file_ms,
            &[
                (0, "0"),
                (499, "0"),
                (500, "0.001"),
                (52_379, "0.052"),
                (523_000, "0.523"),
                (520_000, "0.52"),
                (9_999_499, "9.999"),
                (9_999_500, "10"),
                (12_345_678, "12.35"),
                (99_996_000, "100"),
                (100_000_000, "100"),
                (312_749_999, "312.7"),
                (999_960_000, "1000"),
                (3_127_090_228, "3127"),
                (61_234_567_890, "61235"),
            ],
        );
    }

    #[test]
    fn an_exact_time_keeps_every_nanosecond() {
        check(
            exact_ms,
            &[
                (0, "0.0"),
                (1, "1e-06"),
                (3_127_090_228_171, "3127090.228171"),
                (52_379, "0.052379"),
                (54_000_000, "54.0"),
                (10_374_156, "10.374156"),
            ],
        );
    }

    #[test]
    fn floats_are_spelled_as_python_spells_them() {
        for line in include_str!("../../tests/golden/floats.txt").lines() {
            let value: f64 = line.parse().expect("Python wrote a float");
            assert_eq!(float(value), line);
        }
    }
}
