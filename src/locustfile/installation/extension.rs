//! The engine as an extension module of Python, for a Python without a shared library: its own program loads us.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsRawFd;
use std::path::PathBuf;
use std::process;
use std::sync::OnceLock;

use rustix::fs::{MemfdFlags, memfd_create};
use rustix::io::Errno;

/// Where this program has its engine as an extension module.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extension {
    /// In itself: the bytes of the module's file.
    Carried(&'static [u8]),
    /// In this file.
    File(&'static str),
}

/// What this program said.
static EXTENSION: OnceLock<Extension> = OnceLock::new();

impl Extension {
    /// Says where this program has it. A program that does not say so can only use Pythons with a shared library.
    pub fn install(self) {
        let _ = EXTENSION.set(self);
    }

    /// Returns what the program said.
    pub(super) fn installed() -> Option<Extension> {
        EXTENSION.get().copied()
    }

    /// Returns a path that Python can load while this process lives.
    ///
    /// # Errors
    ///
    /// Returns an error if there is no memory for the file.
    pub(super) fn path(self) -> io::Result<PathBuf> {
        static FILE: OnceLock<File> = OnceLock::new();
        let bytes = match self {
            Extension::File(path) => return Ok(path.into()),
            Extension::Carried(bytes) => bytes,
        };
        if FILE.get().is_none() {
            let _ = FILE.set(file_in_memory(bytes)?);
        }
        // By way of this process: the file is closed in children.
        let file = FILE.get().map_or(-1, AsRawFd::as_raw_fd);
        Ok(format!("/proc/{}/fd/{file}", process::id()).into())
    }
}

/// A file that is in no folder, so nothing is left of it.
fn file_in_memory(bytes: &[u8]) -> io::Result<File> {
    let create = |flags| memfd_create("gregaria", MemfdFlags::CLOEXEC | flags);
    // Linux before 6.3 does not know this flag, and some systems want it from then on (vm.memfd_noexec). It forbids
    // to execute the file, not to map it.
    let file = match create(MemfdFlags::NOEXEC_SEAL) {
        Err(Errno::INVAL) => create(MemfdFlags::empty()),
        other => other,
    };
    let mut file = File::from(file?);
    file.write_all(bytes)?;
    Ok(file)
}
