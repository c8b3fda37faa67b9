//! Data sets of scenario files, and the columns that texts name.

use super::error::{Problem, Result};
use super::reader::{Entry, Item, Table};
use super::upload::Files;
use crate::data::{AtEnd, Pick, Source};
use crate::scenario::variables::{column_of, source_of, variable_name};
use crate::template::{Scope, names, names_in};

/// Reads the `[data.NAME]` tables, in the order they are written.
pub(super) fn sources(root: &Table<'_>, files: &Files) -> Result<Vec<Source>> {
    let entries = root.get("data").map_or(Ok(Vec::new()), |item| item.entries())?;
    entries.iter().map(|entry| source(entry, files)).collect()
}

fn source(entry: &Entry<'_>, files: &Files) -> Result<Source> {
    variable_name(entry.key).map_err(|error| entry.key_problem(error))?;
    let table = entry.value.table(&["file", "pick", "at_end"])?;
    let file = table.require("file", "file = \"….csv\" or \"….jsonl\"")?;
    let mut source = Source::new(entry.key, files.path(file)?);
    if let Some(item) = table.get("pick") {
        source = source.pick(word(item, Pick::ALL.map(|pick| (pick.word(), pick)))?);
    }
    if let Some(item) = table.get("at_end") {
        source = source.at_end(word(item, AtEnd::ALL.map(|end| (end.word(), end)))?);
    }
    source.load().map_err(|error| file.problem(error))?;
    Ok(source)
}

fn word<T: Copy, const N: usize>(item: Item<'_>, words: [(&str, T); N]) -> Result<T> {
    let text = item.text()?;
    match words.iter().find(|(word, _)| *word == text) {
        Some((_, value)) => Ok(*value),
        None => {
            let words = words.map(|(word, _)| word);
            let hint = crate::nearest::hint(&text, &words, "there are");
            Err(item.problem(format!("there is no '{text}' here{hint}")))
        }
    }
}

/// Reads the names of data sets: one, or several.
pub(super) fn names_of(item: Item<'_>, sources: &[Source]) -> Result<Vec<String>> {
    let name = |item: Item<'_>| {
        let name = item.shown()?;
        item.judged(source_of(&name, sources)).map(|_| name)
    };
    item.one_or_more().into_iter().map(name).collect()
}

/// Adds the columns that the texts of a class name.
pub(super) fn declare_columns(
    user: &Table<'_>,
    sources: &[Source],
    variables: &mut Scope,
) -> Result<()> {
    if sources.is_empty() {
        return Ok(());
    }
    let (mut taken, mut problem) = (Vec::new(), Ok(()));
    let mut note = |item: Item<'_>| match names_of(item, sources) {
        Ok(names) => taken.extend(names),
        Err(error) if problem.is_ok() => problem = Err(error),
        Err(_) => {}
    };
    user.get("data").into_iter().for_each(&mut note);
    user.get("task").into_iter().for_each(|tasks| tasks_of(tasks, &mut note));
    problem?;
    let mut problem = Ok(());
    for key in ["on_start", "on_stop", "task"] {
        let Some(item) = user.get(key) else { continue };
        item.visit_texts(&mut |item, text| {
            // A condition has its names without `${…}`.
            for name in names_in(text).chain(names(text).into_iter().map(|(name, _)| name)) {
                if problem.is_ok() {
                    problem = column(name, item, sources, &taken, variables);
                }
            }
        });
    }
    problem
}

/// Calls a function with the data sets of tasks, and of those in them.
fn tasks_of<'a>(tasks: Item<'a>, note: &mut impl FnMut(Item<'a>)) {
    for task in tasks.one_or_more().into_iter().filter(Item::is_table) {
        for entry in task.entries().unwrap_or_default() {
            match entry.key {
                "data" => note(entry.value),
                "tasks" => tasks_of(entry.value, note),
                _ => {}
            }
        }
    }
}

fn column(
    name: &str,
    item: Item<'_>,
    sources: &[Source],
    taken: &[String],
    variables: &mut Scope,
) -> Result<()> {
    let Some((set, path)) = name.split_once('.') else { return Ok(()) };
    let Some(source) = sources.iter().find(|source| source.name() == set) else { return Ok(()) };
    let column = path.split('.').next().unwrap_or_default();
    let columns = source.table().map_or(&[][..], |table| table.columns());
    let is_known = columns.iter().any(|known| known == column);
    if taken.iter().any(|taken| taken == set) {
        if !is_known {
            let Err(error) = column_of(set, column, columns) else { return Ok(()) };
            return Err(Problem::new(item.span(), error).part(name));
        }
        let too_many = || item.problem("there are too many variables");
        variables.add(&format!("{set}.{column}")).ok_or_else(too_many)?;
    } else if is_known {
        let message = format!(
            "nobody takes a row of '{set}' here; add data = \"{set}\" to the user or the task"
        );
        return Err(Problem::new(item.span(), message).part(name));
    }
    Ok(())
}
