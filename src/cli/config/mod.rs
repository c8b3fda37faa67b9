//! Files of flags: `gregaria.toml`, and Locust's, of which the flags that both tools have are used.

mod conf;
mod table;
mod variables;

use std::path::Path;

use crate::files::{self, ReadError, TEXT_MAX};

/// A flag in a file.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Setting {
    /// The flag without its dashes: `spawn-rate`.
    pub(super) flag: String,
    pub(super) value: Value,
    /// The position of the value: `gregaria.toml:3:9`, or the variable.
    pub(super) place: String,
}

/// The value of a flag. In formats without booleans, switches have texts.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Boolean(bool),
    Texts(Vec<String>),
}

/// A file of flags.
#[derive(Debug, PartialEq)]
pub(super) struct File {
    pub(super) name: String,
    /// Whether it is a file of Locust, in which unknown flags are no error.
    pub(super) of_locust: bool,
    pub(super) settings: Vec<Setting>,
}

/// Reads the files of flags, in order of precedence: the one of `--config`, then those of the working
/// directory. Locust's files have the order of Locust, where configargparse adds them from the last to
/// the first. `~/.locust.conf` is not read, because it is not in the working directory.
///
/// # Errors
///
/// Returns an error for a file that cannot be read, and one with the position for what is wrong in a file.
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

/// Returns the flags that the variables of Locust give. They go before files, and do not hold for scenarios
/// that Locust cannot run.
pub(super) fn variables() -> File {
    // One that is not UTF-8 is none of Locust's values.
    let texts = std::env::vars_os()
        .filter_map(|(name, text)| Some((name.into_string().ok()?, text.into_string().ok()?)));
    variables::flags(texts)
}

fn read(path: &Path) -> Result<String, ReadError> {
    let bytes = files::read(path, TEXT_MAX)?;
    String::from_utf8(bytes)
        .map_err(|_| std::io::Error::other("it is not UTF-8 text; save it as UTF-8").into())
}

/// Parses a file by the format that its name and its content show.
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

/// Returns `file:line:column` of a byte offset. Lines and columns count from 1, columns in characters.
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
        // No error in a file without flags of ours.
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
