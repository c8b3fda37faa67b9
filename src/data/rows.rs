//! Divides the rows of a table over the users of one run.
//!
//! A row is taken for a user's life, or for one iteration. Random rows cost nothing that cores share. Rows in turn come
//! from one [`Cursor`]: for lives one by one, for iterations in portions of a core's own. Unique rows that are given
//! again are marked in one [`InUse`], for lives and iterations alike, because a row that a core kept for later would be
//! one that another core's user does not find. Unique rows that are never given again need no marks: the cursor gives
//! each once.

use std::fmt;
use std::rc::Rc;
use std::sync::Arc;

use thiserror::Error;

use super::cells::Row;
use super::cursor::{Cursor, Portion};
use super::in_use::InUse;
use super::source::{AtEnd, Pick, Source};
use super::table::Table;
use crate::units::grouped;

/// The rows of a table, for one run. All cores share it.
pub(crate) struct Rows {
    table: Arc<Table>,
    at_end: AtEnd,
    giver: Giver,
}

/// Which row is next.
enum Giver {
    Random,
    InTurn {
        cursor: Cursor,
        /// The order of the rows; without it, that of the file.
        order: Option<Box<[u32]>>,
    },
    Unused(InUse),
}

/// One core's access to the rows of a run.
pub(crate) struct CoreRows {
    shared: Arc<Rows>,
    portion: Portion,
}

/// A row that somebody has. Dropped, it is given back.
pub(crate) struct Taken {
    from: Rc<CoreRows>,
    index: u32,
}

/// Why there is no row.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(crate) enum Ended {
    /// Who would have taken it ends as a user. This is no error.
    #[error("all rows have been given")]
    StopUser,
    /// It is an error, with this text.
    #[error("{0}")]
    Fail(String),
}

/// Without its cells, which are secrets.
impl fmt::Debug for Rows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rows").field("table", &self.table).finish_non_exhaustive()
    }
}

impl Rows {
    /// Makes all rows of a table available to the cores of a run, as the source says. There is at least one core.
    pub(crate) fn new(table: Arc<Table>, source: &Source, cores: usize, seed: u64) -> Arc<Self> {
        let (rows, at_end) = (table.rows(), source.at_end);
        let end = (at_end != AtEnd::Recycle).then_some(rows as u64);
        let in_turn = |order| Giver::InTurn { cursor: Cursor::new(end, cores), order };
        let giver = match source.pick {
            Pick::Random => Giver::Random,
            Pick::Unique if at_end == AtEnd::Recycle => Giver::Unused(InUse::new(rows)),
            Pick::Unique | Pick::InOrder => in_turn(None),
            Pick::Shuffled => in_turn(Some(shuffled(rows, seed_of(source, seed)))),
        };
        Arc::new(Rows { table, at_end, giver })
    }

    /// Gives a core access. It is called on the core's own thread.
    pub(crate) fn of_core(self: &Arc<Self>) -> Rc<CoreRows> {
        Rc::new(CoreRows { shared: self.clone(), portion: Portion::default() })
    }

    /// Returns how many bytes this takes beside the table.
    #[cfg(test)]
    pub(crate) fn memory(&self) -> usize {
        match &self.giver {
            Giver::Random | Giver::InTurn { order: None, .. } => 0,
            Giver::InTurn { order: Some(order), .. } => size_of_val(&**order),
            Giver::Unused(in_use) => in_use.memory(),
        }
    }

    /// Returns the index of the row at this place, where the places go round and round.
    fn in_turn(&self, place: u64, order: Option<&[u32]>) -> u32 {
        // A table has fewer rows than 32 bits can count.
        let index = (place % self.table.rows() as u64) as u32;
        order.map_or(index, |order| order[index as usize])
    }

    /// Says that there is no row.
    fn ended(&self) -> Ended {
        let (name, rows) = (self.table.name(), self.table.rows());
        let (all, have) = match rows {
            1 => ("the only row".to_owned(), "has"),
            rows => (format!("all {} rows", grouped(rows as u64)), "have"),
        };
        match (&self.giver, self.at_end) {
            (Giver::Unused(_), _) => {
                let is = if rows == 1 { "is" } else { "are" };
                let text = "in use by other users; add rows, or run fewer users";
                Ended::Fail(format!("{all} of {name} {is} {text}"))
            }
            (_, AtEnd::StopUser) => Ended::StopUser,
            _ => {
                let text = "been given; add rows, or have them given again by at_end = \"recycle\"";
                Ended::Fail(format!("{all} of {name} {have} {text}"))
            }
        }
    }
}

impl CoreRows {
    /// Returns the names of the columns.
    pub(crate) fn columns(&self) -> &[String] {
        self.shared.table.columns()
    }

    /// Takes a row for a user's life.
    ///
    /// # Errors
    ///
    /// Returns what is to be done if there is none.
    pub(crate) fn take_for_life(self: &Rc<Self>, rng: &mut fastrand::Rng) -> Result<Taken, Ended> {
        self.take(rng, Cursor::next)
    }

    /// Takes a row for an iteration. It writes nothing that cores share, except with one of 64 rows in turn, and with
    /// each row that is unique and given again.
    ///
    /// # Errors
    ///
    /// Returns what is to be done if there is none.
    pub(crate) fn take_for_iteration(
        self: &Rc<Self>,
        rng: &mut fastrand::Rng,
    ) -> Result<Taken, Ended> {
        self.take(rng, Cursor::next_of)
    }

    fn take(
        self: &Rc<Self>,
        rng: &mut fastrand::Rng,
        next: fn(&Cursor, &Portion) -> Option<u64>,
    ) -> Result<Taken, Ended> {
        let shared = &*self.shared;
        let index = match &shared.giver {
            Giver::Random => Some(rng.usize(0..shared.table.rows()) as u32),
            Giver::InTurn { cursor, order } => {
                next(cursor, &self.portion).map(|place| shared.in_turn(place, order.as_deref()))
            }
            Giver::Unused(in_use) => in_use.take().map(|index| index as u32),
        };
        let index = index.ok_or_else(|| shared.ended())?;
        Ok(Taken { from: self.clone(), index })
    }
}

impl Taken {
    /// Returns the row.
    pub(crate) fn row(&self) -> Row<'_> {
        self.from.shared.table.row(self.index())
    }

    /// Returns the row's index in its table.
    pub(crate) fn index(&self) -> usize {
        self.index as usize
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        if let Giver::Unused(in_use) = &self.from.shared.giver {
            in_use.give_back(self.index());
        }
    }
}

/// Without its cells, which are secrets.
impl fmt::Debug for Taken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Taken").field("index", &self.index).finish_non_exhaustive()
    }
}

/// Returns the indices of all rows in random order.
fn shuffled(rows: usize, seed: u64) -> Box<[u32]> {
    let mut order: Box<[u32]> = (0..rows as u32).collect();
    fastrand::Rng::with_seed(seed).shuffle(&mut order);
    order
}

/// Returns a seed of the source's own. With that of the run, two tables of the same length would have the same order.
fn seed_of(source: &Source, seed: u64) -> u64 {
    // As FNV-1a does it.
    source
        .name
        .bytes()
        .fold(seed, |seed, byte| (seed ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3))
}

#[cfg(test)]
mod tests;
