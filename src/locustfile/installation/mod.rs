//! The user's own Python: which one it is, and how a process of it is started.

mod extension;
mod places;
mod probe;

use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

pub use self::extension::Extension;
use self::places::Places;
use self::probe::Probe;

/// The variable that names its shared library to a process of Python.
pub const LIBRARY: &str = "GREGARIA_LIBPYTHON";
/// The variable that tells it the `sys.version` which the library must have.
pub const BUILD: &str = "GREGARIA_PYTHON_BUILD";

/// What a process of Python runs when it has our module.
const START: &str = "import _gregaria; _gregaria.host()";
/// What makes it find the module, where it loads us from a file.
const BOOT: &str = include_str!("boot.py");

/// The oldest Python whose stable interface has all that we call.
const OLDEST: [u32; 2] = [3, 11];

/// A Python that can run locustfiles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installation {
    /// Its version, such as `3.11.7`.
    pub version: String,
    /// Its `sys.version`: which build it is. A shared library of another build is not its own.
    pub build: String,
    /// Its `sys.executable`: in a virtual environment the one of the environment, which tells Python where its
    /// packages are.
    pub executable: PathBuf,
    /// How our engine and its interpreter come into one process.
    pub entry: Entry,
}

/// How our engine and an interpreter come into one process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// Our program opens the shared library of Python.
    Library(PathBuf),
    /// Python's program, which has no shared library, loads our engine.
    Extension(Extension),
}

/// Why there is no Python that can run a locustfile.
#[derive(Debug, thiserror::Error)]
pub enum FindError {
    /// There is none at all.
    #[error(
        "a locustfile needs Python {} or newer, and there is no python3 on PATH: install one, activate a virtual \
         environment, or name one with --python",
        version(&OLDEST)
    )]
    None,
    /// There is none where the user said.
    #[error("there is no Python at {}, which {source_of_it} names", path.display())]
    Missing {
        /// Where it should be.
        path: PathBuf,
        /// Who said so: a flag or a variable.
        source_of_it: &'static str,
    },
    /// A virtual environment outlived the Python that it was made with.
    #[error(
        "{} leads to {}, which is gone: make its virtual environment anew, with python3 -m venv --clear",
        path.display(), base.display()
    )]
    BaseGone {
        /// Its interpreter, a symbolic link.
        path: PathBuf,
        /// Where that leads.
        base: PathBuf,
    },
    /// The system does not run it.
    #[error("cannot run {}: {error}", path.display())]
    Run {
        /// Its path.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// It ends with an error, or does not say what it is asked.
    #[error("{} does not work: {text}", path.display())]
    Broken {
        /// Its path.
        path: PathBuf,
        /// What it printed of that.
        text: String,
    },
    /// It does not end.
    #[error("{} did not say its version within {} s", path.display(), seconds)]
    Slow {
        /// Its path.
        path: PathBuf,
        /// How long we waited.
        seconds: u64,
    },
    /// It cannot run locustfiles.
    #[error("{} is {what}: a locustfile needs {needed}; name another Python with --python or VIRTUAL_ENV", path.display())]
    Unfit {
        /// Its `sys.executable`.
        path: PathBuf,
        /// What it is.
        what: String,
        /// What is needed.
        needed: String,
    },
    /// The packages of a virtual environment are those of another version.
    #[error(
        "the virtual environment {} was made for Python {made_for}, and its interpreter is {version} now, which does not \
         find its packages: make it anew, with python3 -m venv --clear",
        path.display()
    )]
    OtherVersion {
        /// The environment.
        path: PathBuf,
        /// The version it was made for.
        made_for: String,
        /// The version of its interpreter.
        version: String,
    },
    /// It has no shared library, and this program has nothing that it could load.
    #[error(
        "{} has no shared library, and this build of gregaria has no extension module for it: install the library \
         (libpython{minor} on Debian), or pip install gregaria",
        path.display()
    )]
    NoEntry {
        /// Its `sys.executable`.
        path: PathBuf,
        /// Its version without the last number.
        minor: String,
    },
}

impl Installation {
    /// Finds the user's Python: the one that `--python` names, by its path, its name on PATH, or its virtual
    /// environment; or else that of `VIRTUAL_ENV`; or else the one beside this program, where `pip install` puts it;
    /// or else `python3` on PATH. It is run once (20 to 50 ms).
    ///
    /// # Errors
    ///
    /// Returns why there is none, or why the first in this order cannot run locustfiles. It does not go on to the
    /// next: that would have other packages than the user expects.
    pub fn find(python: Option<&Path>) -> Result<Installation, FindError> {
        let program = Places::of_this_process().choose(python)?;
        Installation::from_probe(Probe::run(&program)?, Extension::installed())
    }

    fn from_probe(probe: Probe, extension: Option<Extension>) -> Result<Installation, FindError> {
        if let Some((what, needed)) = probe.obstacle() {
            return Err(FindError::Unfit { path: probe.executable, what, needed });
        }
        if let Some(made_for) = probe.made_for_another() {
            let version = version(&probe.version);
            return Err(FindError::OtherVersion { path: probe.prefix, made_for, version });
        }
        let library = probe.shared_library().map(Entry::Library);
        let entry = library.or(extension.map(Entry::Extension));
        let Probe { version: numbers, build, executable, .. } = probe;
        match entry {
            Some(entry) => {
                Ok(Installation { version: version(&numbers), build, executable, entry })
            }
            None => Err(FindError::NoEntry { path: executable, minor: version(&numbers[..2]) }),
        }
    }

    /// Returns the command for a process with our engine and this Python, which calls `_gregaria.host()`.
    ///
    /// # Errors
    ///
    /// Returns an error if the engine cannot be given to Python.
    pub fn command(&self) -> io::Result<Command> {
        // `-P`: without the working directory in `sys.path`.
        Ok(match &self.entry {
            Entry::Library(library) => {
                let mut command = Command::new("/proc/self/exe");
                // By the first word Python finds its virtual environment.
                command.arg0(&self.executable).args(["-P", "-c", START]);
                command.env(LIBRARY, library).env(BUILD, &self.build);
                command
            }
            Entry::Extension(extension) => {
                let mut command = Command::new(&self.executable);
                command.args(["-P", "-c", &format!("{BOOT}{START}")]).arg(extension.path()?);
                command
            }
        })
    }
}

/// A version as it is written.
fn version(numbers: &[u32]) -> String {
    numbers.iter().map(u32::to_string).collect::<Vec<_>>().join(".")
}

#[cfg(test)]
mod tests;
