//! Gives numbers in turn to cores: 0, 1, 2, … each once.
//!
//! A core fetches them in portions, so that it seldom writes what other cores write as well. Its first portions are of
//! one number, and they grow with what it has taken: few users have the numbers in order, and many cost each other
//! nothing. Towards the end portions become smaller again, so that no core is left with many when others have none.

use std::cell::Cell;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};

/// The largest portion. With it, one of 64 iterations writes the cursor.
const PORTION_MAX: u64 = 64;
/// What a core has taken, over its portion.
const GROWTH: u64 = 8;

/// Where the numbers are. It has cache lines of its own, because all cores write it.
#[repr(align(128))]
pub(super) struct Cursor {
    next: AtomicU64,
    /// How many numbers there are; without it, they do not end.
    end: Option<u64>,
    cores: u64,
}

/// The numbers that a core has fetched and not yet given.
#[derive(Default)]
pub(super) struct Portion {
    next: Cell<u64>,
    end: Cell<u64>,
    taken: Cell<u64>,
}

impl Cursor {
    pub(super) fn new(end: Option<u64>, cores: usize) -> Self {
        Cursor { next: AtomicU64::new(0), end, cores: cores as u64 }
    }

    /// Returns the next number of all cores. At the end, it is the core's own next one.
    pub(super) fn next(&self, own: &Portion) -> Option<u64> {
        self.fetch(1).next().or_else(|| own.next())
    }

    /// Returns the core's next number, and fetches its next portion if it has none.
    pub(super) fn next_of(&self, own: &Portion) -> Option<u64> {
        own.next().or_else(|| {
            let fetched = self.fetch(self.portion(own.taken.get()));
            own.next.set(fetched.start);
            own.end.set(fetched.end);
            own.next()
        })
    }

    /// Fetches so many numbers, fewer at the end.
    fn fetch(&self, numbers: u64) -> Range<u64> {
        let end = self.end.unwrap_or(u64::MAX);
        // Nobody writes it any more when there are no more.
        if self.next.load(Ordering::Relaxed) >= end {
            return end..end;
        }
        let first = self.next.fetch_add(numbers, Ordering::Relaxed);
        first.min(end)..(first + numbers).min(end)
    }

    fn portion(&self, taken: u64) -> u64 {
        let portion = (taken / GROWTH).clamp(1, PORTION_MAX);
        let Some(end) = self.end else { return portion };
        let left = end.saturating_sub(self.next.load(Ordering::Relaxed));
        portion.min((left / (2 * self.cores)).max(1))
    }
}

impl Portion {
    fn next(&self) -> Option<u64> {
        let next = self.next.get();
        (next < self.end.get()).then(|| {
            self.next.set(next + 1);
            self.taken.set(self.taken.get() + 1);
            next
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;
    use std::thread;

    use super::*;

    /// Takes numbers with random cores until none is left.
    fn all_taken(end: u64, cores: usize, seed: u64) -> Vec<(usize, u64)> {
        let mut rng = fastrand::Rng::with_seed(seed);
        let cursor = Cursor::new(Some(end), cores);
        let portions: Vec<Portion> = (0..cores).map(|_| Portion::default()).collect();
        let mut left: Vec<usize> = (0..cores).collect();
        let mut taken = Vec::new();
        while !left.is_empty() {
            let at = rng.usize(0..left.len());
            let own = &portions[left[at]];
            let next = if rng.u8(0..4) == 0 { cursor.next(own) } else { cursor.next_of(own) };
            match next {
                Some(number) => taken.push((left[at], number)),
                None => {
                    left.swap_remove(at);
                }
            }
        }
        taken
    }

    #[test]
    fn each_number_is_given_once_up_to_the_end() {
        for seed in 0..500 {
            let mut rng = fastrand::Rng::with_seed(seed);
            let (end, cores) = (rng.u64(0..3000), rng.usize(1..9));
            let mut numbers: Vec<_> =
                all_taken(end, cores, seed).into_iter().map(|(_, number)| number).collect();
            numbers.sort_unstable();
            assert!(numbers.into_iter().eq(0..end), "seed {seed}");
        }
    }

    #[test]
    fn one_core_of_several_gives_all_in_order() {
        for end in [None, Some(5000)] {
            let (cursor, own) = (Cursor::new(end, 2), Portion::default());
            for number in 0..5000 {
                assert_eq!(cursor.next_of(&own), Some(number));
            }
            assert_eq!(cursor.next_of(&own).is_some(), end.is_none());
        }
    }

    #[test]
    fn the_first_numbers_are_exactly_in_order_and_later_ones_nearly() {
        let cores = 4;
        let cursor = Cursor::new(None, cores);
        let portions: Vec<Portion> = (0..cores).map(|_| Portion::default()).collect();
        for turn in 0..20_000 {
            let number = cursor.next_of(&portions[turn as usize % cores]).unwrap();
            if turn < 2 * GROWTH * cores as u64 {
                assert_eq!(number, turn);
            }
            assert!(number.abs_diff(turn) <= PORTION_MAX * cores as u64, "{number} in turn {turn}");
        }
    }

    /// All cores come to the end at about the same time.
    #[test]
    fn no_core_keeps_many_when_others_have_none() {
        for seed in 0..200 {
            let cores = fastrand::Rng::with_seed(seed).usize(2..9);
            let taken = all_taken(10_000, cores, seed);
            let last = taken.iter().position(|&(_, number)| number == 9_999).unwrap();
            let behind = taken.len() - 1 - last;
            assert!(behind <= 8 * cores, "seed {seed}: {behind} with {cores} cores");
        }
    }

    /// As fast as they can, one by one and in portions.
    #[test]
    fn threads_share_all_numbers() {
        const THREADS: usize = 4;
        let check = |end: u64, next: fn(&Cursor, &Portion) -> Option<u64>| {
            let (cursor, begin) = (Cursor::new(Some(end), THREADS), Barrier::new(THREADS));
            let take = || {
                let own = Portion::default();
                begin.wait();
                std::iter::from_fn(|| next(&cursor, &own)).collect::<Vec<_>>()
            };
            let mut numbers = thread::scope(|scope| {
                let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(take)).collect();
                threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
            });
            numbers.sort_unstable();
            assert!(numbers.into_iter().eq(0..end));
        };
        check(300_000, Cursor::next);
        check(3_000_000, Cursor::next_of);
    }
}
