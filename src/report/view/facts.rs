//! What a run is: all that is needed to make it again.

use std::time::Duration;

use serde_json::{Value, json};

/// What a run is. Known before it starts.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Facts {
    /// The scenario's file, or the URL that was given in its place.
    pub scenario: String,
    /// The text of the file.
    pub scenario_text: Option<String>,
    /// Where the requests go, one host after the other.
    pub host: String,
    /// What every random choice came from.
    pub seed: u64,
    /// The command as typed.
    pub command_line: String,
    /// The command that makes this run once more, with its seed, and what a page asked for as if it
    /// had been typed; but not what the run was steered by on its way.
    pub again: Option<String>,
    /// Peak number of users.
    pub users: u32,
    /// Users started per second, where that is all there is to the load.
    pub spawn_rate: Option<f64>,
    /// From the start of the run to the stop.
    pub run_time: Option<Duration>,
    /// The load in one line.
    pub load: String,
    /// The numbers of the processors.
    pub cores: Vec<usize>,
    /// A name for the run.
    pub profile: Option<String>,
}

impl Facts {
    /// By the names of the fields, and `version`. The seed is text: a reader's numbers may end at 53
    /// bits.
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
