//! Standstills: times in which cores did nothing that was due.

use std::ops::AddAssign;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The number of standstills that are kept of a core: the longest.
const KEPT_MAX: usize = 20;

/// A time in which a core did nothing that was due, so that everything that came meanwhile waited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standstill {
    /// Its beginning, from the start of the run.
    pub from: Duration,
    /// Its length.
    pub lasting: Duration,
    /// Whether a task was running and blocked the core. Otherwise the core was late in coming back from
    /// the kernel.
    pub in_task: bool,
}

impl Standstill {
    /// Returns its end, from the start of the run.
    pub fn to(&self) -> Duration {
        self.from + self.lasting
    }
}

/// The standstills of a core: the longest ones, and the number of all others.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Standstills {
    /// In order of time.
    pub kept: Vec<Standstill>,
    /// The number of those that are not kept.
    pub more: u64,
    /// The total length of those that are not kept.
    pub more_lasting: Duration,
}

impl Standstills {
    /// Adds one that is later than all others.
    pub(super) fn note(&mut self, standstill: Standstill) {
        self.kept.push(standstill);
        if self.kept.len() > KEPT_MAX {
            let lengths = self.kept.iter().enumerate();
            let shortest = lengths.min_by_key(|(_, one)| one.lasting).map_or(0, |(at, _)| at);
            self.more += 1;
            self.more_lasting += self.kept.remove(shortest).lasting;
        }
    }
}

impl AddAssign<&Standstills> for Standstills {
    /// Adds later standstills of the same core.
    fn add_assign(&mut self, later: &Standstills) {
        let Standstills { kept, more, more_lasting } = later;
        kept.iter().for_each(|&one| self.note(one));
        self.more += more;
        self.more_lasting += *more_lasting;
    }
}

/// A standstill of one core, or of several at the same time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StandstillRow {
    /// The numbers of the processors.
    pub cores: Vec<usize>,
    /// From the beginning on the first core to the end on the last one.
    pub time: Standstill,
}

/// Returns the standstills of all cores, by processor, in order of time. Those of different cores at
/// the same time become one, as when the whole process was stopped.
pub(super) fn together<'s>(
    cores: impl Iterator<Item = (usize, &'s Standstills)>,
) -> Vec<StandstillRow> {
    let mut all: Vec<(usize, Standstill)> = cores
        .flat_map(|(core, standstills)| standstills.kept.iter().map(move |&one| (core, one)))
        .collect();
    all.sort_by_key(|(core, one)| (one.from, *core));
    let mut merged: Vec<StandstillRow> = Vec::new();
    for (core, one) in all {
        let same =
            |other: &&mut StandstillRow| !other.cores.contains(&core) && overlap(&other.time, &one);
        match merged.iter_mut().rev().find(same) {
            Some(StandstillRow { cores, time }) => {
                cores.push(core);
                time.lasting = time.to().max(one.to()) - time.from;
                time.in_task &= one.in_task;
            }
            None => merged.push(StandstillRow { cores: vec![core], time: one }),
        }
    }
    merged.iter_mut().for_each(|one| one.cores.sort_unstable());
    merged
}

/// Returns whether most of the longer one is also in the other.
fn overlap(a: &Standstill, b: &Standstill) -> bool {
    let common = a.to().min(b.to()).saturating_sub(a.from.max(b.from));
    common * 2 > a.lasting.max(b.lasting)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn still(from: u64, lasting: u64) -> Standstill {
        let ms = Duration::from_millis;
        Standstill { from: ms(from), lasting: ms(lasting), in_task: false }
    }

    fn of(times: &[(u64, u64)]) -> Standstills {
        let mut standstills = Standstills::default();
        times.iter().for_each(|&(from, lasting)| standstills.note(still(from, lasting)));
        standstills
    }

    #[test]
    fn the_longest_are_kept_in_order_and_the_others_counted() {
        let mut many = of(&[(0, 300)]);
        let more: Vec<_> = (1..=KEPT_MAX as u64).map(|n| (1000 * n, 200 + n)).collect();
        many += &of(&more);
        assert_eq!((many.more, many.more_lasting), (1, Duration::from_millis(201)));
        assert_eq!(many.kept[0], still(0, 300));
        assert!(many.kept.is_sorted_by_key(|one| one.from));
        let mut sum = of(&[]);
        sum += &many;
        assert_eq!(sum, many);
    }

    #[test]
    fn what_cores_do_at_the_same_time_is_one() {
        let (a, b) = (of(&[(1000, 2000), (9000, 150)]), of(&[(1008, 1992), (9100, 150)]));
        let all = together([(3, &a), (1, &b)].into_iter());
        let told: Vec<_> = all.iter().map(|one| (&one.cores[..], one.time)).collect();
        assert_eq!(
            told,
            [
                (&[1, 3][..], still(1000, 2000)),
                // They have a third in common.
                (&[3][..], still(9000, 150)),
                (&[1][..], still(9100, 150)),
            ]
        );
        let twice = of(&[(0, 100), (10, 100)]);
        assert_eq!(together([(0, &twice)].into_iter()).len(), 2, "a core is not its own neighbour");
    }
}
