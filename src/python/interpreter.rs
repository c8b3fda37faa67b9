//! Starting Python in this process.

use std::ffi::{CStr, CString, OsStr, OsString, c_char};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::ptr;

use super::api::{self, LoadError, Raw};
use super::module;
use crate::locustfile::{BUILD, LIBRARY};

/// Opens the library of Python and makes our module known to it. Python has not started after it.
pub(super) fn open(library: &Path) -> Result<(), LoadError> {
    let api = api::load(library)?;
    // SAFETY: before Python starts; the name and the function stay.
    unsafe { (api.PyImport_AppendInittab)(c"_gregaria".as_ptr(), module::init) };
    Ok(())
}

/// Runs this process as a host, if it was started as one: with Python's command line as its own.
pub(crate) fn host() -> Option<ExitCode> {
    let library = PathBuf::from(std::env::var_os(LIBRARY)?);
    std::env::var_os(crate::locustfile::host::HOST)?;
    for name in [LIBRARY, crate::locustfile::host::HOST] {
        // SAFETY: no other thread runs yet. A program that the file starts is no host.
        unsafe { std::env::remove_var(name) };
    }
    let words: Vec<OsString> = std::env::args_os().collect();
    Some(match run(&library, &words) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            let error = format!("gregaria: error: {}: {error}\n", library.display());
            let _ = std::io::Write::write_all(&mut std::io::stderr(), error.as_bytes());
            ExitCode::FAILURE
        }
    })
}

/// Compares the library with the interpreter that was found: its modules written in C are not made for another
/// build.
fn is_of_build(build: &OsStr) -> Result<(), LoadError> {
    // SAFETY: a text that stays; it may be asked for before Python starts.
    let version = unsafe { CStr::from_ptr((api::api().Py_GetVersion)()) };
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    if version.to_bytes() == build.as_bytes() {
        return Ok(());
    }
    Err(LoadError::OtherBuild {
        library: text(version.to_bytes()),
        program: text(build.as_bytes()),
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
    if let Some(build) = std::env::var_os(BUILD) {
        is_of_build(&build)?;
    }
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
