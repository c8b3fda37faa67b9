//! The variables of a class of users: which names its instructions give values to.

use std::collections::BTreeSet;

use super::{Error, Instruction, Task, TaskAction, User};
use crate::data::Source;
use crate::nearest::hint;
use crate::template::{self, RESERVED, Scope};

impl User {
    /// Returns the names that expressions of this class may use: captures, what is set, and of the columns of
    /// its data sets those that it uses.
    ///
    /// # Errors
    ///
    /// Returns an error if a name cannot be that of a variable, if there are too many, and if there is no such
    /// data set or column.
    pub(crate) fn scope(&self, sources: &[Source]) -> Result<Scope, Error> {
        let (mut names, mut used) = (Vec::new(), BTreeSet::new());
        for instruction in self.instructions() {
            instruction.visit(&mut |instruction| {
                names.extend(declared(instruction));
                instruction.visit_names(&mut |name| _ = used.insert(name.to_owned()));
            });
        }
        let mut scope = Scope::default();
        for name in names {
            variable_name(name)?;
            add(&mut scope, name)?;
        }
        for set in self.data_sets() {
            let source = source_of(set, sources)?;
            let of_set = |name: &str| -> Option<String> {
                let path = name.strip_prefix(set)?.strip_prefix('.')?;
                path.split('.').next().map(str::to_owned)
            };
            for column in used.iter().filter_map(|name| of_set(name)) {
                if let Some(table) = source.table() {
                    column_of(set, &column, table.columns())?;
                }
                add(&mut scope, &format!("{set}.{column}"))?;
            }
        }
        Ok(scope)
    }

    /// Returns the data sets that its users and tasks take rows of, each once.
    pub(crate) fn data_sets(&self) -> BTreeSet<&str> {
        let mut sets: BTreeSet<&str> = self.data.iter().map(String::as_str).collect();
        self.tasks.iter().for_each(|task| task.add_data_sets(&mut sets));
        sets
    }

    /// Returns the instructions of its tasks, `on_start` and `on_stop`.
    pub(crate) fn instructions(&self) -> impl Iterator<Item = &Instruction> {
        let tasks = self.tasks.iter().map(|task| &task.action);
        let actions = self.on_start.iter().chain(tasks).chain(&self.on_stop);
        actions.flat_map(TaskAction::instructions)
    }
}

impl Task {
    fn add_data_sets<'t>(&'t self, sets: &mut BTreeSet<&'t str>) {
        sets.extend(self.data.iter().map(String::as_str));
        for instruction in self.action.instructions() {
            instruction.visit(&mut |instruction| {
                if let Instruction::Tasks(set) = instruction {
                    // Those of deeper sets are visited by themselves.
                    let tasks = set.tasks.iter();
                    sets.extend(tasks.flat_map(|task| task.data.iter().map(String::as_str)));
                }
            });
        }
    }
}

fn add(scope: &mut Scope, name: &str) -> Result<(), Error> {
    let too_many = || Error::Variable {
        name: name.to_owned(),
        reason: format!("there are more than {}", template::VARIABLES_MAX),
    };
    scope.add(name).map(drop).ok_or_else(too_many)
}

/// Returns the data set of this name.
pub(super) fn source_of<'s>(name: &str, sources: &'s [Source]) -> Result<&'s Source, Error> {
    let unknown = || {
        let known: Vec<&str> = sources.iter().map(Source::name).collect();
        Error::UnknownData { name: name.to_owned(), hint: hint(name, &known, "there are") }
    };
    sources.iter().find(|source| source.name() == name).ok_or_else(unknown)
}

/// Returns an error if a data set has no such column.
pub(super) fn column_of(set: &str, column: &str, columns: &[String]) -> Result<(), Error> {
    if columns.iter().any(|known| known == column) {
        return Ok(());
    }
    let known: Vec<&str> = columns.iter().map(String::as_str).collect();
    Err(Error::UnknownColumn {
        set: set.to_owned(),
        column: column.to_owned(),
        hint: hint(column, &known, "there are"),
    })
}

/// Returns the names that an instruction itself gives values to.
fn declared(instruction: &Instruction) -> Vec<&str> {
    match instruction {
        Instruction::Set(values) => values.iter().map(|(name, _)| &**name).collect(),
        Instruction::Request(step) => step.captures.iter().map(|(name, _)| &**name).collect(),
        Instruction::Parallel(parallel) => {
            let captures = parallel.steps.iter().flat_map(|step| &step.captures);
            captures.map(|(name, _)| &**name).collect()
        }
        _ => Vec::new(),
    }
}

/// Returns an error if this cannot be the name of a variable.
pub(super) fn variable_name(name: &str) -> Result<(), Error> {
    let refuse =
        |reason: &str| Err(Error::Variable { name: name.to_owned(), reason: reason.to_owned() });
    if RESERVED.contains(&name) {
        return refuse("it is a word of expressions");
    }
    if template::is_function(name) {
        return refuse("there is a function of this name");
    }
    let is_inside = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let starts = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    if starts && name.chars().all(is_inside) {
        return Ok(());
    }
    refuse("it has letters, digits and _ only, and begins with a letter or _")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::Task;

    #[test]
    fn names_come_from_wherever_values_are_given() {
        let set = |name: &str| Instruction::set(name, "1");
        let user = User::new("u")
            .task(Task::instructions("t", vec![Instruction::when("true", [set("b"), set("a")])]))
            .task(Task::instructions("s", vec![set("c"), set("a")]));
        let scope = user.scope(&[]).unwrap();
        assert_eq!(scope.names().collect::<Vec<_>>(), ["b", "a", "c"]);
    }

    #[test]
    fn names_that_mean_something_else_are_refused() {
        for (name, reason) in [
            ("and", "it is a word of expressions"),
            ("uuid", "there is a function of this name"),
            ("a.b", "it has letters, digits and _ only, and begins with a letter or _"),
            ("1a", "it has letters, digits and _ only, and begins with a letter or _"),
            ("", "it has letters, digits and _ only, and begins with a letter or _"),
        ] {
            let user =
                User::new("u").task(Task::instructions("t", vec![Instruction::set(name, "1")]));
            let message = format!("'{name}' cannot be the name of a variable: {reason}");
            assert_eq!(user.scope(&[]).unwrap_err().to_string(), message);
        }
    }
}
