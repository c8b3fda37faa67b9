//! Files of flags: `gregaria.toml`, and those of Locust for the flags that both have.

mod conf;
mod table;

use std::path::Path;

use crate::files::{self, ReadError, TEXT_MAX};

/// What a file says of one flag.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Setting {
    /// The flag without its dashes: `spawn-rate`.
    pub(super) flag: String,
    pub(super) value: Value,
    /// `gregaria.toml:3:9`, where the value is.
    pub(super) place: String,
}

/// A value as it is written; a switch is a text too where the file knows no other values.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Boolean(bool),
    Texts(Vec<String>),
}

/// A file of flags as it was read.
#[derive(Debug, PartialEq)]
pub(super) struct File {
    pub(super) name: String,
    /// Whether it is Locust's: what is none of our flags is left aside there.
    pub(super) of_locust: bool,
    pub(super) settings: Vec<Setting>,
}

/// The files of flags that there are, the one whose word counts most first: the one that was named,
/// and those of the working directory. Locust's are in the order of its own (configargparse adds
/// them from the last to the first), but for `~/.locust.conf`, which is none of this directory's.
///
/// # Errors
///
/// A file that cannot be read, or not understood: with its place.
pub(super) fn files(named: Option<&Path>) -> Result<Vec<File>, String> {
    let named = named.map(|path| {
        let text =
            read(path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
        of_name(&path.display().to_string(), &text)
    });
    let usual =
        ["gregaria.toml", "pyproject.toml", "locust.conf"].into_iter().filter_map(
            |name| match read(Path::new(name)) {
                Ok(text) => Some(of_name(name, &text)),
                Err(ReadError::System(error)) if error.kind() == std::io::ErrorKind::NotFound => {
                    None
                }
                Err(error) => Some(Err(format!("cannot read {name}: {error}"))),
            },
        );
    let files: Result<Vec<File>, String> = named.into_iter().chain(usual).collect();
    Ok(files?.into_iter().filter(|file| !file.settings.is_empty()).collect())
}

fn read(path: &Path) -> Result<String, ReadError> {
    let bytes = files::read(path, TEXT_MAX)?;
    String::from_utf8(bytes)
        .map_err(|_| std::io::Error::other("it is not UTF-8 text; save it as UTF-8").into())
}

/// Reads it as its name and content say what it is.
fn of_name(name: &str, text: &str) -> Result<File, String> {
    let is_toml = name.ends_with(".toml");
    let is_locusts_table = is_toml && table::has_tool_locust(text);
    let settings = match (is_toml, is_locusts_table) {
        (true, true) => table::tool_locust(name, text)?,
        (true, false) if name.ends_with("pyproject.toml") => Vec::new(),
        (true, false) => table::flags(name, text)?,
        (false, _) => conf::flags(name, text)?,
    };
    Ok(File { name: name.to_owned(), of_locust: !is_toml || is_locusts_table, settings })
}

/// `file:line:column` of a byte of a text; both are counted from 1, columns in characters.
fn place(name: &str, text: &str, at: usize) -> String {
    let before = text.get(..at).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let start = before.rfind('\n').map_or(0, |end| end + 1);
    let column = before[start..].trim_start_matches('\u{feff}').chars().count() + 1;
    format!("{name}:{line}:{column}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_as_its_name_and_content_say() {
        let flags = |name: &str, text: &str| {
            let file = of_name(name, text).unwrap();
            let flags: Vec<String> = file.settings.into_iter().map(|s| s.flag).collect();
            (file.of_locust, flags.join(" "))
        };
        let pair = |of_locust, flags: &str| (of_locust, flags.to_owned());
        assert_eq!(flags("gregaria.toml", "users = 5"), pair(false, "users"));
        assert_eq!(flags("locust.conf", "users = 5\n--csv x"), pair(true, "users csv"));
        let project = "[project]\nname = \"x\"\n";
        assert_eq!(flags("pyproject.toml", project), pair(false, ""));
        // Not ours to judge where it has nothing for us.
        assert_eq!(flags("pyproject.toml", "[project\n"), pair(false, ""));
        let locusts = format!("{project}[tool.locust]\nheadless = true\nrun-time = \"1m\"\n");
        assert_eq!(flags("pyproject.toml", &locusts), pair(true, "headless run-time"));
        assert_eq!(flags("x/my.toml", &locusts), pair(true, "headless run-time"));
        assert_eq!(flags("x/my.toml", "spawn_rate = 2"), pair(false, "spawn-rate"));
        assert_eq!(flags("x/my", "users: 2"), pair(true, "users"));
    }

    #[test]
    fn a_place_is_counted_in_characters_from_one() {
        assert_eq!(place("f", "a = 1\né = x", 10), "f:2:4");
        assert_eq!((place("f", "", 0), place("f", "ab", 9)), ("f:1:1".into(), "f:1:3".into()));
    }
}
