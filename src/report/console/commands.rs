//! The commands during a run, which explain changes of its numbers.

use std::fmt::Write as _;

use super::tables::one_line;
use crate::stats::Snapshot;

/// Returns a line for each command; empty without commands.
pub(crate) fn render_commands(snapshot: &Snapshot) -> String {
    let mut text = String::new();
    for command in &snapshot.commands {
        let at = command.at.as_secs_f64();
        let _ = writeln!(text, "Command after {at:.2} s: {}", one_line(&command.what));
    }
    text
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::report::samples::snapshot;
    use crate::stats::Command;

    #[test]
    fn commands_are_told_in_their_order_a_line_each() {
        let mut run = snapshot(Vec::new(), Duration::ZERO);
        assert_eq!(render_commands(&run), "");
        let command = |millis, what: &str| {
            let at = Duration::from_millis(millis);
            Command { at, what: what.to_owned() }
        };
        run.commands =
            vec![command(1234, "5 users at 100 per second"), command(65_000, "st\x1bop")];
        assert_eq!(
            render_commands(&run),
            "Command after 1.23 s: 5 users at 100 per second\n\
             Command after 65.00 s: st\\u{1b}op\n"
        );
    }
}
