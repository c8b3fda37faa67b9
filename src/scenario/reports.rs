//! The reports that a scenario asks for.

use std::path::PathBuf;

/// The reports that a scenario asks for, unless flags or variables say otherwise. Each field is the
/// value of the flag of its name. Relative paths are relative to the working directory, as those of
/// flags are.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct Reports {
    /// Prefix of the CSV files.
    pub csv: Option<PathBuf>,
    /// Whether the history has a row per entry.
    pub csv_full_history: bool,
    /// The file for the HTML report.
    pub html: Option<PathBuf>,
    /// The file for the JSON report.
    pub json_file: Option<PathBuf>,
    /// A name for the run.
    pub profile: Option<String>,
    /// Whether tables are printed at the end only.
    pub only_summary: bool,
    /// Whether the statistics are reset when all users are running.
    pub reset_stats: bool,
    /// The exit code of a run with failures or exceptions.
    pub exit_code_on_error: Option<u8>,
}
