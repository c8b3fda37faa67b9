//! The rows of data sets, for one run.

use std::sync::Arc;

use super::Error;
use crate::data::Rows;
use crate::scenario::Scenario;

/// Reads the data sets that have not been read, and divides their rows over so many cores.
pub(super) fn rows(
    scenario: &mut Scenario,
    cores: usize,
    seed: u64,
) -> Result<Vec<Arc<Rows>>, Error> {
    let rows = scenario.data.iter_mut().map(|source| {
        let table = source.load()?.clone();
        Ok(Rows::new(table, source, cores.max(1), seed))
    });
    let rows = rows.collect::<Result<_, Error>>()?;
    // Now their columns are known.
    scenario.validate()?;
    Ok(rows)
}
