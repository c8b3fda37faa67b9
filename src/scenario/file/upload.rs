//! Bodies of scenario files that come from other files: read once, while the scenario is.

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::error::{Problem, Result};
use super::reader::{Item, Table};
use crate::session::{Part, Upload};

const PART_KEYS: [&str; 5] = ["name", "value", "file", "filename", "content_type"];

/// The files that a scenario names, by path.
#[derive(Debug)]
pub(super) struct Files {
    /// Where relative paths begin: beside the scenario file.
    base: PathBuf,
    read: RefCell<HashMap<PathBuf, Upload>>,
}

impl Files {
    pub(super) fn beside(scenario: &str) -> Self {
        let base = Path::new(scenario).parent().unwrap_or(Path::new("")).to_owned();
        Files { base, read: RefCell::default() }
    }

    /// Returns where a path leads; errors of the run show it.
    pub(super) fn path(&self, item: Item<'_>) -> Result<PathBuf> {
        Ok(self.base.join(item.shown()?))
    }

    /// Reads the file at a path.
    pub(super) fn upload(&self, item: Item<'_>) -> Result<Upload> {
        let path = self.base.join(&*item.text()?);
        if let Some(known) = self.read.borrow().get(&path) {
            return Ok(known.clone());
        }
        let upload = Upload::read(&path)
            .map_err(|error| item.problem(format!("cannot read '{}': {error}", path.display())))?;
        self.read.borrow_mut().insert(path, upload.clone());
        Ok(upload)
    }

    /// Reads `[ { name = "a", value = "b" }, { name = "f", file = "photo.jpg" } ]`.
    pub(super) fn multipart(&self, item: Item<'_>) -> Result<Upload> {
        let items = item.array("an array of tables such as { name = \"…\", file = \"…\" }")?;
        if items.is_empty() {
            return Err(
                item.problem("a form needs a part, such as { name = \"…\", value = \"…\" }")
            );
        }
        let parts = items.into_iter().map(|item| self.part(&item.table(&PART_KEYS)?));
        Ok(Upload::multipart(&parts.collect::<Result<Vec<_>>>()?))
    }

    fn part(&self, table: &Table<'_>) -> Result<Part> {
        let name = table.require("name", "name = \"…\"")?.text()?;
        let part = match table.at_most_one(&["value", "file"])? {
            None => return Err(table.problem("a part needs a 'value' or a 'file'")),
            Some(("value", item)) => {
                if table.get("filename").is_some() {
                    let span = table.key_span("filename");
                    return Err(Problem::new(span, "'filename' goes with 'file'"));
                }
                Part::value(name, item.scalar()?)
            }
            Some((_, item)) => {
                let filename = match table.get("filename") {
                    Some(filename) => filename.text()?.into_owned(),
                    None => file_name(&item.text()?),
                };
                Part::file(name, filename, self.upload(item)?)
            }
        };
        Ok(match table.get("content_type") {
            Some(content_type) => part.content_type(content_type.header_value()?),
            None => part,
        })
    }
}

/// Returns the last part of a path: the server is not told in which folder a file lies.
fn file_name(path: &str) -> String {
    Path::new(path).file_name().unwrap_or_default().to_string_lossy().into_owned()
}
