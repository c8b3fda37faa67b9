//! The number of requests over time, for a run of any length.
//!
//! A run may take days and have a thousand names, so the number of cells is bounded: when a run
//! outgrows them, each cell covers twice as long, and two become one.

use serde::{Deserialize, Serialize};

use super::Delta;

/// One cell per second for half an hour, then per two seconds up to an hour, and so on. 28 KB.
const CELLS: u64 = 1800;

/// The number of requests in steps of equal length.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Timeline {
    step: u64,
    cells: Vec<Cell>,
}

/// The requests that ended within one step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Cell {
    /// Finished requests, failures included.
    pub requests: u64,
    /// Failed requests.
    pub failures: u64,
}

impl Default for Timeline {
    fn default() -> Self {
        Timeline { step: 1, cells: Vec::new() }
    }
}

impl Timeline {
    /// Returns the length of a step in seconds.
    pub(crate) fn step(&self) -> u64 {
        self.step
    }

    /// Returns the steps with requests, each with the second of the run in which it begins.
    pub(crate) fn cells(&self) -> impl Iterator<Item = (u64, Cell)> {
        let cells = (0..).zip(self.cells.iter().copied());
        let cells = cells.map(|(at, cell): (u64, _)| (at * self.step, cell));
        cells.filter(|(_, cell)| *cell != Cell::default())
    }

    /// Adds what was counted in a second.
    pub(super) fn add(&mut self, second: u64, delta: &Delta) {
        while second / self.step >= CELLS {
            self.halve();
        }
        let at = (second / self.step) as usize;
        if self.cells.len() <= at {
            self.cells.resize(at + 1, Cell::default());
        }
        let cell = &mut self.cells[at];
        cell.requests += delta.requests();
        cell.failures += delta.failure.moments.count;
    }

    fn halve(&mut self) {
        self.step *= 2;
        let sum = |pair: &[Cell]| Cell {
            requests: pair.iter().map(|cell| cell.requests).sum(),
            failures: pair.iter().map(|cell| cell.failures).sum(),
        };
        self.cells = self.cells.chunks(2).map(sum).collect();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::times::{Moments, SparseTimes};

    fn delta(requests: u64, failures: u64) -> Delta {
        let times = |count| SparseTimes {
            moments: Moments { count, ..Moments::default() },
            ..SparseTimes::default()
        };
        Delta { success: times(requests - failures), failure: times(failures), ..Delta::default() }
    }

    #[test]
    fn seconds_without_requests_are_not_told_and_late_ones_find_their_place() {
        let mut timeline = Timeline::default();
        for (second, requests, failures) in [(0, 3, 1), (4, 2, 0), (3, 0, 0), (0, 1, 1)] {
            timeline.add(second, &delta(requests, failures));
        }
        let cells: Vec<_> = timeline.cells().collect();
        let cell = |requests, failures| Cell { requests, failures };
        assert_eq!(cells, [(0, cell(4, 2)), (4, cell(2, 0))]);
    }

    #[test]
    fn a_run_of_any_length_has_no_more_cells_and_loses_no_request() {
        let mut timeline = Timeline::default();
        for second in 0..2 * CELLS + 1 {
            timeline.add(second, &delta(10, 1));
        }
        assert_eq!((timeline.step(), timeline.cells.len() as u64), (4, CELLS / 2 + 1));
        let cells: Vec<_> = timeline.cells().collect();
        assert_eq!(cells[1], (4, Cell { requests: 40, failures: 4 }));
        assert_eq!(cells.last(), Some(&(2 * CELLS, Cell { requests: 10, failures: 1 })));
        timeline.add(u64::MAX, &delta(7, 0));
        let sum: u64 = timeline.cells().map(|(_, cell)| cell.requests).sum();
        assert_eq!(sum, 10 * (2 * CELLS + 1) + 7);
    }
}
