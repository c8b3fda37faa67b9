//! Declares a data set: its name, its file, and who gets which row.

use std::path::PathBuf;
use std::sync::Arc;

use super::{Error, Table};

/// A data set: a file of rows, and who gets which row.
///
/// If the file's name ends with `.csv`, it is CSV with the names of its columns in the first line. If it ends with
/// `.jsonl`, each line is a JSON object, and the columns are the keys of all lines: one that a line does not have is
/// `null` there. Both are UTF-8, and empty lines are no rows.
///
/// ```
/// use gregaria::data::{AtEnd, Pick, Source};
///
/// let accounts = Source::new("accounts", "accounts.csv").pick(Pick::Unique).at_end(AtEnd::Fail);
/// assert_eq!(accounts.name(), "accounts");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    pub(crate) name: String,
    pub(crate) file: PathBuf,
    pub(crate) pick: Pick,
    pub(crate) at_end: AtEnd,
    loaded: Loaded,
}

/// The rows, once they have been read. Sources are equal by what they declare.
#[derive(Debug, Clone, Default)]
struct Loaded(Option<Arc<Table>>);

impl PartialEq for Loaded {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Loaded {}

/// Which row a user gets.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Pick {
    /// A row that nobody else has. It is the user's until the user ends, or until the end of the iteration it was
    /// taken for. Rows are given in the order of the file; with [`AtEnd::Recycle`] those that were given back follow,
    /// and then the one that was given longest ago is the next. While all rows are in use, taking one fails.
    Unique,
    /// The next row: those of the file in turn, over all users of the run.
    ///
    /// Rows for a user's life are given one by one. Those for iterations go to each core in portions: of one row at
    /// first, later of up to 64. So one core gives them in the order of the file, and several give them
    /// in order on each core, and nearly so over the run.
    #[default]
    InOrder,
    /// Any row, each time anew. There is no end.
    Random,
    /// The next row of a random order, in which each row is once. All users of the run share this order, which
    /// follows from the run's seed, and is given as [`Pick::InOrder`] gives that of the file.
    Shuffled,
}

/// What happens when all rows have been given once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum AtEnd {
    /// Rows are given again. Of unique ones, those are that were given back.
    #[default]
    Recycle,
    /// Who would take a row ends as a user.
    StopUser,
    /// Taking a row fails.
    Fail,
}

impl Source {
    /// Declares a data set with this name and file. By default its rows are given in order, and again at the end.
    pub fn new(name: impl Into<String>, file: impl Into<PathBuf>) -> Self {
        let (name, file) = (name.into(), file.into());
        let (pick, at_end, loaded) = (Pick::default(), AtEnd::default(), Loaded::default());
        Source { name, file, pick, at_end, loaded }
    }

    /// Sets which row a user gets.
    pub fn pick(mut self, pick: Pick) -> Self {
        self.pick = pick;
        self
    }

    /// Sets what happens when all rows have been given once. Random rows have no end.
    pub fn at_end(mut self, at_end: AtEnd) -> Self {
        self.at_end = at_end;
        self
    }

    /// Reads the file, unless that has been done.
    ///
    /// # Errors
    ///
    /// Returns what is wrong with the file.
    pub(crate) fn load(&mut self) -> Result<&Arc<Table>, Error> {
        if self.loaded.0.is_none() {
            self.loaded.0 = Some(Arc::new(Table::read(&self.file)?));
        }
        Ok(self.loaded.0.as_ref().expect("it has just been read"))
    }

    /// Returns the rows, if they have been read.
    pub(crate) fn table(&self) -> Option<&Arc<Table>> {
        self.loaded.0.as_ref()
    }

    /// Returns its name.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl Pick {
    /// All of them.
    pub(crate) const ALL: [Pick; 4] = [Pick::Unique, Pick::InOrder, Pick::Random, Pick::Shuffled];

    /// Returns its word in scenario files.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Pick::Unique => "unique",
            Pick::InOrder => "in_order",
            Pick::Random => "random",
            Pick::Shuffled => "shuffled",
        }
    }
}

impl AtEnd {
    /// All of them.
    pub(crate) const ALL: [AtEnd; 3] = [AtEnd::Recycle, AtEnd::StopUser, AtEnd::Fail];

    /// Returns its word in scenario files.
    pub(crate) fn word(self) -> &'static str {
        match self {
            AtEnd::Recycle => "recycle",
            AtEnd::StopUser => "stop_user",
            AtEnd::Fail => "fail",
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn words_are_those_of_scenario_files() {
        assert_eq!(Pick::ALL.map(Pick::word), ["unique", "in_order", "random", "shuffled"]);
        assert_eq!(AtEnd::ALL.map(AtEnd::word), ["recycle", "stop_user", "fail"]);
    }

    #[test]
    fn a_source_begins_with_the_first_row_and_has_no_end() {
        let source = Source::new("items", "items.jsonl");
        assert_eq!((source.pick, source.at_end), (Pick::InOrder, AtEnd::Recycle));
        let source = source.pick(Pick::Shuffled).at_end(AtEnd::StopUser);
        assert_eq!((source.pick, source.at_end), (Pick::Shuffled, AtEnd::StopUser));
        assert_eq!((source.name(), &*source.file), ("items", Path::new("items.jsonl")));
    }
}
