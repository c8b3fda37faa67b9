//! Core numbers as text: `0-3,6`.

/// Parses a list of core numbers and ranges, in the order given.
///
/// # Errors
///
/// Returns what is expected.
pub(crate) fn parse_cores(text: &str) -> Result<Vec<usize>, String> {
    let wrong = || "expected core numbers and ranges, such as 0-3,6".to_owned();
    let mut list = Vec::new();
    for part in text.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let first: usize = first.trim().parse().map_err(|_| wrong())?;
        let last: usize = last.trim().parse().map_err(|_| wrong())?;
        // The largest machines have a few thousand cores. A larger range is a typing mistake.
        if first > last || last > u16::MAX.into() {
            return Err(wrong());
        }
        list.extend(first..=last);
    }
    Ok(list)
}

/// Prints core numbers, with ranges: `0-3,6`.
pub(crate) fn cores(list: &[usize]) -> String {
    let mut runs: Vec<(usize, usize)> = Vec::new();
    for &core in list {
        match runs.last_mut() {
            Some((_, last)) if *last + 1 == core => *last = core,
            _ => runs.push((core, core)),
        }
    }
    let run = |(first, last): (usize, usize)| match first == last {
        true => first.to_string(),
        false => format!("{first}-{last}"),
    };
    runs.into_iter().map(run).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn core_lists_are_numbers_and_ranges() {
        assert_eq!(parse_cores("0"), Ok(vec![0]));
        assert_eq!(parse_cores("0-3,6"), Ok(vec![0, 1, 2, 3, 6]));
        for wrong in ["", "a", "3-1", "1-", "-1", "0-99999999999", "1,,2"] {
            assert!(parse_cores(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_list_is_written_as_short_as_it_goes() {
        for text in ["", "0", "0-3,6", "5,3-4", "1,1"] {
            let list = if text.is_empty() { Vec::new() } else { parse_cores(text).unwrap() };
            assert_eq!(cores(&list), text);
        }
    }
}
