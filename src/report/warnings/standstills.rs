//! Standstills of cores in words.

use std::fmt;
use std::time::Duration;

use super::{Warning, plural};
use crate::stats::{GeneratorHealth, StandstillRow};

/// The number of standstills, the longest ones, that are listed one by one.
const TOLD_MAX: usize = 5;

/// A standstill. Its text names the cores and the length: `core 0 stood still for 2.0 s`.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct StandstillNote {
    /// The cores and the time.
    pub what: StandstillRow,
    /// Whether these are all cores of the run, and more than one.
    pub all: bool,
}

/// The sum of several further standstills.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct MoreStandstills {
    /// Their number.
    pub times: u64,
    /// Their total length.
    pub lasting: Duration,
}

/// Returns all that are known one by one, in order of time.
pub(crate) fn standstills(health: &GeneratorHealth) -> impl Iterator<Item = StandstillNote> {
    let cores = health.cores.len();
    health.standstills.iter().map(move |what| {
        let all = cores > 1 && what.cores.len() == cores;
        StandstillNote { what: what.clone(), all }
    })
}

/// Returns the longest ones in order of time, and the sum of the others.
pub(super) fn warnings(health: &GeneratorHealth) -> Vec<Warning> {
    let mut lengths: Vec<_> = health.standstills.iter().map(|one| one.time.lasting).collect();
    lengths.sort_unstable_by(|a, b| b.cmp(a));
    let least = lengths.get(TOLD_MAX - 1).copied().unwrap_or_default();
    let (mut told, (mut times, mut lasting)) = (Vec::new(), health.more_standstills);
    for one in standstills(health) {
        if one.what.time.lasting >= least && told.len() < TOLD_MAX {
            told.push(Warning::Standstill(one));
        } else {
            times += 1;
            lasting += one.what.time.lasting;
        }
    }
    told.extend(
        (times > 0).then_some(Warning::MoreStandstills(MoreStandstills { times, lasting })),
    );
    told
}

impl StandstillNote {
    /// Returns when it began and its likely cause.
    pub(super) fn more(&self) -> String {
        let from = self.what.time.from.as_secs_f64();
        let because = if self.what.time.in_task {
            "a task did not let go of it, by computing or by a call that blocks, or the process was \
             stopped"
        } else {
            "the process was stopped, the machine paused, its CPU time used up, or other processes \
             ran"
        };
        format!("from {from:.1} s on: {because}; what came meanwhile was measured late")
    }
}

impl fmt::Display for StandstillNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cores = if self.all { "all cores".to_owned() } else { named(&self.what.cores) };
        write!(f, "{cores} stood still for {} s", seconds(self.what.time.lasting))
    }
}

impl fmt::Display for MoreStandstills {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let MoreStandstills { times, lasting } = *self;
        let often = plural(times, "time", "times");
        write!(f, "cores stood still {times} more {often}, for {} s in all", seconds(lasting))
    }
}

/// Returns `core 0`, `cores 0 and 3`, `cores 0, 1 and 2`.
fn named(cores: &[usize]) -> String {
    let numbers: Vec<String> = cores.iter().map(ToString::to_string).collect();
    match numbers.split_last() {
        Some((last, [])) => format!("core {last}"),
        Some((last, others)) => format!("cores {} and {last}", others.join(", ")),
        None => "no core".to_owned(),
    }
}

/// Returns `0.15`, `2.0`.
fn seconds(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    if seconds < 0.995 { format!("{seconds:.2}") } else { format!("{seconds:.1}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::samples::core;
    use crate::stats::Standstill;

    const MS: Duration = Duration::from_millis(1);

    fn health(cores: usize, standstills: &[(&[usize], u32, u32, bool)]) -> GeneratorHealth {
        let one = |&(cores, from, lasting, in_task): &(&[usize], u32, u32, bool)| StandstillRow {
            cores: cores.to_vec(),
            time: Standstill { from: from * MS, lasting: lasting * MS, in_task },
        };
        GeneratorHealth {
            cores: (0..cores).map(|number| core(number, 0.5, 0)).collect(),
            standstills: standstills.iter().map(one).collect(),
            ..GeneratorHealth::default()
        }
    }

    fn texts(health: &GeneratorHealth) -> Vec<String> {
        warnings(health).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_standstill_is_a_line_with_its_core_its_length_and_its_beginning() {
        let health = health(
            3,
            &[
                (&[0], 3149, 2010, false),
                (&[0, 2], 7000, 150, true),
                (&[0, 1, 2], 9000, 998, false),
            ],
        );
        let texts = texts(&health);
        assert!(
            texts[0].starts_with("core 0 stood still for 2.0 s from 3.1 s on: the process was"),
            "{texts:?}"
        );
        assert!(
            texts[1].starts_with("cores 0 and 2 stood still for 0.15 s from 7.0 s on: a task did"),
            "{texts:?}"
        );
        assert!(texts[2].starts_with("all cores stood still for 1.0 s from 9.0 s on"), "{texts:?}");
    }

    #[test]
    fn of_many_the_longest_are_told_and_the_others_counted() {
        let lengths = [200, 900, 100, 300, 400, 150, 500];
        let many: Vec<_> =
            lengths.iter().zip(0..).map(|(&ms, n)| (&[0][..], 1000 * n, ms, false)).collect();
        let mut health = health(1, &many);
        health.more_standstills = (3, 350 * MS);
        let texts = texts(&health);
        let told: Vec<_> = texts.iter().filter_map(|text| text.split(" from ").nth(1)).collect();
        assert_eq!(told.len(), TOLD_MAX);
        assert!(texts[0].starts_with("core 0 stood still for 0.20 s"));
        assert_eq!(texts[TOLD_MAX], "cores stood still 5 more times, for 0.60 s in all");
    }
}
