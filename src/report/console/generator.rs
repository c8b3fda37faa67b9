//! The table of the generator itself: how its cores performed, and whether the other tables are to be
//! trusted.

use crate::report::digits::table_ms;
use crate::report::warnings::warnings;
use crate::stats::{CoreHealth, Figures, RequestCost, Snapshot};

/// Returns the health of the generator, and every reason to doubt its numbers; empty if no core has
/// shipped anything. The table is 80 columns wide, as the narrowest usual terminal.
pub(crate) fn render_generator(snapshot: &Snapshot) -> String {
    let health = &snapshot.health;
    if health.cores.is_empty() {
        return String::new();
    }
    let mut table = format!(
        "{:<9} {:>6} {:>7} | {:>8} {:>8} {:>9} {:>8} {:>16}\n",
        "Generator",
        "busy",
        "at most",
        "user s",
        "system s",
        "turns",
        "longest",
        "completions/turn"
    );
    table.push_str(&format!("{}|{}\n", "-".repeat(25), "-".repeat(54)));
    health.cores.iter().for_each(|core| table.push_str(&core_line(core)));
    if let Some(lateness) = &health.lateness.figures {
        table.push_str(&lateness_line(lateness, health.lateness.count));
    }
    table.extend(cost_line(&health.request_cost));
    if !health.backend.is_empty() {
        table += &format!("Sockets over: {}\n", health.backend);
    }
    for warning in warnings(snapshot) {
        table += &format!("Warning: {warning}\n");
    }
    table
}

fn core_line(core: &CoreHealth) -> String {
    let CoreHealth { core: number, busy, busiest_second, work, .. } = core;
    let at_once = match work.busy_turns {
        0 => "-".to_owned(),
        _ => format!("{:.1}", work.completions_per_turn()),
    };
    format!(
        "{:<9} {:>5.1}% {:>6.1}% | {:>8.2} {:>8.2} {:>9} {:>5} ms {:>16}\n",
        format!("core {number}"),
        100.0 * busy,
        100.0 * busiest_second,
        work.cpu.user.as_secs_f64(),
        work.cpu.system.as_secs_f64(),
        work.turns,
        table_ms(work.longest_turn),
        at_once,
    )
}

fn lateness_line(lateness: &Figures, timers: u64) -> String {
    format!(
        "Timers late by (ms): {} median, {} at 99%, {} at 99.9%, {} at most, of {timers}\n",
        table_ms(lateness.median()),
        table_ms(lateness.p99()),
        table_ms(lateness.p999()),
        table_ms(lateness.max),
    )
}

/// Returns `None` if no core ever made so many requests that they took most of its time.
fn cost_line(cost: &RequestCost) -> Option<String> {
    let (user, system) = cost.each_us()?;
    Some(format!(
        "CPU per request (us): {user:.2} user, {system:.2} system ({} requests of seconds with 1000 \
         or more a core)\n",
        cost.requests,
    ))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::report::samples::{core, figures, row, snapshot};
    use crate::stats::Distribution;

    const US: Duration = Duration::from_micros(1);

    #[test]
    fn every_core_has_a_line_and_every_doubt_one_below() {
        let mut run = snapshot(vec![row("GET", "/", 1000, 1000 * US)], 1000 * US);
        assert_eq!(render_generator(&run), "");
        run.health.cores = vec![core(0, 0.5, 0), core(6, 0.95, 2)];
        run.health.request_cost = RequestCost { cpu: run.health.work().cpu, requests: 4_000_000 };
        run.health.backend = "epoll".to_owned();
        run.health.lateness = Distribution { count: 321, figures: Some(figures(52 * US)) };
        let table = render_generator(&run);
        let lines: Vec<_> = table.lines().collect();
        assert_eq!(
            lines[..7],
            [
                "Generator   busy at most |   user s system s     turns  longest completions/turn",
                "-------------------------|------------------------------------------------------",
                "core 0     25.0%   50.0% |     1.00     3.00       900  1.00 ms              3.5",
                "core 6     47.5%   95.0% |     1.00     3.00       900  1.00 ms              3.5",
                "Timers late by (ms): 0.052 median, 0.052 at 99%, 0.052 at 99.9%, 0.052 at most, of 321",
                "CPU per request (us): 0.50 user, 1.50 system (4000000 requests of seconds with \
                 1000 or more a core)",
                "Sockets over: epoll",
            ]
        );
        assert!(lines[7].starts_with("Warning: core 6 was more than 90% busy in 2 seconds"));
        assert_eq!(lines.len(), 8);
        assert!(lines[7..].iter().all(|line| line.starts_with("Warning: ")));
    }

    #[test]
    fn what_a_few_requests_cost_or_an_idle_core_brought_at_once_is_not_told() {
        let mut run = snapshot(vec![row("GET", "/", 19, 1000 * US)], 1000 * US);
        run.health.cores = vec![core(0, 0.008, 0)];
        run.health.cores[0].work.busy_turns = 0;
        run.health.cores[0].work.completions = 0;
        let table = render_generator(&run);
        assert!(!table.contains("CPU per request"), "{table}");
        let line =
            "core 0      0.4%    0.8% |     1.00     3.00       900  1.00 ms                -";
        assert_eq!(table.lines().nth(2), Some(line));
    }
}
