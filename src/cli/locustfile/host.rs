//! The process that has loaded locustfiles, as far as the command needs it.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use serde_json::Value;

use crate::cli::Error;
use crate::collector::{ReportError, Summary};
use crate::control::Control;
use crate::locustfile::{Crew, Description, HostError, HostProcess, Installation, Load};
use crate::plan::{Options, Plan};
use crate::report::Report;
use crate::run;
use crate::scenario::Adaptive;

/// The reports of a run, by their names.
pub(in crate::cli) type Reports = Vec<(String, Box<dyn Report + Send>)>;

/// A run that is about to begin.
pub(in crate::cli) struct Run<'a> {
    pub(super) plan: &'a Arc<Plan>,
    pub(super) control: &'a Arc<Control>,
    /// Fires that event, and returns what the cores are to fire it with.
    pub(super) test_start: &'a mut dyn FnMut() -> Value,
    pub(super) reports: Reports,
}

/// What the host process does for the command.
pub(in crate::cli) trait Host: fmt::Debug + Send + Sync {
    /// Loads the files. A later call gives further values of arguments and options.
    ///
    /// # Errors
    ///
    /// Returns the traceback of the user's code, or the error of the file's own parser.
    fn load(&self, load: Load) -> Result<Description, HostError>;

    /// Fires an event. Returns what the listeners leave.
    ///
    /// # Errors
    ///
    /// Returns the traceback of a listener.
    fn fire(&self, event: &str, details: Value) -> Result<Value, HostError>;

    /// Begins this shape anew, and returns the load that it asks for. Without a name the next run has none.
    ///
    /// # Errors
    ///
    /// Returns the traceback of the shape.
    fn shape(&self, name: Option<&str>) -> Result<Option<Adaptive>, HostError>;

    /// Runs a plan of these classes to its end.
    ///
    /// # Errors
    ///
    /// Returns an error if no load could be made, or if a process was lost.
    fn run(
        &self,
        classes: &Description,
        options: &Options,
        run: Run<'_>,
        on_report_error: &mut dyn FnMut(&ReportError),
    ) -> Result<Summary, run::Error>;

    /// Has Python's `runner.quit` also call this.
    fn on_quit(&self, quit: Box<dyn Fn() + Send>);

    /// Ends the process and its children, and waits for them: none outlives the command, and their CPU time
    /// is counted as the command's.
    fn end(&self);
}

/// Starts the process by the user's Python.
///
/// # Errors
///
/// Returns why there is no Python that can run locustfiles.
pub(in crate::cli) fn start(python: Option<&Path>) -> Result<Arc<dyn Host>, Error> {
    let command = Installation::find(python)?.command()?;
    Ok(Arc::new(Process(HostProcess::start(command)?)))
}

#[derive(Debug)]
struct Process(Arc<HostProcess>);

impl Host for Process {
    fn load(&self, load: Load) -> Result<Description, HostError> {
        self.0.load(load)
    }

    fn fire(&self, event: &str, details: Value) -> Result<Value, HostError> {
        self.0.fire(event, details)
    }

    fn shape(&self, name: Option<&str>) -> Result<Option<Adaptive>, HostError> {
        self.0.choose_shape(name)?;
        Ok(name.map(|_| self.0.shape()))
    }

    fn run(
        &self,
        classes: &Description,
        options: &Options,
        run: Run<'_>,
        on_report_error: &mut dyn FnMut(&ReportError),
    ) -> Result<Summary, run::Error> {
        let crew = Crew::new(self.0.clone(), classes.clone(), options.clone());
        let Run { plan, control, test_start, reports } = run;
        crew.run(plan, control, test_start, reports, on_report_error)
    }

    fn on_quit(&self, quit: Box<dyn Fn() + Send>) {
        self.0.on_quit(quit);
    }

    fn end(&self) {
        self.0.stop();
    }
}
