//! The destination of a report: a file that is replaced as a whole, or a stream of bytes.

use std::fs::{self, File};
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};

/// The most links that are followed one after the other, as in the kernel.
const LINKS_MAX: usize = 40;

/// A pipe's reader is awaited for ten seconds, with a look every 20 ms.
const READER_WAIT: Duration = Duration::from_millis(20);
const READER_WAITS: u32 = 500;

/// The kind of file at a path.
#[derive(Debug)]
pub(super) enum Destination {
    /// A regular file, or none yet. The next version is written beside it.
    Beside(PathBuf),
    /// A regular file in a folder where no other can be made. It is overwritten.
    Overwritten(PathBuf),
    /// A device, a pipe, or a file that a descriptor of this process is open for.
    Stream(File),
}

impl Destination {
    /// Finds out what is at this path; makes the folders above it.
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
        // Opening it also checks the permission to write: a new file in its place would not.
        let file = if found.file_type().is_fifo() {
            open_pipe(&target)?
        } else {
            File::options().append(true).open(&target)?
        };
        let is_whole = found.is_file() && !is_of_descriptor(&target);
        Ok(if is_whole { Destination::Beside(target) } else { Destination::Stream(file) })
    }
}

/// Returns whether this is a device, a pipe or a descriptor instead of a named file.
pub(super) fn is_special(path: &Path) -> bool {
    path.metadata().is_ok_and(|found| !found.is_file())
        || follow(path).is_ok_and(|target| is_of_descriptor(&target))
}

/// Makes the missing folders above `path`.
fn create_folders(path: &Path) -> io::Result<()> {
    match path.parent().map_or(Ok(()), fs::create_dir_all) {
        // Something else is in the place of a folder. Opening the file gives a better error.
        Err(cause) if cause.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        created => created,
    }
}

/// Follows links to a path, so that a link stays one. A descriptor has no path.
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

/// Returns whether it is an entry of `/proc/…/fd`, which `/dev/fd` links to.
fn is_of_descriptor(path: &Path) -> bool {
    let folder = path.parent().and_then(|folder| folder.canonicalize().ok());
    folder.is_some_and(|folder| folder.starts_with("/proc"))
}

/// Opens a named pipe, which works only when a reader has opened it, so the reader is awaited.
fn open_pipe(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.append(true).custom_flags(libc::O_NONBLOCK);
    for _ in 0..READER_WAITS {
        match options.open(path) {
            Err(error) if error.raw_os_error() == Some(libc::ENXIO) => thread::sleep(READER_WAIT),
            opened => {
                let pipe = opened?;
                // From now on writes wait for the reader.
                fcntl_setfl(&pipe, fcntl_getfl(&pipe)? - OFlags::NONBLOCK)?;
                return Ok(pipe);
            }
        }
    }
    Err(io::Error::other("a pipe that nobody reads"))
}

/// Returns stdout or stderr if it is the file that was found: through another descriptor, each would
/// overwrite the other's output.
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
