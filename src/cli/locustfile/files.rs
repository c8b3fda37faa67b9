//! The files of Python that a name on the command line stands for.

use std::collections::BTreeSet;
use std::fs;
use std::path::{self, Path, PathBuf};

use crate::cli::refusal::Unstarted;

/// Returns whether a name is of locustfiles: a list of files that end with `.py` or of directories.
pub(in crate::cli) fn is_locustfile(name: &str) -> bool {
    let mut parts = parts(name).peekable();
    parts.peek().is_some() && parts.all(|part| is_python(part) || Path::new(part).is_dir())
}

/// Returns whether a path, or that of a URL, ends as files of Python do.
pub(in crate::cli) fn is_python(path: &str) -> bool {
    path.to_ascii_lowercase().ends_with(".py")
}

/// Finds the files: of a comma-separated list, as Locust has it, each file once. Of a directory all files
/// below it that end with `.py`, but for those whose name begins with `_`. Paths are absolute.
///
/// # Errors
///
/// Returns Locust's errors for a file that is not there, or a directory without any; and one for a URL.
pub(super) fn find(name: &str) -> Result<Vec<PathBuf>, Unstarted> {
    let mut found = Vec::new();
    for part in parts(name) {
        if part.contains("://") {
            return Err(Unstarted::wrong(format!(
                "{part} is not on this machine: fetch it, with curl -fsSO '{part}', look at it, and run \
                 that file"
            )));
        }
        found.extend(files_of(part)?);
    }
    let mut seen = BTreeSet::new();
    found.retain(|path| seen.insert(path.clone()));
    Ok(found)
}

fn parts(name: &str) -> impl Iterator<Item = &str> {
    name.split(',').map(str::trim).filter(|part| !part.is_empty())
}

fn files_of(part: &str) -> Result<Vec<PathBuf>, Unstarted> {
    let path = Path::new(part);
    if path.is_dir() {
        let mut files = Vec::new();
        add_files_below(path, &mut files)
            .map_err(|error| Unstarted::wrong(format!("cannot read {part}: {error}")))?;
        return match files.is_empty() {
            true => Err(Unstarted::as_locust(format!(
                "Could not find any locustfiles in directory '{part}'"
            ))),
            false => Ok(files),
        };
    }
    // Not the target of a link: modules beside the link are imported.
    match path::absolute(path) {
        Ok(absolute) if is_python(part) && path.exists() => Ok(vec![absolute]),
        _ => Err(Unstarted::as_locust(format!(
            "Could not find '{part}'. Ensure your locustfile ends with '.py' or is a directory with \
             locustfiles. See --help for available options."
        ))),
    }
}

/// Adds the files below a directory in the order of their names. A link to a directory is not followed, so
/// that a circle of them has an end.
fn add_files_below(directory: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    let mut entries = fs::read_dir(directory)?.collect::<Result<Vec<_>, _>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
        if entry.file_type()?.is_dir() {
            add_files_below(&path, files)?;
        } else if is_python(&name) && !name.starts_with('_') && path.is_file() {
            files.push(path::absolute(path)?);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Makes these files, and returns the names of those that are found, below the folder.
    fn found(files: &[&str], named: &[&str]) -> Result<Vec<String>, String> {
        let dir = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(dir.path()).unwrap();
        for file in files {
            fs::create_dir_all(root.join(file).parent().unwrap()).unwrap();
            fs::write(root.join(file), "").unwrap();
        }
        let name: Vec<String> =
            named.iter().map(|part| root.join(part).display().to_string()).collect();
        let shown = |path: PathBuf| path.strip_prefix(&root).unwrap().display().to_string();
        find(&name.join(","))
            .map(|found| found.into_iter().map(shown).collect())
            .map_err(|error| error.to_string().replace(&*root.to_string_lossy(), "DIR"))
    }

    /// What Locust 2.47.0 takes: `locust -f DIR -l` lists classes of files below `_dir`, and none of `_skip.py`.
    #[test]
    fn a_directory_stands_for_the_files_below_it_but_those_that_begin_with_an_underscore() {
        let files = ["d/b.py", "d/a.py", "d/_skip.py", "d/e/x.py", "d/_dir/y.py", "d/note.txt"];
        let expected = ["d/_dir/y.py", "d/a.py", "d/b.py", "d/e/x.py"];
        assert_eq!(found(&files, &["d"]).unwrap(), expected);
        assert_eq!(found(&files, &["d/b.py", "d/a.py", "d/b.py"]).unwrap(), ["d/b.py", "d/a.py"]);
    }

    #[test]
    fn what_is_not_there_is_told_in_locusts_words() {
        let missing = "Could not find 'DIR/b.py'. Ensure your locustfile ends with '.py'";
        let error = found(&["a.py"], &["a.py", "b.py"]).unwrap_err();
        assert!(error.starts_with(missing), "{error}");
        let error = found(&["e/_a.py"], &["e"]).unwrap_err();
        assert_eq!(error, "Could not find any locustfiles in directory 'DIR/e'");
        let error = find("https://example.org/a.py").unwrap_err().to_string();
        assert!(error.contains("curl -fsSO 'https://example.org/a.py'"), "{error}");
    }

    #[test]
    fn a_name_is_of_locustfiles_by_its_endings() {
        for (name, expected) in [
            ("locustfile.py", true),
            ("a.py,b.PY", true),
            ("a.py,", true),
            (".", true),
            ("a.py,.", true),
            ("a.py,b.toml", false),
            ("scenario.toml", false),
            ("", false),
            ("http://h/a", false),
        ] {
            assert_eq!(is_locustfile(name), expected, "{name}");
        }
    }
}
