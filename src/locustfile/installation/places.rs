//! Where the user's Python is looked for.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::FindError;

/// What tells where it is, besides the flag.
#[derive(Debug, Default)]
pub(super) struct Places {
    /// `VIRTUAL_ENV`, which `activate` sets.
    pub(super) virtual_env: Option<OsString>,
    /// The folder of this program.
    pub(super) beside: Option<PathBuf>,
    /// `PATH`.
    pub(super) path: Option<OsString>,
}

impl Places {
    /// The variables and the program of this process.
    pub(super) fn of_this_process() -> Places {
        let program = env::current_exe().ok();
        Places {
            virtual_env: env::var_os("VIRTUAL_ENV").filter(|value| !value.is_empty()),
            beside: program.and_then(|path| Some(path.parent()?.to_owned())),
            path: env::var_os("PATH"),
        }
    }

    /// Returns the program that is to be asked.
    ///
    /// # Errors
    ///
    /// Returns an error if there is none, or none where the user says it is.
    pub(super) fn choose(&self, python: Option<&Path>) -> Result<PathBuf, FindError> {
        if let Some(named) = python {
            return self.named(named);
        }
        if let Some(environment) = &self.virtual_env {
            let bin = Path::new(environment).join("bin");
            return in_folder(&bin)?.ok_or_else(|| missing(bin.join("python3"), "VIRTUAL_ENV"));
        }
        if let Some(folder) = &self.beside
            && let Some(found) = in_folder(folder)?
        {
            return Ok(found);
        }
        self.on_path("python3").ok_or(FindError::None)
    }

    /// What `--python` means: a program, a virtual environment, or a name on `PATH`.
    fn named(&self, named: &Path) -> Result<PathBuf, FindError> {
        if named.is_dir() {
            let bin = named.join("bin");
            return in_folder(&bin)?.ok_or_else(|| missing(bin.join("python3"), "--python"));
        }
        let is_name = named.components().count() == 1 && !named.exists();
        let on_path = is_name.then(|| self.on_path(named.to_str()?)).flatten();
        match on_path.or_else(|| named.exists().then(|| absolute(named))) {
            Some(program) => Ok(program),
            None => Err(dangling(named).unwrap_or_else(|| missing(named.to_owned(), "--python"))),
        }
    }

    fn on_path(&self, name: &str) -> Option<PathBuf> {
        let folders = env::split_paths(self.path.as_ref()?);
        folders.map(|folder| folder.join(name)).find(|program| is_program(program))
    }
}

/// The Python of a folder of programs.
///
/// # Errors
///
/// Returns an error if it is a link that leads nowhere.
fn in_folder(folder: &Path) -> Result<Option<PathBuf>, FindError> {
    let programs = || ["python3", "python"].map(|name| folder.join(name)).into_iter();
    match programs().find(|program| is_program(program)) {
        Some(found) => Ok(Some(found)),
        None => programs().find_map(|program| dangling(&program)).map_or(Ok(None), Err),
    }
}

fn is_program(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
}

/// The error for a link whose target is gone: what is left of a virtual environment when its Python was removed.
fn dangling(path: &Path) -> Option<FindError> {
    let mut base = path.to_owned();
    // As many links as the kernel follows (path_resolution(7)).
    for _ in 0..40 {
        let Ok(target) = fs::read_link(&base) else { break };
        base = base.parent()?.join(target);
    }
    (base != path && !base.exists()).then(|| FindError::BaseGone { path: path.to_owned(), base })
}

fn missing(path: PathBuf, source_of_it: &'static str) -> FindError {
    FindError::Missing { path, source_of_it }
}

/// A relative path without a slash would be looked up on `PATH`.
fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}
