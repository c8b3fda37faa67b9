//! The Python packages that we bring along: `locust`, `gevent` and what belongs to them.

use super::object::{Object, Result, import};

macro_rules! sources {
    ($($path:literal,)*) => {
        /// The files, by their paths in `package/`.
        const SOURCES: &[(&str, &str)] = &[$(($path, include_str!($path)),)*];
    };
}

include!("package/files.rs");

/// What makes them importable.
const BOOT: &str = include_str!("package/boot.py");

/// Makes them importable in this interpreter.
pub(super) fn install() -> Result<()> {
    let sources = Object::dict()?;
    for (path, text) in SOURCES {
        sources.set(&Object::str(path)?, &Object::str(text)?)?;
    }
    let globals = Object::dict()?;
    globals.set(&Object::str("sources")?, &sources)?;
    globals.set(&Object::str("__name__")?, &Object::str("gregaria")?)?;
    import(c"builtins")?.attr(c"exec")?.call(&[&Object::str(BOOT)?, &globals])?;
    Ok(())
}

/// Writes what the file has printed.
pub(super) fn flush() {
    let flushed = || -> super::object::Result<()> {
        for stream in [c"stdout", c"stderr"] {
            super::object::import(c"sys")?.attr(stream)?.attr(c"flush")?.call(&[])?;
        }
        Ok(())
    };
    if flushed().is_err() {
        super::object::clear();
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    /// Collects the Python files below a folder, by their paths from `root`.
    fn collect(folder: &Path, root: &Path, found: &mut Vec<String>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                collect(&path, root, found);
            } else if path.extension().is_some_and(|extension| extension == "py") {
                found.push(path.strip_prefix(root).unwrap().display().to_string());
            }
        }
    }

    #[test]
    fn every_file_of_the_packages_is_brought_along() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/python/package");
        let mut found = Vec::new();
        collect(&root, &root, &mut found);
        found.retain(|path| path != "boot.py");
        found.sort_unstable();
        let mut listed: Vec<_> = SOURCES.iter().map(|(path, _)| (*path).to_owned()).collect();
        listed.sort_unstable();
        assert_eq!(listed, found, "src/python/package/files.rs lists the files");
    }
}
