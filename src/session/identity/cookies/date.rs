//! The date of `Expires`, by the algorithm of RFC 6265 section 5.1.1.
//!
//! The algorithm has no list of formats. It splits a date into tokens and takes the first token that
//! looks like a time, a day, a month or a year. Zones are never read, so `UTC`, `+0000` and the words in
//! brackets of JavaScript's dates are ignored.

use std::ops::RangeInclusive;
use std::time::Duration;

use jiff::civil::DateTime;

const EPOCH: DateTime = DateTime::constant(1970, 1, 1, 0, 0, 0, 0);

const MONTHS: [&[u8; 3]; 12] = [
    b"jan", b"feb", b"mar", b"apr", b"may", b"jun", b"jul", b"aug", b"sep", b"oct", b"nov", b"dec",
];

/// Returns the time since the Unix epoch; zero for earlier dates, `None` if the algorithm fails.
pub(super) fn parse(text: &[u8]) -> Option<Duration> {
    let (mut time, mut day, mut month, mut year) = (None, None, None, None);
    for token in text.split(|&byte| is_delimiter(byte)).filter(|token| !token.is_empty()) {
        // Step 2: each part is taken from the first token that fits.
        let _ = is_found(&mut time, || hms(token))
            || is_found(&mut day, || number(token, 1..=2))
            || is_found(&mut month, || month_of(token))
            || is_found(&mut year, || number(token, 2..=4));
    }
    let year = match year? {
        // Steps 3 and 4.
        short @ 70..=99 => short + 1900,
        short @ 0..=69 => short + 2000,
        long => long,
    };
    // Step 5. The calendar checks the rest of it, and step 6.
    if year < 1601 {
        return None;
    }
    let small = |number: i16| i8::try_from(number).ok();
    let [hour, minute, second] = time?.map(small);
    let date = DateTime::new(year, month?, small(day?)?, hour?, minute?, second?, 0).ok()?;
    Some(date.duration_since(EPOCH).try_into().unwrap_or_default())
}

/// Sets a part that has no value yet, if the token has one. Returns whether it did.
fn is_found<T>(wanted: &mut Option<T>, look: impl FnOnce() -> Option<T>) -> bool {
    if wanted.is_some() {
        return false;
    }
    *wanted = look();
    wanted.is_some()
}

fn is_delimiter(byte: u8) -> bool {
    matches!(byte, 0x09 | 0x20..=0x2f | 0x3b..=0x40 | 0x5b..=0x60 | 0x7b..=0x7e)
}

/// Returns a number of so many digits at the start of a token. What follows is ignored, unless it is a
/// digit.
fn number(token: &[u8], digits: RangeInclusive<usize>) -> Option<i16> {
    Some(split_number(token, digits)?.0)
}

/// Returns such a number and what follows it.
fn split_number(token: &[u8], digits: RangeInclusive<usize>) -> Option<(i16, &[u8])> {
    let end = token.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(token.len());
    let (number, rest) = token.split_at_checked(end).filter(|_| digits.contains(&end))?;
    Some((number.iter().fold(0, |value, digit| 10 * value + i16::from(digit - b'0')), rest))
}

/// Parses three numbers of one or two digits with colons between them.
fn hms(token: &[u8]) -> Option<[i16; 3]> {
    let (hour, rest) = split_number(token, 1..=2)?;
    let (minute, rest) = split_number(rest.strip_prefix(b":")?, 1..=2)?;
    Some([hour, minute, number(rest.strip_prefix(b":")?, 1..=2)?])
}

/// Returns the month by its first three letters, in any case: `Jan`, `JANUARY`, `Janbearpig`.
fn month_of(token: &[u8]) -> Option<i8> {
    let start = token.get(..3)?;
    let at = MONTHS.iter().position(|month| month.eq_ignore_ascii_case(start))?;
    i8::try_from(at + 1).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Seconds since the epoch.
    fn seconds(text: &str) -> Option<u64> {
        parse(text.as_bytes()).map(|time| time.as_secs())
    }

    /// 2 March 2021, 04:05:06.
    const WHEN: u64 = 1_614_657_906;

    /// The forms that servers, languages and people write, as in the dates of the http-state suite
    /// and of Chromium's tests. None of them has a zone that counts.
    #[test]
    fn a_date_is_read_in_any_form() {
        for text in [
            "Tue, 02 Mar 2021 04:05:06 GMT",
            "Tue, 02 Mar 2021 04:05:06 UTC",
            "Tue, 02 Mar 2021 04:05:06",
            "Tue, 02 Mar 2021 04:05:06 +0000",
            "Tue, 02 Mar 2021 04:05:06 -0700",
            "Tue, 02 Mar 2021 04:05:06 PST",
            "Tue, 2 Mar 2021 4:5:6 GMT",
            "Tue,02 Mar 2021 04:05:06 GMT",
            "Tue,\t02\tMar\t2021\t04:05:06",
            "tue, 02 mar 2021 04:05:06 gmt",
            "TUE, 02 MAR 2021 04:05:06 GMT",
            "Tuesday, 02 March 2021 04:05:06 GMT",
            "Tue, 02-Mar-2021 04:05:06 GMT",
            "Tuesday, 02-Mar-21 04:05:06 GMT",
            "Tue Mar 02 2021 04:05:06 GMT+0100 (Central European Standard Time)",
            "Tue Mar  2 04:05:06 2021",
            "Tue Mar  2 04:05:06 UTC 2021",
            "2 2021 04:05:06 marsupial",
            "04:05:06 02 2021 Mar",
            "2021 2 Mar 04:05:06",
            "02/Mar\\2021 {04:05:06}",
            "\"Tue, 02 Mar 2021 04:05:06 GMT\"",
            "02nd Mar 2021st 04:05:06.999",
            "02 Mar 2021 04:05:06Z",
            "Tue, 02 Mar 2021 04:05:06 GMT; 03 Apr 2022 05:06:07",
            " ,, 02 Mar 2021 04:05:06 ,,",
            "Wed, 02 Mar 2021 04:05:06 GMT",
        ] {
            assert_eq!(seconds(text), Some(WHEN), "{text}");
        }
    }

    #[test]
    fn the_first_token_that_fits_is_it() {
        // A number of two digits is the day as long as there is none, and the year from then on.
        assert_eq!(seconds("02 21 Mar 04:05:06"), Some(WHEN));
        assert_eq!(seconds("21 Mar 02 04:05:06"), seconds("21 Mar 2002 04:05:06"));
        assert_eq!(seconds("02 Mar Apr 2021 2022 04:05:06 05:06:07"), Some(WHEN));
    }

    #[test]
    fn short_years_are_of_1970_to_2069() {
        for (short, long) in [("70", "1970"), ("99", "1999"), ("00", "2000"), ("69", "2069")] {
            let date = |year: &str| seconds(&format!("02 Mar {year} 04:05:06"));
            assert!(date(short).is_some() && date(short) == date(long), "{short}");
        }
        // Of three digits, too, though nobody means the year 100.
        assert_eq!(seconds("02 Mar 069 04:05:06"), seconds("02 Mar 2069 04:05:06"));
        assert_eq!(seconds("02 Mar 100 04:05:06"), None);
    }

    #[test]
    fn the_ends_of_time_are_dates() {
        assert_eq!(seconds("Thu, 01 Jan 1970 00:00:00 GMT"), Some(0));
        assert_eq!(seconds("Mon, 01 Jan 1601 00:00:00 GMT"), Some(0), "before the epoch");
        assert_eq!(seconds("Fri, 31 Dec 9999 23:59:59 GMT"), Some(253_402_300_799));
        assert_eq!(seconds("Tue, 29 Feb 2000 00:00:00 GMT"), Some(951_782_400));
    }

    #[test]
    fn what_is_no_date_is_none() {
        for text in [
            "",
            "0",
            "-1",
            "never",
            "1614657906",
            "Tue, 02 Mar 2021",
            "Tue, 02 Mar 2021 04:05",
            "Tue, 02 Mar 04:05:06",
            "Tue, Mar 2021 04:05:06",
            "Tue, 02 2021 04:05:06",
            "Tue, 002 Mar 2021 04:05:06",
            "Tue, 02 Mar 20210 04:05:06",
            "Tue, 02 Mar 2021 004:05:06",
            "Tue, 02 Mar 2021 04:05:006",
            "Tue, 02 Mar 2021 04::06",
            "Tue, 02Mar2021 04:05:06",
            "2021-03-02T04:05:06Z",
            "Tue, 02 Mrz 2021 04:05:06",
            "Tue, 00 Mar 2021 04:05:06",
            "Wed, 32 Mar 2021 04:05:06",
            "Tue, 30 Feb 2021 04:05:06",
            "Mon, 29 Feb 2021 04:05:06",
            "Tue, 02 Mar 1600 04:05:06",
            "Tue, 02 Mar 2021 24:00:00",
            "Tue, 02 Mar 2021 04:60:06",
            "Tue, 02 Mar 2021 04:05:60",
        ] {
            assert_eq!(seconds(text), None, "{text}");
        }
        assert_eq!(parse(b"\xff\x00 02 Mar 2021 04:05\xff:06"), None);
    }
}
