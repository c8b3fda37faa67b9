//! A parameter of a scenario file or of a locustfile.

/// A text that each run may set: of a scenario file, where the file says `${name}`, or an argument that a
/// locustfile adds to the command line.
///
/// A scenario written in Rust has none, because its program can take values from anywhere.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Parameter {
    /// Its name in the file.
    pub name: String,
    /// What its text stands for.
    pub kind: ParameterKind,
    /// Its value if none is given. A default stands in the file,
    /// so it is not secret even if the parameter is.
    pub default: Option<String>,
    /// An explanation for users who set the value.
    pub help: Option<String>,
    /// The only valid values; if empty, any value is valid.
    pub choices: Vec<String>,
    /// Whether its value is hidden in reports and errors.
    pub secret: bool,
    /// Whether forms ask for a value.
    pub required: bool,
    /// Whether forms leave it out.
    pub unlisted: bool,
    /// The flags of the command line that give it, beside `--set`.
    pub flags: Vec<String>,
}

/// What the text of a parameter stands for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ParameterKind {
    /// Itself.
    #[default]
    Text,
    /// `true` or `false`.
    Switch,
    /// Several values, separated by commas.
    Several,
}
