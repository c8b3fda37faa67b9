//! Malformed header lines, without which responses were read.

use crate::stats::Snapshot;

/// Returns a line with their number and their names; empty without any.
pub(crate) fn render_malformed_lines(snapshot: &Snapshot) -> String {
    let lines = &snapshot.malformed_lines;
    if lines.is_empty() {
        return String::new();
    }
    let all: u64 = lines.iter().map(|(_, count)| count).sum();
    let names: Vec<_> = lines.iter().map(|(name, count)| format!("{count} {name}")).collect();
    format!(
        "Malformed header lines, which responses were read without: {all} ({})\n",
        names.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::report::samples::snapshot;

    #[test]
    fn malformed_lines_are_told_by_their_names() {
        let mut run = snapshot(Vec::new(), Duration::ZERO);
        assert_eq!(render_malformed_lines(&run), "");
        run.malformed_lines = vec![("x-bad[1]".to_owned(), 7), ("set-cookie".to_owned(), 2)];
        assert_eq!(
            render_malformed_lines(&run),
            "Malformed header lines, which responses were read without: 9 (7 x-bad[1], 2 set-cookie)\n"
        );
    }
}
