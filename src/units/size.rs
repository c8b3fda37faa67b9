//! Sizes in bytes.

use thiserror::Error;

const UNITS: [(&str, u64); 8] = [
    ("B", 1),
    ("KB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("", 1),
];

/// A text is not a size.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("invalid size '{0}': valid formats are 1000, 500B, 64KiB, 1MB, 1.5GiB")]
pub(crate) struct InvalidSize(String);

/// Parses a number of bytes: `1000`, `64KiB` (1024 each), `1MB` (1000 each), `1.5GiB`.
///
/// Fractions of a byte are cut off.
pub(crate) fn parse_size(text: &str) -> Result<u64, InvalidSize> {
    let invalid = || InvalidSize(text.to_owned());
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, name) = text.split_at(end);
    let is_unit = |unit: &str| unit.eq_ignore_ascii_case(name);
    let (_, unit) = UNITS.into_iter().find(|(unit, _)| is_unit(unit)).ok_or_else(invalid)?;
    let is_number = number.starts_with(|c: char| c.is_ascii_digit()) && !number.ends_with('.');
    let bytes = match number.parse::<u64>() {
        Ok(whole) => whole.checked_mul(unit),
        // Up to 2^53 the number is exact, and larger sizes are not given with fractions.
        Err(_) => number.parse::<f64>().ok().map(|number| number * unit as f64).and_then(exact),
    };
    bytes.filter(|_| is_number).ok_or_else(invalid)
}

/// Prints bytes in the largest unit that leaves a whole number: `16 MiB`, `1000 B`.
pub(crate) fn size(bytes: u64) -> String {
    let units = [("GiB", 30), ("MiB", 20), ("KiB", 10)];
    let whole = units.into_iter().find(|(_, bits)| bytes > 0 && bytes.is_multiple_of(1 << bits));
    let (unit, bits) = whole.unwrap_or(("B", 0));
    format!("{} {unit}", bytes >> bits)
}

fn exact(bytes: f64) -> Option<u64> {
    (bytes < (1_u64 << 53) as f64).then_some(bytes as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_units_of_1000_and_of_1024() {
        for (text, bytes) in [
            ("0", 0),
            ("1000", 1000),
            ("500B", 500),
            ("64KiB", 65_536),
            ("64kib", 65_536),
            ("1MB", 1_000_000),
            ("1.5GiB", 3 << 29),
            ("0.0001KB", 0),
            ("18446744073709551615", u64::MAX),
        ] {
            assert_eq!(parse_size(text), Ok(bytes), "{text}");
        }
    }

    #[test]
    fn a_size_is_shown_in_the_largest_unit_that_leaves_a_whole_number() {
        for (bytes, text) in [
            (0, "0 B"),
            (1000, "1000 B"),
            (65_536, "64 KiB"),
            (1 << 20, "1 MiB"),
            ((1 << 20) + 1, "1048577 B"),
            (3 << 29, "1536 MiB"),
            (1 << 30, "1 GiB"),
        ] {
            assert_eq!(size(bytes), text);
        }
    }

    #[test]
    fn what_is_no_size_says_what_is() {
        for text in [
            "",
            "KB",
            "1K",
            "1 MB",
            "-1",
            "1e3",
            ".5MB",
            "1.MB",
            "1.2.3MB",
            "1MB2",
            "1 MiB ",
            "18446744073709551616",
            "20000000000GiB",
        ] {
            let error = parse_size(text).unwrap_err().to_string();
            assert_eq!(
                error,
                format!("invalid size '{text}': valid formats are 1000, 500B, 64KiB, 1MB, 1.5GiB")
            );
        }
    }
}
