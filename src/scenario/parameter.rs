//! A parameter of a scenario file.

/// A text of a scenario file that is given anew for each run, where the file says `${name}`.
///
/// A scenario written in Rust has none: its program takes what it likes before it builds the value.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Parameter {
    /// What the file calls it.
    pub name: String,
    /// Its value where none is given; without it, one must be. It stands in the file, so that of a
    /// secret, too, is nothing that could be kept one.
    pub default: Option<String>,
    /// What it is, for who gives a value.
    pub help: Option<String>,
    /// The only values it may have; any, where there are none.
    pub choices: Vec<String>,
    /// Its value is in no report and no error.
    pub secret: bool,
}
