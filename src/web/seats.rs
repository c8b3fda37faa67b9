//! The places for connections: a fixed number, of which an idle one is given to who comes when all
//! are taken.
//!
//! So whoever opens thousands and says nothing on them keeps nobody from the page.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use tokio::sync::Notify;

/// The places, shared by the connections that sit on them.
#[derive(Debug, Clone)]
pub(super) struct Seats {
    max: usize,
    taken: Arc<Mutex<Taken>>,
}

#[derive(Debug, Default)]
struct Taken {
    next: u64,
    /// In the order of their coming.
    seats: BTreeMap<u64, Arc<Place>>,
}

#[derive(Debug, Default)]
struct Place {
    /// Requests that are being answered.
    busy: AtomicUsize,
    wanted: Notify,
}

/// A connection's place, until it is dropped.
#[derive(Debug)]
pub(super) struct Seat {
    number: u64,
    place: Arc<Place>,
    seats: Seats,
}

/// A request that is being answered, until it is dropped.
#[derive(Debug)]
pub(super) struct Busy(Arc<Place>);

impl Seats {
    pub(super) fn new(max: usize) -> Self {
        Seats { max, taken: Arc::default() }
    }

    /// A place, if need be that of the connection that has been there longest of those that answer
    /// nothing; none where all do.
    pub(super) fn take(&self) -> Option<Seat> {
        let mut taken = self.taken();
        if taken.seats.len() >= self.max {
            let idle = taken.seats.iter().find(|(_, place)| place.is_idle());
            let number = idle.map(|(number, _)| *number)?;
            let place = taken.seats.remove(&number)?;
            place.wanted.notify_one();
        }
        let (number, place) = (taken.next, Arc::<Place>::default());
        taken.next += 1;
        taken.seats.insert(number, place.clone());
        Some(Seat { number, place, seats: self.clone() })
    }

    /// Whether no request is being answered.
    pub(super) fn are_idle(&self) -> bool {
        self.taken().seats.values().all(|place| place.is_idle())
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

impl Place {
    fn is_idle(&self) -> bool {
        self.busy.load(Ordering::Relaxed) == 0
    }
}

impl Seat {
    /// Keeps the place for as long as a request is being answered.
    pub(super) fn busy(&self) -> Busy {
        self.place.busy.fetch_add(1, Ordering::Relaxed);
        Busy(self.place.clone())
    }

    /// Until the place is given to another.
    pub(super) async fn lost(&self) {
        self.place.wanted.notified().await;
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.seats.taken().seats.remove(&self.number);
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.busy.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(seats: &Seats) -> Vec<u64> {
        seats.taken().seats.keys().copied().collect()
    }

    #[test]
    fn who_comes_when_all_are_taken_gets_the_place_of_the_longest_idle() {
        let seats = Seats::new(3);
        let [first, second, third] = [(); 3].map(|()| seats.take().unwrap());
        let answering = first.busy();
        let fourth = seats.take().unwrap();
        assert_eq!(numbers(&seats), [0, 2, 3], "the first is busy");
        drop(second);
        assert_eq!(numbers(&seats), [0, 2, 3], "a place that was given away is not given back");
        let _others = [third.busy(), fourth.busy()];
        assert!(seats.take().is_none() && !seats.are_idle());
        drop(answering);
        assert!(seats.take().is_some());
    }
}
