//! Which rows are in use: each by one user, on any core.
//!
//! A bit for each row, set while somebody has it. Rows are given in the order of the file, round and round, and those in
//! use are left out: so all are given once before one is given again, and the one that was given longest ago comes first.
//!
//! Nothing locks. Who takes a row first takes a permit from the number of free rows, which is never more than there are
//! clear bits, and then looks for one. So taking fails only where all rows are in use: a search alone might miss the one
//! that is given back behind it while another is taken before it.

use std::ops::Range;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

const BITS: usize = u64::BITS as usize;

pub(super) struct InUse {
    words: Box<[AtomicU64]>,
    rows: usize,
    counters: Counters,
}

/// What is written with each row that is taken. It has cache lines of its own.
#[repr(align(128))]
struct Counters {
    /// How many rows may still be taken.
    free: AtomicUsize,
    /// How many rows have been passed, given or in use. The search begins behind them.
    passed: AtomicU64,
}

impl InUse {
    /// Has so many rows, at least one, none of them in use.
    pub(super) fn new(rows: usize) -> Self {
        let words = (0..rows.div_ceil(BITS)).map(|_| AtomicU64::new(0)).collect();
        let counters = Counters { free: AtomicUsize::new(rows), passed: AtomicU64::new(0) };
        InUse { words, rows, counters }
    }

    /// Takes the next row that is not in use; `None` if all are.
    pub(super) fn take(&self) -> Option<usize> {
        let Counters { free, passed } = &self.counters;
        let permit = |free: usize| free.checked_sub(1);
        // Acquires, so that the bits of the rows that this counts are seen to be clear.
        free.fetch_update(Ordering::Acquire, Ordering::Relaxed, permit).ok()?;
        loop {
            // Where this finds none, others have taken rows meanwhile, so not all go round for ever.
            let before = passed.load(Ordering::Relaxed);
            let first = (before % self.rows as u64) as usize;
            let found = self.take_within(first..self.rows);
            if let Some(row) = found.or_else(|| self.take_within(0..first)) {
                let distance = if row < first { row + self.rows - first } else { row - first };
                passed.fetch_max(before + distance as u64 + 1, Ordering::Relaxed);
                return Some(row);
            }
        }
    }

    /// Gives back a row that was taken. What was done with it is done before the next one has it.
    pub(super) fn give_back(&self, row: usize) {
        self.words[row / BITS].fetch_and(!(1 << (row % BITS)), Ordering::Release);
        // Releases the bit.
        self.counters.free.fetch_add(1, Ordering::Release);
    }

    /// Takes the first row of these that is not in use.
    fn take_within(&self, rows: Range<usize>) -> Option<usize> {
        let mut row = rows.start;
        while row < rows.end {
            let word = &self.words[row / BITS];
            let clear = !word.load(Ordering::Relaxed) & (u64::MAX << (row % BITS));
            row = row / BITS * BITS + clear.trailing_zeros() as usize;
            let bit = 1_u64.checked_shl(clear.trailing_zeros()).unwrap_or(0);
            // No bit of this word, one of a row behind the last, or one that another core was faster to set.
            if bit != 0 && row < rows.end && word.fetch_or(bit, Ordering::Acquire) & bit == 0 {
                return Some(row);
            }
        }
        None
    }

    /// Returns how many bytes this takes.
    #[cfg(test)]
    pub(super) fn memory(&self) -> usize {
        size_of_val(&*self.words)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::Barrier;
    use std::sync::atomic::AtomicBool;
    use std::thread;

    use super::*;

    #[test]
    fn rows_are_given_in_order_and_all_before_one_again() {
        let in_use = InUse::new(130);
        let take = || in_use.take().unwrap();
        for row in 0..100 {
            assert_eq!(take(), row);
        }
        for row in [3, 70, 5] {
            in_use.give_back(row);
        }
        let rest: Vec<_> = (0..33).map(|_| take()).collect();
        assert!(rest.into_iter().eq((100..130).chain([3, 5, 70])));
        assert_eq!(in_use.take(), None);
        in_use.give_back(64);
        in_use.give_back(80);
        // Behind the last one that was given.
        assert_eq!([in_use.take(), in_use.take(), in_use.take()], [Some(80), Some(64), None]);
    }

    /// Against a set, for all sizes around those of words.
    #[test]
    fn taking_and_giving_back_is_as_with_a_set() {
        for seed in 0..1000 {
            let mut rng = fastrand::Rng::with_seed(seed);
            let rows = [1, 2, 63, 64, 65, 128, rng.usize(1..300)][rng.usize(0..7)];
            let in_use = InUse::new(rows);
            let (mut free, mut next) = (BTreeSet::from_iter(0..rows), 0);
            let mut taken = Vec::new();
            for _ in 0..1000 {
                if rng.usize(0..rows + 1) >= taken.len() {
                    let expected = free.range(next..).chain(&free).next().copied();
                    assert_eq!(in_use.take(), expected, "seed {seed}");
                    if let Some(row) = expected {
                        free.remove(&row);
                        taken.push(row);
                        next = row + 1;
                    }
                } else {
                    let row = taken.swap_remove(rng.usize(0..taken.len()));
                    in_use.give_back(row);
                    free.insert(row);
                }
            }
        }
    }

    /// As many hands as rows: each hand finds one, whatever the others do, and no row is in two.
    #[test]
    fn threads_never_have_the_same_row_nor_none() {
        const THREADS: usize = 4;
        for (each, seed) in [(1, 0), (16, 1), (25, 2), (40, 3)] {
            let in_use = InUse::new(each * THREADS);
            let has: Vec<_> = (0..each * THREADS).map(|_| AtomicBool::new(false)).collect();
            let work = |thread: usize| {
                let mut rng = fastrand::Rng::with_seed(seed * 10 + thread as u64);
                let mut own: Vec<usize> = Vec::new();
                for _ in 0..20_000 {
                    if own.len() < each && rng.bool() {
                        let row = in_use.take().expect("one is free");
                        assert!(!has[row].swap(true, Ordering::SeqCst), "{row} is in two hands");
                        own.push(row);
                    } else if !own.is_empty() {
                        let row = own.swap_remove(rng.usize(0..own.len()));
                        has[row].store(false, Ordering::SeqCst);
                        in_use.give_back(row);
                    }
                }
                for row in own {
                    has[row].store(false, Ordering::SeqCst);
                    in_use.give_back(row);
                }
            };
            thread::scope(|scope| {
                for thread in 0..THREADS {
                    let work = &work;
                    scope.spawn(move || work(thread));
                }
            });
            let all: BTreeSet<_> = std::iter::from_fn(|| in_use.take()).collect();
            assert_eq!(all.len(), each * THREADS);
        }
    }

    /// Has threads take rows and give them back as fast as they can.
    fn churn(in_use: &InUse, threads: usize, take: impl Fn() -> Option<usize> + Sync) {
        let has: Vec<_> = (0..in_use.rows).map(|_| AtomicBool::new(false)).collect();
        let begin = Barrier::new(threads);
        let work = || {
            begin.wait();
            for _ in 0..50_000 {
                let Some(row) = take() else { continue };
                assert!(!has[row].swap(true, Ordering::Relaxed), "{row} is in two hands");
                has[row].store(false, Ordering::Relaxed);
                in_use.give_back(row);
            }
        };
        thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(work);
            }
        });
    }

    /// Of many rows, as many are free as there are threads, far from each other. So there is one whenever a thread looks
    /// for it, but it may always be where the thread does not look any more or yet.
    #[test]
    fn a_free_row_is_found_wherever_others_take_and_give_back() {
        for free in [&[0, 4095][..], &[1000, 1100], &[0, 1000, 2000, 4000]] {
            let in_use = InUse::new(4096);
            while in_use.take().is_some() {}
            free.iter().for_each(|&row| in_use.give_back(row));
            churn(&in_use, free.len(), || Some(in_use.take().expect("one is free")));
            assert_eq!(std::iter::from_fn(|| in_use.take()).count(), free.len());
        }
    }

    #[test]
    fn more_threads_than_rows_share_what_there_is() {
        for rows in [1, 3] {
            let in_use = InUse::new(rows);
            churn(&in_use, 4, || in_use.take());
            assert_eq!(std::iter::from_fn(|| in_use.take()).count(), rows);
        }
    }

    #[test]
    fn five_million_rows_take_a_bit_each() {
        assert_eq!(InUse::new(5_000_000).memory(), 625_000);
        assert_eq!(InUse::new(1).memory(), 8);
    }
}
