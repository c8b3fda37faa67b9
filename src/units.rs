//! Parses and prints durations, shares, sizes and core numbers.
//!
//! Durations have two grammars. Some flags take Locust's time span (`20`, `20s`, `3m`, `1h20m`): whole numbers
//! of seconds, minutes and hours. Scenario files take more (`250ms`, `100us`, `1.5s`). Both end at
//! [`LONGEST`], so that the sum of an instant and a parsed duration cannot overflow.

mod cores;
mod size;

use std::time::{Duration, Instant};

use thiserror::Error;

pub(crate) use cores::{cores, parse_cores};
pub(crate) use size::{parse_size, size};

/// The longest duration: 136 years, whose nanoseconds fit into 64 bits.
pub(crate) const LONGEST: Duration = Duration::from_secs(u32::MAX as u64);

/// Returns the instant that is this much later, at most [`LONGEST`], so that it cannot overflow.
pub(crate) fn after(instant: Instant, duration: Duration) -> Instant {
    instant + duration.min(LONGEST)
}

const NANOS_PER_SECOND: u128 = 1_000_000_000;

/// Units of the scenario file's grammar, largest first, with their length in nanoseconds.
const UNITS: [(&str, u128); 5] = [
    ("h", 3600 * NANOS_PER_SECOND),
    ("m", 60 * NANOS_PER_SECOND),
    ("s", NANOS_PER_SECOND),
    ("ms", 1_000_000),
    ("us", 1_000),
];

/// Why a text or a number is not a duration.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DurationError {
    /// It is not in Locust's grammar.
    #[error("invalid time span '{0}': valid formats are 20, 20s, 3m, 2h, 1h20m, 3h30m10s")]
    TimeSpan(String),
    /// It is not in the grammar of scenario files.
    #[error("invalid duration '{0}': valid formats are 20, 20s, 1.5s, 250ms, 100us, 3m, 1h20m")]
    Duration(String),
    /// The number of seconds is negative or not a number.
    #[error("invalid duration {0}: seconds must be 0 or more")]
    Seconds(String),
    /// It is longer than [`LONGEST`].
    #[error("duration '{0}' is too long: at most 136 years are possible")]
    TooLong(String),
}

/// A text is not a share.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("expected a share between 0 and 1, or between 0% and 100%")]
pub struct NoShare;

/// Parses Locust's time span: `20`, `20s`, `3m`, `2h`, `1h20m`, `3h30m10s`.
///
/// Numbers are whole. Each unit occurs at most once, the largest first. `--run-time` and `--stop-timeout`
/// take this.
pub(crate) fn parse_time_span(text: &str) -> Result<Duration, DurationError> {
    let invalid = || DurationError::TimeSpan(text.to_owned());
    if text.contains('.') {
        return Err(invalid());
    }
    parse(text, &UNITS[..3]).map_err(|reason| reason.error(text, invalid))
}

/// Parses a duration of a scenario file: a time span, or a finer one such as `250ms`, `100us`, `1.5s`.
///
/// A number without a unit is seconds.
pub(crate) fn parse_duration(text: &str) -> Result<Duration, DurationError> {
    let invalid = || DurationError::Duration(text.to_owned());
    parse(text, &UNITS).map_err(|reason| reason.error(text, invalid))
}

/// Parses a share of a whole: `0.05`, `5%`.
pub(crate) fn parse_share(text: &str) -> Result<f64, NoShare> {
    let (number, whole) = text.strip_suffix('%').map_or((text, 1.0), |percent| (percent, 100.0));
    let share = number.parse::<f64>().map_err(|_| NoShare)? / whole;
    if (0.0..=1.0).contains(&share) { Ok(share) } else { Err(NoShare) }
}

/// Returns a number of seconds as a duration.
pub(crate) fn seconds(seconds: f64) -> Result<Duration, DurationError> {
    if seconds.is_nan() || seconds < 0.0 {
        return Err(DurationError::Seconds(seconds.to_string()));
    }
    match Duration::try_from_secs_f64(seconds) {
        Ok(duration) if duration <= LONGEST => Ok(duration),
        _ => Err(DurationError::TooLong(seconds.to_string())),
    }
}

/// Prints a duration as [`parse_duration`] reads it back: `1m30s`, `250ms`, `1.5s`, `0s`.
///
/// It is exact to the nanosecond.
pub(crate) fn short(duration: Duration) -> String {
    let total = duration.as_nanos();
    if total < NANOS_PER_SECOND && total > 0 {
        let (unit, nanos) = if total >= 1_000_000 { UNITS[3] } else { UNITS[4] };
        return format!("{}{unit}", decimal(total, nanos));
    }
    let mut text = String::new();
    let mut rest = total;
    for (unit, nanos) in &UNITS[..2] {
        if rest >= *nanos {
            text.push_str(&format!("{}{unit}", rest / nanos));
            rest %= nanos;
        }
    }
    if rest > 0 || text.is_empty() {
        text.push_str(&format!("{}s", decimal(rest, NANOS_PER_SECOND)));
    }
    text
}

/// Prints a duration in one unit, for a sentence: `5 s`, `90 s`, `1.5 s`, `250 ms`.
pub(crate) fn spaced(duration: Duration) -> String {
    let total = duration.as_nanos();
    let (unit, nanos) = match total {
        1..1_000_000 => UNITS[4],
        1_000_000..NANOS_PER_SECOND => UNITS[3],
        _ => ("s", NANOS_PER_SECOND),
    };
    format!("{} {unit}", decimal(total, nanos))
}

/// Prints a count with separated thousands: `1,024`.
pub(crate) fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (at, digit) in digits.char_indices() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Prints a number of users: `1 user`, `2 users`.
pub(crate) fn users(count: u32) -> String {
    counted(count, "user")
}

/// Prints a number of things: `1 request`, `2 requests`.
pub(crate) fn counted(count: u32, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

/// `nanos` in units of `unit`, with the decimals it has and no others.
fn decimal(nanos: u128, unit: u128) -> String {
    let (whole, part) = (nanos / unit, nanos % unit);
    if part == 0 {
        return whole.to_string();
    }
    let width = unit.ilog10() as usize;
    let digits = format!("{part:0width$}");
    format!("{whole}.{}", digits.trim_end_matches('0'))
}

/// Why [`parse`] stopped; the caller knows which grammar to name.
enum Reason {
    Grammar,
    TooLong,
}

impl Reason {
    fn error(self, text: &str, grammar: impl Fn() -> DurationError) -> DurationError {
        match self {
            Reason::Grammar => grammar(),
            Reason::TooLong => DurationError::TooLong(text.to_owned()),
        }
    }
}

/// One or more of number and unit, units from large to small; or a bare number of seconds.
fn parse(text: &str, units: &[(&str, u128)]) -> Result<Duration, Reason> {
    if !text.contains(|c: char| c.is_ascii_alphabetic()) {
        return within_limit(scaled(text, NANOS_PER_SECOND)?);
    }
    let (mut rest, mut units) = (text, units);
    let mut total: u128 = 0;
    while !rest.is_empty() {
        let (number, after) = split_where(rest, |c| c.is_ascii_alphabetic());
        let (name, left) = split_where(after, |c| !c.is_ascii_alphabetic());
        let at = units.iter().position(|(unit, _)| *unit == name).ok_or(Reason::Grammar)?;
        // No overflow: each of the five units adds less than 2^64 hours.
        total += scaled(number, units[at].1)?;
        units = &units[at + 1..];
        rest = left;
    }
    within_limit(total)
}

/// The text before and from the first character that `stop` holds for.
fn split_where(text: &str, stop: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(stop).unwrap_or(text.len()))
}

/// A decimal number, `12` or `1.5`, times a unit in nanoseconds; what is finer is cut off.
fn scaled(number: &str, unit: u128) -> Result<u128, Reason> {
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    if !is_digits(whole) || !is_digits(fraction) {
        return Err(Reason::Grammar);
    }
    let whole: u64 = whole.parse().map_err(|_| Reason::TooLong)?;
    // Eighteen digits of the longest unit are far below a nanosecond.
    let mut nanos = u128::from(whole) * unit;
    let mut digit_unit = unit * 10_u128.pow(18);
    let mut fraction_nanos = 0;
    for digit in fraction.bytes().take(18) {
        digit_unit /= 10;
        fraction_nanos += u128::from(digit - b'0') * digit_unit;
    }
    nanos += fraction_nanos / 10_u128.pow(18);
    Ok(nanos)
}

fn within_limit(nanos: u128) -> Result<Duration, Reason> {
    if nanos > LONGEST.as_nanos() {
        return Err(Reason::TooLong);
    }
    let nanos = u64::try_from(nanos).expect("LONGEST fits 64 bits of nanoseconds");
    Ok(Duration::from_nanos(nanos))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_have_one_unit_and_grouped_counts() {
        for (millis, text) in [(5_000, "5 s"), (90_000, "90 s"), (1_500, "1.5 s"), (250, "250 ms")]
        {
            assert_eq!(spaced(Duration::from_millis(millis)), text);
        }
        for (count, text) in [(0, "0"), (999, "999"), (1024, "1,024"), (1_234_567, "1,234,567")] {
            assert_eq!(grouped(count), text);
        }
    }

    #[test]
    fn there_is_an_instant_after_every_duration() {
        let now = Instant::now();
        assert_eq!(after(now, Duration::from_secs(1)), now + Duration::from_secs(1));
        assert_eq!(after(now, Duration::MAX), now + LONGEST);
    }

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[track_caller]
    fn check_span(text: &str, expected: Option<u64>) {
        assert_eq!(parse_time_span(text).ok(), expected.map(Duration::from_secs), "{text:?}");
    }

    #[track_caller]
    fn check_duration(text: &str, expected: Option<Duration>) {
        assert_eq!(parse_duration(text).ok(), expected, "{text:?}");
    }

    #[test]
    fn a_time_span_is_whole_hours_minutes_and_seconds() {
        check_span("20", Some(20));
        check_span("20s", Some(20));
        check_span("3m", Some(180));
        check_span("2h", Some(7200));
        check_span("1h20m", Some(4800));
        check_span("3h30m10s", Some(12_610));
        check_span("1h5s", Some(3605));
        check_span("0", Some(0));
        check_span("090s", Some(90));
    }

    #[test]
    fn a_time_span_is_nothing_else() {
        for text in ["", " ", "s", "1.5m", "1.5", "10ms", "1d", "1m1h", "1m2m", "1h20", "-1", "+1"]
        {
            check_span(text, None);
        }
        for text in ["20 s", " 20", "20s ", "2x", "1h-2m", "\u{0661}s", "1S", "2 h", "."] {
            check_span(text, None);
        }
    }

    #[test]
    fn a_bad_time_span_names_the_valid_formats() {
        assert_eq!(
            parse_time_span("1.5m").unwrap_err().to_string(),
            "invalid time span '1.5m': valid formats are 20, 20s, 3m, 2h, 1h20m, 3h30m10s"
        );
    }

    #[test]
    fn a_duration_may_be_fine_and_fractional() {
        check_duration("250ms", Some(ms(250)));
        check_duration("100us", Some(Duration::from_micros(100)));
        check_duration("1.5s", Some(ms(1500)));
        check_duration("0.25", Some(ms(250)));
        check_duration("1m0.5s", Some(ms(60_500)));
        check_duration("1s500ms", Some(ms(1500)));
        check_duration("0.0000000001h", Some(Duration::from_nanos(360)));
        check_duration("1.0000000000000000000000000000000001s", Some(ms(1000)));
    }

    #[test]
    fn a_duration_is_nothing_else() {
        for text in ["", "ms", "1.s", ".5s", "1..5s", "1e3", "inf", "NaN", "1ms1s", "5ns", "-5ms"] {
            check_duration(text, None);
        }
    }

    #[test]
    fn huge_numbers_are_too_long_and_do_not_overflow() {
        let huge = "9".repeat(400);
        let sum = "18446744073709551615h18446744073709551615m18446744073709551615s";
        for text in [huge.as_str(), &format!("{huge}h"), sum, "4294967296"] {
            assert_eq!(parse_time_span(text), Err(DurationError::TooLong(text.to_owned())));
            assert_eq!(parse_duration(text), Err(DurationError::TooLong(text.to_owned())));
        }
        check_duration("4294967295", Some(LONGEST));
    }

    #[test]
    fn seconds_are_zero_or_more_and_not_too_many() {
        assert_eq!(seconds(0.25), Ok(ms(250)));
        assert_eq!(seconds(-0.0), Ok(Duration::ZERO));
        for bad in [-1.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e300] {
            assert!(seconds(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_share_is_a_fraction_or_percent() {
        for (text, share) in
            [("0", 0.0), ("0.05", 0.05), ("5%", 0.05), ("0.1%", 0.001), ("100%", 1.0)]
        {
            assert_eq!(parse_share(text), Ok(share), "{text}");
        }
        for text in ["", "%", "5 %", "1.1", "101%", "-1%", "5%%", "NaN", "inf%", "half"] {
            assert_eq!(parse_share(text), Err(NoShare), "{text}");
        }
    }

    #[test]
    fn short_takes_the_largest_units_that_fit() {
        let table = [
            (Duration::ZERO, "0s"),
            (ms(90_000), "1m30s"),
            (ms(3_600_000), "1h"),
            (ms(60_250), "1m0.25s"),
            (ms(1500), "1.5s"),
            (ms(250), "250ms"),
            (Duration::from_micros(1500), "1.5ms"),
            (Duration::from_nanos(1), "0.001us"),
        ];
        for (duration, expected) in table {
            assert_eq!(short(duration), expected);
        }
    }

    #[test]
    fn what_short_prints_is_read_back_exactly() {
        for seed in 0..2000 {
            let mut rng = fastrand::Rng::with_seed(seed);
            let bits = rng.u32(0..62);
            let duration = Duration::from_nanos(rng.u64(0..=1 << bits));
            assert_eq!(parse_duration(&short(duration)), Ok(duration), "seed {seed}");
        }
    }

    #[test]
    fn no_text_panics() {
        const ALPHABET: &[u8] = b"0123456789.hmsu -+e\xc3\xa9";
        for seed in 0..5000 {
            let mut rng = fastrand::Rng::with_seed(seed);
            let bytes: Vec<u8> =
                (0..rng.usize(0..24)).map(|_| ALPHABET[rng.usize(0..ALPHABET.len())]).collect();
            let text = String::from_utf8_lossy(&bytes);
            for duration in [parse_time_span(&text), parse_duration(&text)].into_iter().flatten() {
                assert!(duration <= LONGEST, "seed {seed}: {text:?}");
            }
        }
    }
}
