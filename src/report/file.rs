//! Report files, of which readers see complete versions only, and their error.
//!
//! A version is written to `NAME.part` in the same folder and renamed when it is complete. So the file
//! of an earlier run stays until there is a new one, and a full disk or a killed process leaves the
//! last complete version. A `NAME.part` that a killed process left is replaced by the next version.
//!
//! Devices, pipes and descriptors have no versions, and are written to directly. A file in a folder
//! where no other can be made, or a mount point, is overwritten.
//!
//! Nothing is synced to the disk: after a power failure the report of the last minute may be missing.
//! Waiting for the disk every second would cost more.

use std::ffi::OsString;
use std::fs::{self, File, Metadata};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt, fchown};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};
use std::thread;
use std::time::Duration;

use super::destination::Destination;

/// A report file that cannot be written.
//
// The cause is in the message and therefore not also its `source`: printing the whole chain would
// repeat it.
#[derive(Debug, thiserror::Error)]
#[error("cannot write {}: {}", path.display(), reason(cause))]
#[non_exhaustive]
pub struct Error {
    /// The path of the file.
    pub path: PathBuf,
    /// The cause.
    pub cause: io::Error,
}

impl From<Error> for io::Error {
    fn from(error: Error) -> Self {
        Self::new(error.cause.kind(), error)
    }
}

/// Returns the system's message without the ` (os error 13)` that the standard library adds.
fn reason(cause: &io::Error) -> String {
    let text = cause.to_string();
    match cause.raw_os_error().and_then(|code| text.strip_suffix(&format!(" (os error {code})"))) {
        Some(words) => words.to_owned(),
        None => text,
    }
}

/// Held while a `NAME.part` exists, so that a process that ends at once leaves none behind.
static WRITING: Mutex<()> = Mutex::new(());

/// Waits until no version is being written, at most for this long. No version is begun while the
/// returned guard is held.
pub(crate) fn pause(patience: Duration) -> Option<MutexGuard<'static, ()>> {
    const LOOK: Duration = Duration::from_millis(5);
    let looks = patience.as_millis() / LOOK.as_millis();
    (0..=looks).find_map(|_| match WRITING.try_lock() {
        Ok(held) => Some(held),
        Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
        Err(TryLockError::WouldBlock) => {
            thread::sleep(LOOK);
            None
        }
    })
}

/// A file that is replaced as a whole.
#[derive(Debug)]
pub(super) struct OutputFile {
    path: PathBuf,
    destination: Destination,
}

/// A file that rows are added to.
#[derive(Debug)]
pub(super) struct GrowingFile {
    path: PathBuf,
    /// The path of the file; `None` for a stream.
    target: Option<PathBuf>,
    file: File,
    len: u64,
}

impl OutputFile {
    /// Makes the folders above `PREFIX` + `suffix`, and checks that the file can be written. Its
    /// present content stays.
    pub(super) fn new(prefix: &Path, suffix: &str) -> Result<Self, Error> {
        let path = path(prefix, suffix);
        match try_out(&path) {
            Ok(destination) => Ok(OutputFile { path, destination }),
            Err(cause) => Err(Error { path, cause }),
        }
    }

    /// Replaces the content.
    pub(super) fn replace(&mut self, content: &[u8]) -> Result<(), Error> {
        let written = match &mut self.destination {
            Destination::Beside(target) => write_beside(target, content).map(drop),
            Destination::Overwritten(target) => overwrite(target, content).map(drop),
            Destination::Stream(file) => file.write_all(content),
        };
        written.map_err(|cause| Error { path: self.path.clone(), cause })
    }

    /// Replaces the content with the first rows of a file that others are added to.
    pub(super) fn begin(&mut self, content: &[u8]) -> Result<GrowingFile, Error> {
        let begun = match &mut self.destination {
            Destination::Beside(target) => {
                write_beside(target, content).map(|file| (Some(target.clone()), file))
            }
            Destination::Overwritten(target) => {
                overwrite(target, content).map(|file| (Some(target.clone()), file))
            }
            Destination::Stream(file) => {
                file.write_all(content).and_then(|()| file.try_clone()).map(|file| (None, file))
            }
        };
        let (target, file) = begun.map_err(|cause| Error { path: self.path.clone(), cause })?;
        Ok(GrowingFile { path: self.path.clone(), target, file, len: content.len() as u64 })
    }
}

impl GrowingFile {
    /// Returns the number of bytes written so far.
    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// Adds these rows.
    pub(super) fn append(&mut self, rows: &[u8]) -> Result<(), Error> {
        self.replace_from(self.len, rows)
    }

    /// Replaces everything from `offset` on by these rows; a stream gets them added. If they do not
    /// fit, the file is as before.
    pub(super) fn replace_from(&mut self, offset: u64, rows: &[u8]) -> Result<(), Error> {
        let replaced = match &self.target {
            Some(target) => self.is_still_at(target).and_then(|()| self.exchange(offset, rows)),
            None => self.file.write_all(rows),
        };
        replaced.map_err(|cause| Error { path: self.path.clone(), cause })?;
        self.len = offset + rows.len() as u64;
        Ok(())
    }

    fn exchange(&self, offset: u64, rows: &[u8]) -> io::Result<()> {
        let mut old = vec![0; (self.len - offset) as usize];
        self.file.read_exact_at(&mut old, offset)?;
        let written = self.file.write_all_at(rows, offset);
        let written = written.and_then(|()| self.file.set_len(offset + rows.len() as u64));
        if written.is_err() {
            // This fits: the bytes were there before.
            let _ = self.file.write_all_at(&old, offset);
            let _ = self.file.set_len(self.len);
        }
        written
    }

    /// Writing to a deleted file would lose the data without an error.
    fn is_still_at(&self, target: &Path) -> io::Result<()> {
        let id = |found: Metadata| (found.dev(), found.ino());
        if id(fs::metadata(target)?) == id(self.file.metadata()?) {
            return Ok(());
        }
        Err(io::Error::other("another file has taken its place"))
    }
}

/// Finds the destination, and writes a byte beside it as a version would be written.
fn try_out(path: &Path) -> io::Result<Destination> {
    let destination = Destination::find(path)?;
    let Destination::Beside(target) = destination else { return Ok(destination) };
    let _writing = WRITING.lock().unwrap_or_else(PoisonError::into_inner);
    match PartFile::write(&target, b"\n") {
        Ok(part) => part.remove().map(|()| Destination::Beside(target)),
        // The folder is read-only, and the file is not, as `find` has checked.
        Err(error) if is_of_folder(&error) && target.exists() => {
            Ok(Destination::Overwritten(target))
        }
        Err(error) => Err(error),
    }
}

fn is_of_folder(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem)
}

/// Writes a version beside the file, and returns the file.
fn write_beside(target: &Path, content: &[u8]) -> io::Result<File> {
    let _writing = WRITING.lock().unwrap_or_else(PoisonError::into_inner);
    let part = PartFile::write(target, content)?;
    match fs::rename(&part.path, target) {
        Ok(()) => Ok(part.file),
        Err(error) => {
            part.remove()?;
            // Something is mounted on the file, as in containers.
            if error.kind() == ErrorKind::ResourceBusy {
                return overwrite(target, content);
            }
            Err(error)
        }
    }
}

fn overwrite(target: &Path, content: &[u8]) -> io::Result<File> {
    let file = File::options().read(true).write(true).open(target)?;
    file.write_all_at(content, 0)?;
    file.set_len(content.len() as u64)?;
    Ok(file)
}

/// A version that is not renamed yet.
struct PartFile {
    path: PathBuf,
    file: File,
}

impl PartFile {
    /// Writes it with the owner and the permissions of the file that it will replace.
    fn write(target: &Path, content: &[u8]) -> io::Result<Self> {
        let earlier = some(fs::metadata(target))?;
        let path = path(target, ".part");
        some(fs::remove_file(&path))?;
        // A new file, so that no link is followed.
        let mut options = File::options();
        options.read(true).write(true).create_new(true);
        let file = options.mode(if earlier.is_some() { 0o600 } else { 0o666 }).open(&path)?;
        let mut part = PartFile { path, file };
        let resembles = earlier.map_or(Ok(()), |earlier| part.resemble(&earlier));
        match resembles.and_then(|()| part.file.write_all(content)) {
            Ok(()) => Ok(part),
            Err(error) => {
                let _ = part.remove();
                Err(error)
            }
        }
    }

    fn resemble(&self, earlier: &Metadata) -> io::Result<()> {
        let own = self.file.metadata()?;
        if (own.uid(), own.gid()) != (earlier.uid(), earlier.gid()) {
            // Only root can change the owner.
            let _ = fchown(&self.file, Some(earlier.uid()), Some(earlier.gid()));
        }
        self.file.set_permissions(earlier.permissions())
    }

    fn remove(self) -> io::Result<()> {
        fs::remove_file(&self.path)
    }
}

/// Returns `None` if there is no such file.
fn some<T>(found: io::Result<T>) -> io::Result<Option<T>> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Returns `PREFIX` + `suffix`.
pub(super) fn path(prefix: &Path, suffix: &str) -> PathBuf {
    let mut path = OsString::from(prefix);
    path.push(suffix);
    path.into()
}

#[cfg(test)]
mod tests;
