//! The names of percentiles in headers.

use crate::stats::PERCENTILES;

/// Returns the headers of the percentile columns, in the order of [`PERCENTILES`].
pub(crate) fn headers() -> impl Iterator<Item = String> {
    PERCENTILES.into_iter().map(spell)
}

/// Returns a fraction in percent without binary rounding errors: `50%`, `99.9%`.
pub(crate) fn spell(fraction: f64) -> String {
    // Six decimals, as in Locust: enough for any percentile that has enough samples, and few enough to
    // turn 28.999999999999996 into 29.
    let percent = (fraction * 100.0 * 1e6).round() / 1e6;
    format!("{percent}%")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_spelled_as_locust_spells_them() {
        let spelled: Vec<_> = headers().collect();
        let expected =
            ["50%", "66%", "75%", "80%", "90%", "95%", "98%", "99%", "99.9%", "99.99%", "100%"];
        assert_eq!(spelled, expected);
    }

    #[test]
    fn a_fraction_that_binary_cannot_hold_is_still_spelled_short() {
        assert_eq!(spell(0.29), "29%");
        assert_eq!(spell(0.999_999), "99.9999%");
    }
}
