//! The table of an open load: whether the generator started the arrivals that were asked for, when they
//! were due, and with the right distribution.

use std::fmt::Write as _;

use crate::report::digits::table_ms;
use crate::stats::{AndersonDarling, Distribution, OpenLoad, Snapshot};

/// Returns the numbers of arrivals that were asked for and reached, that were late and never started;
/// empty for a closed load.
pub(crate) fn render_open_load(snapshot: &Snapshot) -> String {
    let Some(load) = &snapshot.open_load else { return String::new() };
    let seconds = snapshot.elapsed.as_secs_f64();
    let rate = |count: f64| if seconds > 0.0 { count / seconds } else { 0.0 };
    let mut text = format!(
        "Open load: {:.2} iterations per second asked for, {:.2} started ({} of {} that were due)\n",
        rate(load.asked),
        rate(load.started as f64),
        load.started,
        load.due,
    );
    push_times(&mut text, "Iterations started late by (ms)", &load.lateness);
    push_times(&mut text, "Times between starts off by (ms)", &load.gap_errors);
    if let Some(test) = &load.anderson_darling {
        text.push_str(&verdict(test));
    }
    text.push_str(&overload(load));
    text
}

fn push_times(text: &mut String, what: &str, times: &Distribution) {
    let Some(figures) = &times.figures else { return };
    let _ = writeln!(
        text,
        "{what}: {} median, {} at 99%, {} at 99.9%, {} at most",
        table_ms(figures.median()),
        table_ms(figures.p99()),
        table_ms(figures.p999()),
        table_ms(figures.max),
    );
}

fn verdict(test: &AndersonDarling) -> String {
    let (verdict, because) = match test.holds() {
        true => ("as of a Poisson process", ""),
        false => (
            "not of a Poisson process",
            "; what was late, or in one turn with others, disturbs them",
        ),
    };
    format!(
        "Arrivals: times between starts are {verdict} (Anderson-Darling A2 = {:.2}, at most {} in 99 \
         of 100 cases; {} times{because})\n",
        test.statistic,
        AndersonDarling::LIMIT,
        test.sample,
    )
}

fn overload(load: &OpenLoad) -> String {
    let mut text = String::new();
    if load.delayed > 0 {
        let _ = writeln!(
            text,
            "Iterations that had to wait for a user: {} (at most {} at once; their times count from \
             when they were due; more users: max_users)",
            load.delayed, load.backlog_peak,
        );
    }
    if load.backlog > 0 {
        let _ = writeln!(
            text,
            "Iterations that were due and never started: {} (in no row above: what they would have \
             met is not in these times)",
            load.backlog,
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::report::samples::{figures, row, snapshot};

    const MS: Duration = Duration::from_millis(1);

    fn load(started: u64) -> OpenLoad {
        let times = |time| Distribution { count: started, figures: Some(figures(time)) };
        OpenLoad {
            asked: 1000.4,
            due: 1000,
            started,
            delayed: 0,
            backlog: 1000 - started,
            backlog_peak: 7,
            lateness: times(MS / 20),
            gap_errors: times(MS / 50),
            anderson_darling: None,
        }
    }

    fn text(load: OpenLoad) -> String {
        let mut run = snapshot(vec![row("GET", "/", 20, MS)], MS);
        assert_eq!(render_open_load(&run), "");
        run.open_load = Some(load);
        render_open_load(&run)
    }

    #[test]
    fn a_load_that_was_released_as_asked_for_says_so() {
        let mut load = load(1000);
        load.anderson_darling = Some(AndersonDarling { statistic: 0.917, sample: 2000 });
        assert_eq!(
            text(load.clone()),
            "Open load: 100.04 iterations per second asked for, 100.00 started (1000 of 1000 that \
             were due)\n\
             Iterations started late by (ms): 0.050 median, 0.050 at 99%, 0.050 at 99.9%, 0.050 at \
             most\n\
             Times between starts off by (ms): 0.020 median, 0.020 at 99%, 0.020 at 99.9%, 0.020 at \
             most\n\
             Arrivals: times between starts are as of a Poisson process (Anderson-Darling A2 = 0.92, \
             at most 3.857 in 99 of 100 cases; 2000 times)\n"
        );
        load.anderson_darling = Some(AndersonDarling { statistic: 12.0, sample: 2000 });
        assert!(text(load).contains("are not of a Poisson process"));
    }

    #[test]
    fn an_overload_says_what_waited_and_what_was_never_started() {
        let text = text(OpenLoad { delayed: 300, ..load(600) });
        let lines: Vec<_> = text.lines().skip(3).collect();
        assert!(
            lines[0].starts_with("Iterations that had to wait for a user: 300 (at most 7 at once")
        );
        assert!(lines[1].starts_with("Iterations that were due and never started: 400 ("));
    }
}
