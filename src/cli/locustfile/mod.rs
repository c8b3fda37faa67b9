//! Locustfiles: which files a name stands for, the process that has loaded them, and the scenario that
//! their classes are.

mod arguments;
mod events;
mod files;
mod host;
mod options;
mod spawning;

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::refusal::Unstarted;
use super::{Error, RunArgs};
use crate::collector::{ReportError, Summary};
use crate::control::Control;
use crate::locustfile::{Argument, Described, Description, HostError, Load, ShapeDescription};
use crate::nearest::hint;
use crate::plan::{Options, Plan, SelectedClass};
use crate::run;
use crate::scenario::file::Values;
use crate::scenario::{Parameter, Scenario};

pub(super) use events::{EventReport, Events};
pub(super) use files::{is_locustfile, is_python};
use host::{Host, Run};
pub(super) use host::{Reports, start};

/// Loaded locustfiles. Clones share the process that has loaded them.
#[derive(Debug, Clone)]
pub(super) struct Locustfile {
    name: String,
    files: Vec<String>,
    host: Arc<dyn Host>,
    events: Events,
    /// What the files define.
    loaded: Arc<Description>,
    /// The same with the values and options that hold now.
    current: Arc<Description>,
    /// The name of the shape class that makes the load.
    shape: Option<String>,
}

impl Locustfile {
    /// Loads the files that a name stands for. `start` starts the process that loads them.
    ///
    /// # Errors
    ///
    /// Returns an error if a file is not there, if there is no Python to run it, or if it cannot be loaded.
    pub(super) fn load(
        name: &str,
        start: impl FnOnce() -> Result<Arc<dyn Host>, Error>,
    ) -> Result<Self, Error> {
        let found = files::find(name)?;
        let files: Vec<String> = found.iter().map(|path| path.display().to_string()).collect();
        let host = start()?;
        let load = Load {
            files: files.clone(),
            arguments: json!({}),
            options: json!({"locustfile": name}),
        };
        let loaded = host.load(load).map_err(|error| match error {
            HostError::Load(error) => {
                let text = error.text.trim_end();
                Unstarted::new(format!("{name} cannot be loaded\n{text}"), error.exit)
            }
            other => Unstarted::wrong(other.to_string()),
        })?;
        let (loaded, name) = (Arc::new(loaded), name.to_owned());
        let (events, current) = (Events::new(host.clone()), loaded.clone());
        Ok(Locustfile { name, files, host, events, current, loaded, shape: None })
    }

    /// Ends the process that has loaded them.
    pub(super) fn end(&self) {
        self.host.end();
    }

    /// Gives the files the flags, and these values of their arguments.
    ///
    /// # Errors
    ///
    /// Returns the error of their own parser, or of a listener of `init`.
    pub(super) fn with_arguments(self, args: &RunArgs, values: &Values) -> Result<Self, Error> {
        let known = self.parameters();
        if let Some(unknown) = values.unknown(&known) {
            return Err(unknown.into());
        }
        // What a form sends back unchanged may be the text of a value of any type, which is kept.
        let holds = |name: &str, value: &str| {
            let mut known = known.iter();
            known.any(|it| it.name == name && it.default.as_deref() == Some(value))
        };
        let changed = values.iter().filter(|(name, value)| !holds(name, value));
        let values: Map<String, Value> =
            changed.map(|(name, value)| (name.to_owned(), json!(value))).collect();
        let load = Load {
            files: self.files.clone(),
            arguments: json!({"words": args.custom, "values": values}),
            options: options::parsed_options(&self.name, args),
        };
        let current = self.host.load(load).map_err(|error| self.refusal(error))?;
        let shape = self.shape_of(args);
        Ok(Locustfile { current: Arc::new(current), shape, ..self })
    }

    /// Returns the error of a later call, which names an argument, or ends with an exit code of its own.
    fn refusal(&self, error: HostError) -> Error {
        let HostError::Load(error) = error else { return error.into() };
        let message = error.text.trim_end();
        match arguments::named_in(message, &self.loaded.arguments) {
            Some(Argument { dest, is_secret, .. }) => {
                let hidden = format!("the value of the secret '{dest}' is not valid");
                let message = if *is_secret { hidden } else { message.to_owned() };
                WrongArgument { message, name: dest.clone() }.into()
            }
            None => Unstarted::new(message, error.exit).into(),
        }
    }

    /// Returns the name as it was given.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Returns the arguments that the files add to the command line.
    pub(super) fn arguments(&self) -> &[Argument] {
        &self.loaded.arguments
    }

    /// Returns the same as parameters, with the values that hold now.
    pub(super) fn parameters(&self) -> Vec<Parameter> {
        let current = |argument: &Argument| {
            let mut now = self.current.arguments.iter();
            now.find(|other| other.dest == argument.dest).unwrap_or(argument).clone()
        };
        let arguments = self.loaded.arguments.iter();
        arguments.map(|argument| arguments::parameter(argument, &current(argument))).collect()
    }

    /// Makes the scenario of the classes, for a process that plans and runs no users.
    ///
    /// # Errors
    ///
    /// Returns what of the classes is not valid: of those that are picked, once the flags are there.
    pub(super) fn scenario(&self) -> Result<Scenario, Error> {
        refuse_errors(&self.current)?;
        let mut scenario = self.current.scenario(&Described)?;
        scenario.parameters = self.parameters();
        scenario.secrets = arguments::secrets(&self.current.arguments);
        if self.shape.is_some() {
            // The shape says how many, from the start on.
            scenario.load.users = Some(0);
        }
        Ok(scenario)
    }

    /// Lets the shape make the load of a scenario, from now on.
    ///
    /// # Errors
    ///
    /// Returns the traceback of the shape.
    pub(super) fn with_shape(&self, mut scenario: Scenario) -> Result<Scenario, Error> {
        if !self.loaded.shapes.is_empty() {
            scenario.load.adaptive = self.host.shape(self.shape.as_deref())?;
        }
        Ok(scenario)
    }

    /// Refuses names on the command line that are of none of the classes, as Locust does.
    ///
    /// # Errors
    ///
    /// Returns Locust's error.
    pub(super) fn refuse_unknown_classes(&self, picked: &[SelectedClass]) -> Result<(), Unstarted> {
        let known: Vec<&str> = self.loaded.classes.iter().map(|class| &*class.name).collect();
        let names = picked.iter().map(|class| &*class.name).filter(|name| !name.is_empty());
        let unknown: Vec<&str> = names.filter(|name| !known.contains(name)).collect();
        match unknown.first() {
            None => Ok(()),
            Some(first) => {
                let hint = hint(first, &known, "there are");
                let unknown = unknown.join(", ");
                Err(Unstarted::as_locust(format!("Unknown User(s): {unknown}{hint}")))
            }
        }
    }

    /// Returns the shape that makes the load: the picked one, or as in Locust the first of the files. A rate
    /// takes its place.
    fn shape_of(&self, args: &RunArgs) -> Option<String> {
        let first = || self.loaded.shapes.first().map(|shape| shape.name.clone());
        match &args.web.shape {
            _ if args.rate.is_some() => None,
            Some(picked) => picked.clone(),
            None => first(),
        }
    }

    /// Returns the name of the shape class that makes the load.
    pub(super) fn shape(&self) -> Option<&str> {
        self.shape.as_deref()
    }

    /// Returns the names of all shape classes.
    pub(super) fn shapes(&self) -> Vec<&str> {
        self.loaded.shapes.iter().map(|shape| &*shape.name).collect()
    }

    /// Takes options out that a shape does not heed, and returns the lines that Locust logs about them.
    pub(super) fn without_ignored(&self, options: &mut Options) -> Vec<String> {
        let Some(name) = &self.shape else { return Vec::new() };
        let given = [
            ("--users", options.users.take().is_some()),
            ("--spawn-rate", options.spawn_rate.take().is_some()),
            ("--run-time", options.run_time.take().is_some()),
        ];
        let given: Vec<_> = given.into_iter().filter_map(|(flag, is)| is.then_some(flag)).collect();
        let heeds = |shape: &ShapeDescription| shape.name == *name && shape.use_common_options;
        if given.is_empty() || self.loaded.shapes.iter().any(heeds) {
            return Vec::new();
        }
        let why = "--run-time, --users or --spawn-rate have no impact on LoadShapes unless the shape class \
                   explicitly reads them. See: docs.locust.io/en/stable/custom-load-shape.html#use-common-options";
        vec![
            why.to_owned(),
            format!("The following option(s) will be ignored: {}", given.join(", ")),
        ]
    }

    /// Returns what fires the events of the command and its runs.
    pub(super) fn events(&self) -> &Events {
        &self.events
    }

    /// Has `runner.quit` also call this.
    pub(super) fn on_quit(&self, quit: impl Fn() + Send + 'static) {
        self.host.on_quit(Box::new(quit));
    }

    /// Runs a plan of the scenario to its end, as [`run::run`] does, in a process for each core. Fires the
    /// events of the run.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`run::run`], or that a process was lost.
    pub(super) fn run(
        &self,
        options: &Options,
        plan: &Arc<Plan>,
        control: &Arc<Control>,
        mut reports: Reports,
        on_report_error: &mut dyn FnMut(&ReportError),
    ) -> Result<Summary, run::Error> {
        let watch = self.events.watch(plan, control);
        let begun = watch.begun.clone();
        let test_start = &mut || self.events.test_start(&begun);
        let stop = EventReport::Stop(self.events.clone(), watch);
        reports.insert(0, ("test_stop".to_owned(), Box::new(stop)));
        let run = Run { plan, control, test_start, reports };
        self.host.run(&self.current, options, run, on_report_error)
    }

    /// Returns what is probably a mistake.
    pub(super) fn warnings(&self) -> Vec<String> {
        let settings = self.current.stats.keys().map(|name| {
            format!(
                "locust.stats.{name} is set by the locustfile; it has no effect on reports here"
            )
        });
        self.current.warnings.iter().cloned().chain(settings).collect()
    }
}

/// A value that the file's own parser does not take.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub(super) struct WrongArgument {
    message: String,
    /// The name of the argument.
    pub(super) name: String,
}

/// Returns the errors of a description, if it has some.
fn refuse_errors(description: &Description) -> Result<(), Unstarted> {
    let Some(exit) = description.errors.iter().map(|error| error.exit).max() else { return Ok(()) };
    let texts: Vec<&str> = description.errors.iter().map(|error| &*error.text).collect();
    Err(Unstarted::new(texts.join("\n"), exit))
}

#[cfg(test)]
mod tests;
