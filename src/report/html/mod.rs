//! `--html`: a run as one self-contained file, with the page's tables and charts.
//!
//! It shows the last [`View`] and the [`History`]. The history is thinned, so the file of a day is as
//! long as that of ten minutes. The page's own scripts draw it.

mod name;

use std::io;
use std::path::Path;

use serde_json::{Value, json};

use super::Report;
use super::columns;
use super::file::{Error, OutputFile};
use super::history::History;
use super::utc::utc;
use super::view::{Facts, State, View, Workload};
use crate::page::{self, Theme};
use crate::stats::Snapshot;

pub(crate) use name::fill_placeholders;

/// The HTML file of a run, written at its end.
pub struct HtmlFile {
    file: OutputFile,
    facts: Facts,
    workload: Workload,
    history: History,
}

impl HtmlFile {
    /// Checks that the file can be written, and makes its folders. Its content stays until the end of
    /// the run. `{u}`, `{r}` and `{t}` in its name become users, spawn rate and seconds of run time.
    ///
    /// # Errors
    ///
    /// Returns an error if it cannot be written.
    pub fn create(
        path: &Path,
        facts: Facts,
        workload: Workload,
        history: History,
    ) -> Result<Self, Error> {
        let path = fill_placeholders(path, &facts);
        let file = OutputFile::new(&path, "")?;
        Ok(HtmlFile { file, facts, workload, history })
    }
}

impl Report for HtmlFile {
    fn update(&mut self, snapshot: &Snapshot) -> io::Result<()> {
        self.history.add(snapshot);
        Ok(())
    }

    fn finish(&mut self, snapshot: &Snapshot) -> io::Result<()> {
        self.history.add(snapshot);
        let view = View {
            facts: &self.facts,
            workload: &self.workload,
            state: State::Stopped,
            run: 1,
            snapshot: Some(snapshot),
            history: Some(&self.history),
            target: None,
        };
        Ok(self.file.replace(render(&view, Theme::System).as_bytes())?)
    }
}

/// Returns the file of this view.
pub fn render(view: &View<'_>, theme: Theme) -> String {
    let history = view.history.map_or(Value::Null, |history| history.json(true));
    let data = json!({ "view": view.json(), "history": history });
    let tables = columns::for_page().to_string();
    page::self_contained(&title(view), &tables, &for_a_script(&data), theme)
}

/// Returns JSON that cannot end the script element around it: names and texts come from the server
/// under test.
fn for_a_script(data: &Value) -> String {
    data.to_string().replace('<', r"\u003c")
}

fn title(view: &View<'_>) -> String {
    let Facts { profile, scenario, .. } = view.facts;
    let of = profile.as_ref().unwrap_or(scenario);
    let started = view.snapshot.map(|snapshot| utc(snapshot.started_at)).unwrap_or_default();
    format!("gregaria: {of} {started}")
}

#[cfg(test)]
mod tests;
