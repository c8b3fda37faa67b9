//! What a scenario asks to be kept of its runs.

use std::path::PathBuf;

/// What a scenario asks to be kept of its runs where neither flag nor variable says anything; each is
/// what the flag of its name is. Relative paths begin in the working directory, as those of flags do.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct Reports {
    /// Prefix of the CSV files.
    pub csv: Option<PathBuf>,
    /// Whether they have a row of history per entry.
    pub csv_full_history: bool,
    /// The run as a page in one file.
    pub html: Option<PathBuf>,
    /// The run as JSON.
    pub json_file: Option<PathBuf>,
    /// A name for the run.
    pub profile: Option<String>,
    /// Whether tables are printed at the end only.
    pub only_summary: bool,
    /// Whether the statistics begin anew when all users are there.
    pub reset_stats: bool,
    /// The exit code of a run with failures or exceptions.
    pub exit_code_on_error: Option<u8>,
}
