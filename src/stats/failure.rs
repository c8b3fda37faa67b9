//! Tables of texts with a cap: failures by entry and message, exceptions by message and traceback.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;
use std::ops::AddAssign;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// How often something happened, and when first and last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Sightings {
    /// The number of occurrences. The instants mean nothing while it is 0.
    pub occurrences: u64,
    /// The time from the start of the run to the first occurrence.
    pub first: Duration,
    /// The time from the start of the run to the latest occurrence.
    pub last: Duration,
}

impl Sightings {
    /// One occurrence, this long after the start of the run.
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

/// One occurrence of a failure, with what identifies it in the logs of a server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Example {
    /// The core that it happened on: in an interval counted from 0 within the run, in a snapshot the
    /// number of the processor.
    pub core: usize,
    /// The number of the request among those of the core, from 1, in the order of their ends.
    pub request: u64,
    /// The time from the start of the run to the end of the request.
    pub at: Duration,
    /// The status of the response; `None` if there was none.
    pub status: Option<u16>,
    /// The beginning of the response's body, if it was kept.
    pub body: Option<String>,
}

/// How often a failure occurred, and its first occurrence.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Seen {
    pub(super) sightings: Sightings,
    pub(super) example: Option<Example>,
}

impl Seen {
    /// One occurrence, this long after the start of the run, as this request of this core.
    pub(super) fn once(at: Duration, (core, request): (usize, u64), status: Option<u16>) -> Self {
        let example = Example { core, request, at, status, body: None };
        Seen { sightings: Sightings::once(at), example: Some(example) }
    }

    pub(super) fn without_example(sightings: Sightings) -> Self {
        Seen { sightings, example: None }
    }
}

impl AddAssign for Seen {
    fn add_assign(&mut self, other: Seen) {
        self.sightings += other.sightings;
        let key = |example: &Example| (example.at, example.core);
        let is_earlier = match (&self.example, &other.example) {
            (Some(own), Some(other)) => key(other) < key(own),
            (None, _) => true,
            (_, None) => false,
        };
        if is_earlier {
            self.example = other.example;
        }
    }
}

/// Values by (key, text), at most `cap` of them; all later ones share `more`.
///
/// Two nested maps instead of one with a pair as its key, so that a borrowed text finds its row:
/// counting a known row needs no allocation.
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

impl<K: Hash + Eq, V: AddAssign + Default> Table<K, V> {
    /// Makes an empty table of at most `cap` rows.
    pub(super) fn new(cap: usize) -> Self {
        Table { cap, len: 0, rows: HashMap::new(), more: V::default() }
    }

    /// Adds `value` to the row of (`key`, `text`), or to `more` if there is no room for another row.
    /// Returns whether it made a new row.
    pub(super) fn note<Q>(&mut self, key: &Q, text: &str, value: V) -> bool
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
    {
        if let Some(known) = self.value(key, text) {
            *known += value;
            false
        } else if self.len < self.cap {
            let row = Noted { order: self.len, value };
            self.rows.entry(key.to_owned()).or_default().insert(text.to_owned(), row);
            self.len += 1;
            true
        } else {
            self.more += value;
            false
        }
    }

    /// Returns the value of (`key`, `text`), if it has a row.
    pub(super) fn value<Q>(&mut self, key: &Q, text: &str) -> Option<&mut V>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.rows.get_mut(key)?.get_mut(text).map(|row| &mut row.value)
    }

    /// Adds to `more`, for a merge with a table that was full.
    pub(super) fn note_more(&mut self, value: V) {
        self.more += value;
    }

    /// Returns the sum of everything without a row.
    pub(super) fn more(&self) -> &V {
        &self.more
    }

    /// Returns the rows in the order in which they came.
    pub(super) fn rows(&self) -> Vec<(&K, &str, &V)> {
        let rows = self.rows.iter().flat_map(|(key, texts)| {
            texts.iter().map(move |(text, row)| (row.order, (key, text.as_str(), &row.value)))
        });
        in_order(rows)
    }

    /// Takes everything out: the rows in the order in which they came, and the sum of everything
    /// without a row.
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
    fn the_example_is_the_first_whatever_comes_first() {
        let seen = |second, core| {
            let at = Duration::from_secs(second);
            Seen::once(at, (core, second), Some(500))
        };
        for order in [[(3, 0), (1, 1), (1, 0)], [(1, 0), (3, 0), (1, 1)]] {
            let mut all = Seen::default();
            order.into_iter().for_each(|(second, core)| all += seen(second, core));
            all += Seen::without_example(at(0));
            assert_eq!(all.example, seen(1, 0).example);
            assert_eq!(all.sightings.occurrences, 4);
        }
    }

    #[test]
    fn rows_come_out_in_the_order_in_which_they_came() {
        let mut table = Table::<String, u64>::new(9);
        for (key, text) in [("b", "x"), ("a", "y"), ("b", "w"), ("b", "x")] {
            table.note(key, text, 1);
        }
        let rows: Vec<_> = table.rows().into_iter().map(|(k, t, &n)| (k.as_str(), t, n)).collect();
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
