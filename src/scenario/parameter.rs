//! A parameter of a scenario file.

/// A text of a scenario file that each run may set, where the file says `${name}`.
///
/// A scenario written in Rust has none, because its program can take values from anywhere.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Parameter {
    /// Its name in the file.
    pub name: String,
    /// Its value if none is given; without a default a value is required. A default stands in the file,
    /// so it is not secret even if the parameter is.
    pub default: Option<String>,
    /// An explanation for users who set the value.
    pub help: Option<String>,
    /// The only valid values; if empty, any value is valid.
    pub choices: Vec<String>,
    /// Whether its value is hidden in reports and errors.
    pub secret: bool,
}
