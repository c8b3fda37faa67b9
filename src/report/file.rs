//! A report file of which readers see whole versions only, and the one error that can happen to it.
//!
//! A version is written to `NAME.part` in the same folder and renamed to its name when it is whole. So
//! what an earlier run has left stays until this one has something to put in its place, and a disk that
//! is full, or a process that is killed, leaves the last good version. `NAME.part` is there while a
//! version is written; one that a killed process left is replaced by the next.
//!
//! What has no whole versions is written through: devices, pipes, what a descriptor is open for. A
//! file in a folder that takes no other one, or that something is mounted on, is overwritten.
//!
//! Nothing is synced to the disk: after a loss of power the report of a run a minute ago may be missing,
//! which costs less than a disk that is waited for every second.

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
// The cause is in the message and therefore not its `source` as well: whoever prints the whole
// chain would say it twice.
#[derive(Debug, thiserror::Error)]
#[error("cannot write {}: {}", path.display(), reason(cause))]
#[non_exhaustive]
pub struct Error {
    /// Which file.
    pub path: PathBuf,
    /// Why.
    pub cause: io::Error,
}

impl From<Error> for io::Error {
    fn from(error: Error) -> Self {
        Self::new(error.cause.kind(), error)
    }
}

/// The system's words without the ` (os error 13)` that the standard library adds: the number tells
/// a user nothing that the words do not.
fn reason(cause: &io::Error) -> String {
    let text = cause.to_string();
    match cause.raw_os_error().and_then(|code| text.strip_suffix(&format!(" (os error {code})"))) {
        Some(words) => words.to_owned(),
        None => text,
    }
}

/// Held while there is a `NAME.part`: whoever ends the process at once leaves none behind.
static WRITING: Mutex<()> = Mutex::new(());

/// Waits until no version is half-written, at most for so long, and lets none begin as long as what it
/// gives back is held.
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
    /// Where the file is to be found; none of a stream.
    target: Option<PathBuf>,
    file: File,
    len: u64,
}

impl OutputFile {
    /// `PREFIX` + `suffix`, and the folders above. It can be written then, and what is there stays.
    pub(super) fn new(prefix: &Path, suffix: &str) -> Result<Self, Error> {
        let path = path(prefix, suffix);
        match try_out(&path) {
            Ok(destination) => Ok(OutputFile { path, destination }),
            Err(cause) => Err(Error { path, cause }),
        }
    }

    /// Its next version.
    pub(super) fn replace(&mut self, content: &[u8]) -> Result<(), Error> {
        let written = match &mut self.destination {
            Destination::Beside(target) => write_beside(target, content).map(drop),
            Destination::Overwritten(target) => overwrite(target, content).map(drop),
            Destination::Stream(file) => file.write_all(content),
        };
        written.map_err(|cause| Error { path: self.path.clone(), cause })
    }

    /// Its first rows, to which others are added.
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
    /// Bytes written so far.
    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// Adds these rows.
    pub(super) fn append(&mut self, rows: &[u8]) -> Result<(), Error> {
        self.replace_from(self.len, rows)
    }

    /// Everything from `offset` on becomes these rows. A stream has them added. Where they do not fit
    /// everything is as it was.
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
            // They had their place before.
            let _ = self.file.write_all_at(&old, offset);
            let _ = self.file.set_len(self.len);
        }
        written
    }

    /// What is written to a file that was deleted is lost without a word.
    fn is_still_at(&self, target: &Path) -> io::Result<()> {
        let id = |found: Metadata| (found.dev(), found.ino());
        if id(fs::metadata(target)?) == id(self.file.metadata()?) {
            return Ok(());
        }
        Err(io::Error::other("another file has taken its place"))
    }
}

/// Finds the destination, and writes a byte beside it as a version would be.
fn try_out(path: &Path) -> io::Result<Destination> {
    let destination = Destination::find(path)?;
    let Destination::Beside(target) = destination else { return Ok(destination) };
    let _writing = WRITING.lock().unwrap_or_else(PoisonError::into_inner);
    match PartFile::write(&target, b"\n") {
        Ok(part) => part.remove().map(|()| Destination::Beside(target)),
        // The folder is not ours, and the file is, as `find` has seen.
        Err(error) if is_of_folder(&error) && target.exists() => {
            Ok(Destination::Overwritten(target))
        }
        Err(error) => Err(error),
    }
}

fn is_of_folder(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem)
}

/// Gives the file this content, and it back.
fn write_beside(target: &Path, content: &[u8]) -> io::Result<File> {
    let _writing = WRITING.lock().unwrap_or_else(PoisonError::into_inner);
    let part = PartFile::write(target, content)?;
    match fs::rename(&part.path, target) {
        Ok(()) => Ok(part.file),
        Err(error) => {
            part.remove()?;
            // Something is mounted on it, as containers have their files.
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

/// A version that has not got its name yet.
struct PartFile {
    path: PathBuf,
    file: File,
}

impl PartFile {
    /// With the owner and the permissions of the file that it is to replace.
    fn write(target: &Path, content: &[u8]) -> io::Result<Self> {
        let earlier = some(fs::metadata(target))?;
        let path = path(target, ".part");
        some(fs::remove_file(&path))?;
        // A new one, so that no link is followed.
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
            // Only root gives files away.
            let _ = fchown(&self.file, Some(earlier.uid()), Some(earlier.gid()));
        }
        self.file.set_permissions(earlier.permissions())
    }

    fn remove(self) -> io::Result<()> {
        fs::remove_file(&self.path)
    }
}

/// Nothing where there is no such file.
fn some<T>(found: io::Result<T>) -> io::Result<Option<T>> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// `PREFIX` + `suffix`.
pub(super) fn path(prefix: &Path, suffix: &str) -> PathBuf {
    let mut path = OsString::from(prefix);
    path.push(suffix);
    path.into()
}

#[cfg(test)]
mod tests;
