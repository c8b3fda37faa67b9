//! Tables of texts with a cap: failures by entry and message, exceptions by message and traceback.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;
use std::ops::AddAssign;
use std::time::Duration;

/// How often something was seen, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sightings {
    /// How often; while it is 0 the instants mean nothing.
    pub occurrences: u64,
    /// From the start of the run to the first.
    pub first: Duration,
    /// From the start of the run to the latest.
    pub last: Duration,
}

impl Sightings {
    /// Seen once, this long after the start of the run.
    pub(super) fn once(at: Duration) -> Self {
        Sightings { occurrences: 1, first: at, last: at }
    }
}

impl AddAssign for Sightings {
    fn add_assign(&mut self, other: Sightings) {
        let Sightings { occurrences, first, last } = other;
        if self.occurrences == 0 {
            *self = other;
        } else if occurrences > 0 {
            self.occurrences += occurrences;
            self.first = self.first.min(first);
            self.last = self.last.max(last);
        }
    }
}

/// Values by (key, text), as many as `cap`; all later ones share `more`.
///
/// Two maps deep instead of one keyed by a pair, so that a borrowed text finds its row: what is
/// already known is counted without an allocation.
#[derive(Debug)]
pub(super) struct Table<K, V> {
    cap: usize,
    len: usize,
    rows: HashMap<K, HashMap<String, Noted<V>>>,
    more: V,
}

#[derive(Debug)]
struct Noted<V> {
    order: usize,
    value: V,
}

impl<K: Hash + Eq, V: AddAssign + Copy + Default> Table<K, V> {
    /// An empty table of at most `cap` rows.
    pub(super) fn new(cap: usize) -> Self {
        Table { cap, len: 0, rows: HashMap::new(), more: V::default() }
    }

    /// Adds `value` to the row of (`key`, `text`), or to `more` where there is no room for a row.
    pub(super) fn note<Q>(&mut self, key: &Q, text: &str, value: V)
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
    {
        if let Some(row) = self.rows.get_mut(key).and_then(|texts| texts.get_mut(text)) {
            row.value += value;
        } else if self.len < self.cap {
            let row = Noted { order: self.len, value };
            self.rows.entry(key.to_owned()).or_default().insert(text.to_owned(), row);
            self.len += 1;
        } else {
            self.more += value;
        }
    }

    /// Adds to what had no room: for a merge with a table that was full.
    pub(super) fn note_more(&mut self, value: V) {
        self.more += value;
    }

    /// What had no room.
    pub(super) fn more(&self) -> V {
        self.more
    }

    /// The rows, in the order in which they came.
    pub(super) fn rows(&self) -> Vec<(&K, &str, V)> {
        let rows = self.rows.iter().flat_map(|(key, texts)| {
            texts.iter().map(move |(text, row)| (row.order, (key, text.as_str(), row.value)))
        });
        in_order(rows)
    }

    /// Takes everything out: the rows, in the order in which they came, and what had no room.
    pub(super) fn take(&mut self) -> (Vec<(K, String, V)>, V)
    where
        K: Clone,
    {
        self.len = 0;
        let rows = self.rows.drain().flat_map(|(key, texts)| {
            texts.into_iter().map(move |(text, row)| (row.order, (key.clone(), text, row.value)))
        });
        (in_order(rows), std::mem::take(&mut self.more))
    }
}

fn in_order<T>(rows: impl Iterator<Item = (usize, T)>) -> Vec<T> {
    let mut rows: Vec<_> = rows.collect();
    rows.sort_unstable_by_key(|&(order, _)| order);
    rows.into_iter().map(|(_, row)| row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: u64) -> Sightings {
        Sightings::once(Duration::from_secs(second))
    }

    #[test]
    fn sightings_keep_the_first_and_the_last_in_any_order() {
        for order in [[3, 1, 2], [1, 2, 3], [2, 3, 1]] {
            let mut seen = Sightings::default();
            order.map(at).into_iter().for_each(|one| seen += one);
            seen += Sightings::default();
            let (first, last) = (Duration::from_secs(1), Duration::from_secs(3));
            assert_eq!(seen, Sightings { occurrences: 3, first, last });
        }
    }

    #[test]
    fn rows_come_out_in_the_order_in_which_they_came() {
        let mut table = Table::<String, u64>::new(9);
        for (key, text) in [("b", "x"), ("a", "y"), ("b", "w"), ("b", "x")] {
            table.note(key, text, 1);
        }
        let rows: Vec<_> = table.rows().into_iter().map(|(k, t, n)| (k.as_str(), t, n)).collect();
        assert_eq!(rows, [("b", "x", 2), ("a", "y", 1), ("b", "w", 1)]);
    }

    #[test]
    fn what_is_beyond_the_cap_is_counted_in_one_place() {
        let mut table = Table::<u32, u64>::new(2);
        for n in 0..10 {
            table.note(&(n % 5), "same text", 1);
        }
        table.note_more(100);
        let (rows, more) = table.take();
        assert_eq!(rows, [(0, "same text".to_owned(), 2), (1, "same text".to_owned(), 2)]);
        assert_eq!(more, 106);
    }

    #[test]
    fn a_taken_table_has_room_again() {
        let mut table = Table::<u32, u64>::new(1);
        table.note(&1, "a", 1);
        table.take();
        table.note(&2, "b", 1);
        assert_eq!(table.take(), (vec![(2, "b".to_owned(), 1)], 0));
    }
}
