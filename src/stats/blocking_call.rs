//! Calls of user code that did not let other users run: where they are, how often and how long they held
//! their core up.

use std::ops::AddAssign;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The number of places that are kept: the first ones.
const PLACES_MAX: usize = 20;
/// The longest text of a place that is kept, in bytes.
const PLACE_BYTES: usize = 500;

/// A line of user code that held its core up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlockingCall {
    /// The file, the line and the function: `locustfile.py:12, in checkout`.
    pub place: String,
    /// The number of times.
    pub times: u64,
    /// The longest of them.
    pub longest: Duration,
}

/// The lines of user code that held cores up, in the order in which they were found.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct BlockingCalls(pub Vec<BlockingCall>);

impl BlockingCalls {
    /// Adds times at one place, the longest of which took so long.
    pub(super) fn note(&mut self, place: &str, times: u64, longest: Duration) {
        let place = &place[..place.floor_char_boundary(PLACE_BYTES)];
        if let Some(known) = self.0.iter_mut().find(|known| known.place == place) {
            known.times += times;
            known.longest = known.longest.max(longest);
        } else if self.0.len() < PLACES_MAX {
            self.0.push(BlockingCall { place: place.to_owned(), times, longest });
        }
    }
}

impl AddAssign<&BlockingCalls> for BlockingCalls {
    fn add_assign(&mut self, other: &BlockingCalls) {
        for BlockingCall { place, times, longest } in &other.0 {
            self.note(place, *times, *longest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_of_a_place_are_counted_and_places_have_a_bound() {
        let ms = Duration::from_millis;
        let mut calls = BlockingCalls::default();
        calls.note("a.py:1, in f", 1, ms(60));
        calls.note("a.py:1, in f", 1, ms(200));
        let mut sum = BlockingCalls::default();
        sum += &calls;
        sum += &calls;
        let place = "a.py:1, in f".to_owned();
        assert_eq!(sum.0, [BlockingCall { place, times: 4, longest: ms(200) }]);
        (0..100).for_each(|line| sum.note(&format!("a.py:{line}, in g"), 1, ms(50)));
        assert_eq!(sum.0.len(), PLACES_MAX);
        sum.note(&"ä".repeat(1000), 1, ms(50));
        assert!(sum.0.iter().all(|call| call.place.len() <= PLACE_BYTES));
    }
}
