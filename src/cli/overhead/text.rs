//! The results as text, with an explanation.

use std::fmt::Write as _;
use std::time::Duration;

use super::Overhead;
use super::measurement::Measurement;
use crate::report::digits::table_ms;
use crate::stats::Figures;
use crate::units;

/// Returns what is measured, and the head of the table.
pub(super) fn opening(measured: &Overhead, time: Duration) -> String {
    let servers: Vec<String> = measured.servers.iter().map(|core| core.id.to_string()).collect();
    let (client, servers) = (measured.client.id, servers.join(","));
    let mut text = format!(
        "What gregaria {} costs here: GET / without waits, client on core {client}, built-in server \
         on core {servers}, both over {}, {} s a line\n",
        env!("CARGO_PKG_VERSION"),
        measured.chosen.backend,
        time.as_secs(),
    );
    if let Some(refusal) = &measured.chosen.refusal {
        let _ = writeln!(text, "io_uring would take less CPU time per request: {refusal}");
    }
    if measured.shares_its_core() {
        text += "There is only one core: client and server take turns, so rates and times are both \
                 of theirs.\n";
    }
    let _ = write!(
        text,
        "\n{:>6} | {:>9} {:>9} {:>6} | {:>17} | {:>22} | {:>22} | {:>11} {:>12}\n\
         {:>6} | {:>9} {:>9} {:>6} | {:>8} {:>8} | {:>6} {:>7} {:>7} | {:>6} {:>7} {:>7} | {:>11} \
         {:>12}\n",
        "",
        "requests",
        "per CPU",
        "",
        "CPU/request (us)",
        "latency (ms)",
        "timers late by (ms)",
        "completions",
        "longest turn",
        "users",
        "per s",
        "second",
        "busy",
        "user",
        "system",
        "50%",
        "99%",
        "99.9%",
        "50%",
        "99%",
        "99.9%",
        "per turn",
        "(ms)",
    );
    let bar = [7, 28, 19, 24, 24, 25].map(|width| "-".repeat(width)).join("|");
    text + &bar + "\n"
}

/// Returns one line of the table.
pub(super) fn line(level: &Measurement) -> String {
    let three = |figures: &Figures| {
        let [p50, p99, p999] = [figures.median(), figures.p99(), figures.p999()].map(table_ms);
        format!("{p50:>6} {p99:>7} {p999:>7}")
    };
    format!(
        "{:>6} | {:>9.0} {:>9.0} {:>5.0}% | {:>8.2} {:>8.2} | {} | {} | {:>11.1} {:>12}\n",
        level.users,
        level.requests_per_s(),
        level.requests_per_cpu_s(),
        100.0 * level.busy(),
        level.each_us(level.work.cpu.user),
        level.each_us(level.work.cpu.system),
        three(&level.latency),
        three(&level.lateness),
        level.work.completions_per_turn(),
        table_ms(level.work.longest_turn),
    )
}

/// Explains the table.
pub(super) fn closing(measured: &Overhead) -> String {
    let (Some(ceiling), Some(alone)) = (measured.ceiling(), measured.levels.first()) else {
        return String::new();
    };
    let (user, system) = (ceiling.work.cpu.user, ceiling.work.cpu.system);
    let [median, late] = [alone.latency.median(), alone.lateness.p99()].map(table_ms);
    format!(
        "\n\
         Ceiling: a core makes at most {:.0} requests per second (with {}). A request costs \
         {:.2} us, {:.2} us of it\n\
         in gregaria, the rest in the kernel's TCP; to count it takes {:.0} ns.\n\
         Floor: with {}, half of all requests take {median} ms or more although the server does \
         nothing. No latency\n\
         that is reported on this machine is below that; what a real server adds is the difference.\n\
         Queue: a busy core looks at what has come once a turn, so at its ceiling a latency may hold \
         up to a turn of\n\
         the generator's own time. Runs warn when a core was more than 90% busy.\n\
         Timers: with {}, one wait in a hundred ends {late} ms late or more. Runs warn where as \
         much could be a quarter\n\
         of what they show.\n",
        ceiling.requests_per_cpu_s(),
        units::users(ceiling.users),
        ceiling.each_us(user + system),
        ceiling.each_us(user),
        measured.sample_ns,
        units::users(alone.users),
        units::users(alone.users),
    )
}

#[cfg(test)]
mod tests {
    use core_affinity::CoreId;

    use super::*;
    use crate::cli::overhead::measurement::sample;
    use crate::reactor::Backend;
    use crate::reactor::preflight::{self, Chosen};

    #[test]
    fn the_text_says_what_the_numbers_say() {
        let (client, servers) = (CoreId { id: 2 }, vec![CoreId { id: 3 }, CoreId { id: 5 }]);
        let us = Duration::from_micros;
        let chosen = Chosen { backend: Backend::Epoll, refusal: Some(preflight::Error::Missing) };
        let levels = vec![sample(1, 40_000, us(23)), sample(64, 300_000, us(210))];
        let mut measured = Overhead { client, servers, chosen, levels, sample_ns: 17.6 };
        let opening = opening(&measured, Duration::from_secs(2));
        assert!(opening.contains(
            "client on core 2, built-in server on core 3,5, both over epoll, 2 s a line\nio_uring \
             would take less CPU time per request: this kernel has no io_uring; try Linux 6.1 or newer\n\n"
        ));
        assert_eq!(
            line(&measured.levels[1]),
            "    64 |    150000    300000    50% |     0.33     3.00 |   0.21    0.21    0.21 |  \
             0.060   0.060   0.060 |        64.0         0.25\n"
        );
        let widths: Vec<usize> = opening.lines().skip(3).map(str::len).collect();
        assert_eq!(widths, [line(&measured.levels[0]).trim_end().len(); 3]);
        let closing = closing(&measured);
        for part in [
            "at most 300000 requests per second (with 64 users)",
            "costs 3.33 us, 0.33 us of it\nin gregaria",
            "takes 18 ns",
            "with 1 user, half of all requests take 0.023 ms or more",
            "one wait in a hundred ends 0.060 ms late",
        ] {
            assert!(closing.contains(part), "{part} in\n{closing}");
        }
        measured.servers = vec![client];
        assert!(super::opening(&measured, Duration::from_secs(2)).contains("only one core"));
    }
}
