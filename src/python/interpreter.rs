//! Starting Python in this process.

use std::ffi::{CString, OsString, c_char};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::ptr;

use super::api::{self, LoadError, Raw};
use super::module;

/// Opens the library of Python and makes our module known to it. Python has not started after it.
pub(super) fn open(library: &Path) -> Result<(), LoadError> {
    let api = api::load(library)?;
    // SAFETY: before Python starts; the name and the function stay.
    unsafe { (api.PyImport_AppendInittab)(c"_gregaria".as_ptr(), module::init) };
    Ok(())
}

/// The variable that names the library of Python to a host process.
const LIBRARY: &str = "GREGARIA_LIBPYTHON";

/// Runs this process as a host, if it was started as one.
pub(crate) fn host() -> Option<ExitCode> {
    let library = PathBuf::from(std::env::var_os(LIBRARY)?);
    std::env::var_os(crate::locustfile::host::HOST)?;
    let executable = std::env::var_os("GREGARIA_PYTHON").unwrap_or_else(|| "python3".into());
    for name in [LIBRARY, crate::locustfile::host::HOST] {
        // SAFETY: no other thread runs yet. A program that the file starts is no host.
        unsafe { std::env::remove_var(name) };
    }
    // Without the working directory in `sys.path`.
    let words = ["-P", "-c", "import _gregaria; _gregaria.host()"].map(OsString::from);
    let words: Vec<OsString> = std::iter::once(executable).chain(words).collect();
    Some(match run(&library, &words) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            let error = format!("gregaria: error: {}: {error}\n", library.display());
            let _ = std::io::Write::write_all(&mut std::io::stderr(), error.as_bytes());
            ExitCode::FAILURE
        }
    })
}

/// Runs Python with these words as its command line, of which the first is the interpreter's path: by it
/// Python finds its environment. Returns the exit code.
///
/// # Errors
///
/// Returns why there is no Python in the library.
pub(crate) fn run(library: &Path, words: &[OsString]) -> Result<u8, LoadError> {
    open(library)?;
    let words = words.iter().filter_map(|word| CString::new(word.as_bytes()).ok());
    let words: Vec<CString> = words.collect();
    let mut pointers: Vec<*mut c_char> =
        words.iter().map(|word| word.as_ptr().cast_mut()).chain([ptr::null_mut()]).collect();
    // SAFETY: so many texts and a null, which live as long as the call.
    let code = unsafe { (api::api().Py_BytesMain)(words.len() as i32, pointers.as_mut_ptr()) };
    Ok(u8::try_from(code).unwrap_or(1))
}

/// Makes our module, where Python's own program has loaded us as an extension module: it looks this name up.
///
/// # Safety
///
/// Python calls it, with its lock held.
#[unsafe(no_mangle)]
unsafe extern "C" fn PyInit__gregaria() -> Raw {
    match api::load_from_process() {
        // SAFETY: as for this function.
        Ok(_) => unsafe { module::init() },
        Err(error) => {
            // Without Python's functions no exception can be raised.
            eprintln!("gregaria: error: {error}");
            ptr::null_mut()
        }
    }
}
