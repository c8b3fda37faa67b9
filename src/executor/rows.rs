//! Rows of data sets, as a core's users take them.

use std::rc::Rc;

use crate::data::{Cell, CoreRows, Ended, Taken};
use crate::plan::Plan;
use crate::scenario::TaskError;
use crate::template::{Scope, SlotId, Variables};

/// The data sets of a run, as one core has them.
pub(super) struct DataSets(Vec<(String, Rc<CoreRows>)>);

/// A data set that a class or a task takes rows of, and where their cells go.
pub(super) struct RowSource {
    rows: Rc<CoreRows>,
    /// The variable of each column; those that no expression uses have none.
    slots: Box<[Option<SlotId>]>,
}

impl DataSets {
    /// Takes a core's part in the data sets of a plan.
    pub(super) fn new(plan: &Plan) -> Self {
        let names = plan.scenario.data.iter().map(|source| source.name().to_owned());
        DataSets(names.zip(plan.data.iter().map(|rows| rows.of_core())).collect())
    }

    /// Returns what a class or a task with these data sets takes rows of.
    pub(super) fn sources(&self, names: &[String], scope: &Scope) -> Vec<RowSource> {
        let source = |name: &String| {
            let (_, rows) = self.0.iter().find(|(known, _)| known == name)?;
            let slot = |column: &String| scope.slot(&format!("{name}.{column}"));
            Some(RowSource { rows: rows.clone(), slots: rows.columns().iter().map(slot).collect() })
        };
        names.iter().filter_map(source).collect()
    }
}

impl RowSource {
    /// Takes a row for a user's life.
    pub(super) fn take_for_life(
        &self,
        variables: &mut Variables,
        rng: &mut fastrand::Rng,
    ) -> Result<Taken, TaskError> {
        let taken = self.rows.take_for_life(rng).map_err(error)?;
        self.write(&taken, variables);
        Ok(taken)
    }

    /// Takes a row for one iteration.
    pub(super) fn take_for_iteration(
        &self,
        variables: &mut Variables,
        rng: &mut fastrand::Rng,
    ) -> Result<Taken, TaskError> {
        let taken = self.rows.take_for_iteration(rng).map_err(error)?;
        self.write(&taken, variables);
        Ok(taken)
    }

    fn write(&self, taken: &Taken, variables: &mut Variables) {
        for (cell, slot) in taken.row().cells().zip(&self.slots) {
            match (cell, slot) {
                (_, None) => {}
                (Cell::Text(text), Some(slot)) => variables.set_text(*slot, text),
                (Cell::Json(json), Some(slot)) => variables.set_json(*slot, json),
            }
        }
    }
}

fn error(ended: Ended) -> TaskError {
    match ended {
        Ended::StopUser => TaskError::StopUser,
        Ended::Fail(message) => TaskError::Exception(message),
    }
}
