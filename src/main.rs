//! The `gregaria` command.

use std::process::ExitCode;

use gregaria::locustfile::Extension;

/// The engine as an extension module of Python. Debug builds, which are large and stay where they are built, read it
/// from there.
#[cfg(debug_assertions)]
const EXTENSION: Extension = Extension::File(env!("GREGARIA_EXTENSION"));
#[cfg(not(any(debug_assertions, clippy, doc)))]
const EXTENSION: Extension = Extension::Carried(include_bytes!(env!("GREGARIA_EXTENSION")));

fn main() -> ExitCode {
    EXTENSION.install();
    gregaria::cli::main()
}
