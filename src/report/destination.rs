//! Where a report goes: a file that is replaced as a whole, or something that takes bytes one after
//! the other.

use std::fs::{self, File};
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};

/// Links that are followed one after the other, as many as the kernel follows.
const LINKS_MAX: usize = 40;

/// For how long a pipe's reader is waited for, ten seconds, and how often is looked.
const READER_WAIT: Duration = Duration::from_millis(20);
const READER_WAITS: u32 = 500;

/// What a path leads to.
#[derive(Debug)]
pub(super) enum Destination {
    /// A regular file, or none yet: its next version is written beside it.
    Beside(PathBuf),
    /// A regular file in a folder that takes no other: it is overwritten.
    Overwritten(PathBuf),
    /// A device, a pipe, or what a descriptor of this process is open for.
    Stream(File),
}

impl Destination {
    /// What is at this path; makes the folders above it.
    pub(super) fn find(path: &Path) -> io::Result<Self> {
        create_folders(path)?;
        let target = follow(path)?;
        let found = match fs::metadata(&target) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(Destination::Beside(target));
            }
            found => found?,
        };
        if let Some(own) = own_stream(&found)? {
            return Ok(Destination::Stream(own));
        }
        // Also says that it may be written: a new file in its place would not ask.
        let file = if found.file_type().is_fifo() {
            open_pipe(&target)?
        } else {
            File::options().append(true).open(&target)?
        };
        let is_whole = found.is_file() && !is_of_descriptor(&target);
        Ok(if is_whole { Destination::Beside(target) } else { Destination::Stream(file) })
    }
}

/// Whether this leads to something that is no file with a name: a device, a pipe, a descriptor.
pub(super) fn is_special(path: &Path) -> bool {
    path.metadata().is_ok_and(|found| !found.is_file())
        || follow(path).is_ok_and(|target| is_of_descriptor(&target))
}

/// The folders above `path`, where they are missing.
fn create_folders(path: &Path) -> io::Result<()> {
    match path.parent().map_or(Ok(()), fs::create_dir_all) {
        // Something that is no folder is in the way. Opening the file says so in better words.
        Err(cause) if cause.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        created => created,
    }
}

/// The path behind links, so that a link stays one. What a descriptor is open for has no path.
fn follow(path: &Path) -> io::Result<PathBuf> {
    let mut path = path.to_owned();
    for _ in 0..LINKS_MAX {
        if is_of_descriptor(&path) {
            return Ok(path);
        }
        match fs::read_link(&path) {
            Ok(link) => path = path.parent().unwrap_or(Path::new("")).join(link),
            Err(_) => return Ok(path),
        }
    }
    Err(io::Error::from_raw_os_error(libc::ELOOP))
}

/// Whether it is an entry of `/proc/…/fd`, which `/dev/fd` leads to.
fn is_of_descriptor(path: &Path) -> bool {
    let folder = path.parent().and_then(|folder| folder.canonicalize().ok());
    folder.is_some_and(|folder| folder.starts_with("/proc"))
}

/// A named pipe cannot be opened before its reader has it, who may be about to come.
fn open_pipe(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.append(true).custom_flags(libc::O_NONBLOCK);
    for _ in 0..READER_WAITS {
        match options.open(path) {
            Err(error) if error.raw_os_error() == Some(libc::ENXIO) => thread::sleep(READER_WAIT),
            opened => {
                let pipe = opened?;
                // From here on the reader's pace is ours.
                fcntl_setfl(&pipe, fcntl_getfl(&pipe)? - OFlags::NONBLOCK)?;
                return Ok(pipe);
            }
        }
    }
    Err(io::Error::other("a pipe that nobody reads"))
}

/// Stdout or stderr, where that is what was found: written through another descriptor, one would
/// overwrite the other.
fn own_stream(found: &fs::Metadata) -> io::Result<Option<File>> {
    let (stdout, stderr) = (io::stdout(), io::stderr());
    for stream in [stdout.as_fd(), stderr.as_fd()] {
        let own = File::from(stream.try_clone_to_owned()?);
        let stat = own.metadata()?;
        if (stat.dev(), stat.ino()) == (found.dev(), found.ino()) {
            return Ok(Some(own));
        }
    }
    Ok(None)
}
