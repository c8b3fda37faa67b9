//! The facts of a run: everything that is needed to repeat it.

use std::time::Duration;

use serde_json::{Value, json};

/// The facts of a run, known before it starts.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Facts {
    /// The scenario's file, or the URL that replaces it.
    pub scenario: String,
    /// The text of the file.
    pub scenario_text: Option<String>,
    /// The hosts of the requests.
    pub host: String,
    /// The seed of every random choice.
    pub seed: u64,
    /// The command as typed.
    pub command_line: String,
    /// A command that repeats this run with its seed and with the values of the page's form, but not
    /// with the commands that were given during the run.
    pub again: Option<String>,
    /// Peak number of users.
    pub users: u32,
    /// Users started per second, if the load is a plain ramp.
    pub spawn_rate: Option<f64>,
    /// The time from the start of the run to the stop.
    pub run_time: Option<Duration>,
    /// The load in one line.
    pub load: String,
    /// The numbers of the processors.
    pub cores: Vec<usize>,
    /// A name for the run.
    pub profile: Option<String>,
}

impl Facts {
    /// Returns them by the names of the fields, with `version`. The seed is a text, because numbers of
    /// a reader may have 53 bits only.
    pub fn json(&self) -> Value {
        json!({
            "version": env!("CARGO_PKG_VERSION"),
            "scenario": self.scenario,
            "scenario_text": self.scenario_text,
            "host": self.host,
            "seed": self.seed.to_string(),
            "command_line": self.command_line,
            "again": self.again,
            "users": self.users,
            "spawn_rate": self.spawn_rate,
            "run_time": self.run_time.map(|time| time.as_secs_f64()),
            "load": self.load,
            "cores": self.cores,
            "profile": self.profile,
        })
    }
}
