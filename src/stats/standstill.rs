//! Times in which cores did nothing of what was due.

use std::ops::AddAssign;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The most that are kept of a core: the longest.
const KEPT_MAX: usize = 20;

/// A time in which a core did nothing of what was due: everything that came meanwhile waited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standstill {
    /// When it began, from the start of the run.
    pub from: Duration,
    /// How long it was.
    pub lasting: Duration,
    /// A task was running and did not let go of the core. Otherwise the core was to come back from
    /// the kernel and did not.
    pub in_task: bool,
}

impl Standstill {
    /// When it ended, from the start of the run.
    pub fn to(&self) -> Duration {
        self.from + self.lasting
    }
}

/// The standstills of a core: the longest, and how many there were besides.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Standstills {
    /// In the order of their coming.
    pub kept: Vec<Standstill>,
    /// Those that are not kept.
    pub more: u64,
    /// How long they were together.
    pub more_lasting: Duration,
}

impl Standstills {
    /// One more, later than all others.
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
    /// Adds what came later.
    fn add_assign(&mut self, later: &Standstills) {
        let Standstills { kept, more, more_lasting } = later;
        kept.iter().for_each(|&one| self.note(one));
        self.more += more;
        self.more_lasting += *more_lasting;
    }
}

/// A time in which several cores stood still, or one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StandstillRow {
    /// The processors' numbers.
    pub cores: Vec<usize>,
    /// From the first core's beginning to the last one's end.
    pub time: Standstill,
}

/// The standstills of all cores, by processor, in order of time: those of different cores that were
/// at the same time, as when the whole process was stopped, are one.
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

/// Whether most of the longer one is the other's, too.
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
