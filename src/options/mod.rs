//! The options of a run: name, values and help of each, and where it can be given.
//!
//! [`GROUPS`] describes each option once. From it come the flags with their help and variables, the keys of
//! `[load]` and `[report]` in scenario files, the fields of the page's form, of Locust's form and of
//! `POST /api/v1/runs`, and their description in `openapi.json`. `cli::args` parses the values, and the plan
//! applies them.

#[cfg(test)]
pub(crate) mod samples;
mod table;

pub(crate) use table::GROUPS;

/// The most iterations per second of a `rate`. `scenario::Arrivals` has the reason.
pub(crate) const RATE_MAX: f64 = 1e9;

/// One option of a run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RunOption {
    /// The key in files, such as `max_users`. With dashes it is the flag, in capitals the variable.
    pub(crate) name: &'static str,
    /// Its values.
    pub(crate) value: Value,
    /// What it does, for help and for the description of the web interface.
    pub(crate) help: &'static str,
    /// What help adds for the command line.
    pub(crate) typed_help: &'static str,
    /// The letter of its flag.
    pub(crate) short: Option<char>,
    /// Another name of its flag, which help does not show.
    pub(crate) alias: Option<&'static str>,
    /// Whether only the command line and the variable can give it, and no file of flags.
    pub(crate) typed_only: bool,
    /// The table of scenario files that has it. `host` is at the top level.
    pub(crate) section: Option<Section>,
    /// The kind of load that it belongs to. The two kinds exclude each other.
    pub(crate) load: Option<LoadKind>,
    /// Its field in forms.
    pub(crate) field: Option<Field>,
}

/// The values of an option.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Value {
    /// None: the flag alone turns it on. Variables and files have `true` or `false`.
    Switch,
    /// A whole number from `least` to `most`.
    Whole {
        /// Its name in help: `N`, `PORT`.
        name: &'static str,
        least: u64,
        most: u64,
    },
    /// A number per second, above 0, and at most this.
    PerSecond { most: Option<f64> },
    /// A time, as [`units::parse_duration`](crate::units::parse_duration) takes it.
    Time,
    /// A text, with its name in help.
    Text(&'static str),
    /// Several texts, with the name of one in help.
    Texts(&'static str),
}

/// A table of scenario files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Section {
    /// `[load]`.
    Load,
    /// `[report]`.
    Report,
}

/// What sets the load.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LoadKind {
    /// A number of users: a closed load.
    Users,
    /// A rate of iterations: an open load.
    Rate,
}

/// A field of the forms that start a run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Field {
    /// Its name on the page and in `POST /api/v1/runs`.
    pub(crate) name: &'static str,
    /// Its name in `POST /swarm`: Locust's, where Locust has it.
    pub(crate) swarm: &'static str,
    /// Its label on the page: Locust's words, where Locust has it.
    pub(crate) label: &'static str,
}

/// The options under one heading of the help.
#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) heading: &'static str,
    pub(crate) options: &'static [RunOption],
}

impl RunOption {
    /// Returns its flag without the dashes: `max-users`.
    pub(crate) fn flag(&self) -> String {
        self.name.replace('_', "-")
    }

    /// Returns its variable: `GREGARIA_MAX_USERS`.
    pub(crate) fn variable(&self) -> String {
        format!("GREGARIA_{}", self.name.to_uppercase())
    }
}

/// Returns all options in the order of the help.
pub(crate) fn all() -> impl Iterator<Item = &'static RunOption> {
    GROUPS.iter().flat_map(|group| group.options)
}

/// Returns the option with this flag, which is given without leading dashes.
pub(crate) fn by_flag(flag: &str) -> Option<&'static RunOption> {
    all().find(|option| option.flag() == flag)
}

/// Returns the options in a table of scenario files.
pub(crate) fn keys(section: Section) -> Vec<&'static str> {
    names(|option| option.section == Some(section))
}

/// Returns the options of one kind of load.
pub(crate) fn of_load(kind: LoadKind) -> Vec<&'static str> {
    names(|option| option.load == Some(kind))
}

/// Returns the fields of the forms that start a run, each with its option.
pub(crate) fn fields() -> impl Iterator<Item = (&'static RunOption, Field)> {
    all().filter_map(|option| Some((option, option.field?)))
}

fn names(is_meant: impl Fn(&RunOption) -> bool) -> Vec<&'static str> {
    all().filter(|option| is_meant(option)).map(|option| option.name).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn the_readme_has_every_flag() {
        let readme = include_str!("../../README.md");
        for option in all() {
            assert!(readme.contains(&format!("`--{}`", option.flag())), "--{}", option.flag());
        }
    }

    #[test]
    fn no_name_and_no_letter_stands_for_two_options() {
        let (mut names, mut letters) = (HashSet::new(), HashSet::new());
        for option in all() {
            assert!(names.insert(option.name), "{}", option.name);
            assert!(option.alias.is_none_or(|alias| names.insert(alias)), "{}", option.name);
            assert!(option.short.is_none_or(|letter| letters.insert(letter)), "{}", option.name);
        }
        let mut fields: Vec<&str> = fields().flat_map(|(_, it)| [it.name, it.swarm]).collect();
        let count = fields.len();
        fields.sort_unstable();
        fields.dedup();
        assert!(fields.len() < count && fields.contains(&"user_count"), "{fields:?}");
    }
}
