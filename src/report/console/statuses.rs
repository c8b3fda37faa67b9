//! The table of status codes.

use std::cmp::Reverse;
use std::ops::RangeInclusive;

use super::layout::{Column, Screen, Table};
use crate::stats::{Row, Snapshot};

/// The number of codes, the most frequent ones, with a column of their own.
const CODES_MAX: usize = 12;

/// The smallest width of the name column, for `Aggregated`, and its largest.
const NAMES: RangeInclusive<usize> = 10..=80;

const COLUMN: Column = Column::new(" ", 8, 8);

/// Returns the table of status codes with a column for each; empty without any response.
///
/// Codes beyond the twelfth share the column `other`; `none` counts requests without a complete
/// response. A row adds up to the entry's requests.
pub(crate) fn render_statuses(snapshot: &Snapshot, screen: Screen) -> String {
    let total = &snapshot.total;
    let codes = codes(total);
    if codes.is_empty() {
        return String::new();
    }
    let other = |row: &Row| row.statuses.sum() - shown(row, &codes).sum::<u64>();
    let (has_other, has_none) = (other(total) > 0, total.without_response() > 0);
    let cells = |row: &Row| -> Vec<String> {
        let other = has_other.then(|| other(row));
        let none = has_none.then(|| row.without_response());
        shown(row, &codes).chain(other).chain(none).map(|requests| requests.to_string()).collect()
    };
    let headers = codes.iter().map(u16::to_string);
    let headers = headers.chain(has_other.then(|| "other".to_owned()));
    let headers: Vec<_> = headers.chain(has_none.then(|| "none".to_owned())).collect();
    let rows = || snapshot.entries.iter().filter(|row| row.requests > 0);
    let longest = rows().map(|row| row.key.name.chars().count()).max().unwrap_or_default();
    let name_max = longest.clamp(*NAMES.start(), *NAMES.end());
    let mut table = Table::new(screen, name_max, &vec![COLUMN; headers.len()]);
    table.push("Type", "Name", &headers);
    table.push_rule();
    for row in rows() {
        table.push(&row.key.method, &row.key.name, &cells(row));
    }
    table.push_rule();
    table.push("", &total.key.name, &cells(total));
    format!("Status codes\n{}", table.into_text())
}

/// Returns the codes with a column, in their order.
fn codes(total: &Row) -> Vec<u16> {
    let mut codes: Vec<(u16, u64)> = total.statuses.iter().collect();
    codes.sort_by_key(|&(_, requests)| Reverse(requests));
    codes.truncate(CODES_MAX);
    let mut codes: Vec<u16> = codes.into_iter().map(|(code, _)| code).collect();
    codes.sort_unstable();
    codes
}

/// Returns a row's count for each of these codes.
fn shown(row: &Row, codes: &[u16]) -> impl Iterator<Item = u64> {
    codes.iter().map(|&code| row.statuses.of(code))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::report::samples::{row, snapshot};

    fn run(statuses: &[(u16, u64)]) -> Snapshot {
        let mut run = snapshot(vec![row("GET", "/", 20, Duration::ZERO)], Duration::ZERO);
        run.entries[0].statuses = statuses.iter().copied().collect();
        run.total.statuses = run.entries[0].statuses.clone();
        run
    }

    #[test]
    fn each_code_has_a_column_and_what_had_no_response_too() {
        assert_eq!(render_statuses(&run(&[]), Screen::Terminal(60)), "");
        let table = render_statuses(&run(&[(200, 15), (404, 5)]), Screen::Terminal(60));
        let expected = [
            "Status codes",
            "Type     Name            200      404",
            "--------|----------|--------|--------",
            "GET      /                15        5",
            "--------|----------|--------|--------",
            "         Aggregated       15        5",
        ];
        assert_eq!(table.lines().collect::<Vec<_>>(), expected);
        let table = render_statuses(&run(&[(200, 15), (404, 2)]), Screen::Terminal(80));
        let words = |line: usize| -> Vec<&str> {
            table.lines().nth(line).unwrap_or_default().split_whitespace().collect()
        };
        assert_eq!(words(1), ["Type", "Name", "200", "404", "none"]);
        assert_eq!(words(3), ["GET", "/", "15", "2", "3"]);
    }

    #[test]
    fn rare_codes_share_a_column() {
        let mut many: Vec<(u16, u64)> = (200..211).map(|code| (code, 1)).collect();
        many.extend([(500, 3), (599, 4), (999, 2)]);
        let table = render_statuses(&run(&many), Screen::Pipe);
        let words = |line: usize| -> Vec<&str> {
            table.lines().nth(line).unwrap_or_default().split_whitespace().collect()
        };
        assert_eq!(
            words(1)[2..],
            [
                "200", "201", "202", "203", "204", "205", "206", "207", "208", "500", "599", "999",
                "other"
            ]
        );
        assert_eq!(
            words(3)[2..],
            ["1", "1", "1", "1", "1", "1", "1", "1", "1", "3", "4", "2", "2"]
        );
    }
}
