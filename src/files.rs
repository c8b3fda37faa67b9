//! Reads files that flags and scenarios name, within limits of size and time, so that no path fills the memory
//! or blocks for ever. Nothing else opens a file to read it (`tests/it/tidy.rs`).

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::io::retry_on_intr;

use crate::units;

/// The largest text file: far above any scenario or bundle of certificates, far below what fills a memory.
pub(crate) const TEXT_MAX: u64 = 16 << 20;
/// How much is read before the time is checked again.
const CHUNK: u64 = 1 << 20;
/// The time limit from opening a file to its end. It leaves time to type a password for
/// `ssh host cat scenario.toml`.
const PATIENCE: Duration = Duration::from_secs(30);

/// Why a file cannot be read. The text does not contain its path.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The system's error.
    #[error("{}", without_number(.0))]
    System(#[from] io::Error),
    /// It is a pipe, a device or a directory, which may have no end, or cannot be read twice.
    #[error("it is not a regular file")]
    NotRegular,
    /// It is larger than this number of bytes.
    #[error("it is larger than {}", units::size(*.0))]
    TooLarge(u64),
    /// Its end did not come in time: a pipe whose writer does not close it, or a terminal without input.
    #[error("its end did not come within {}", units::spaced(*.0))]
    Endless(Duration),
}

impl From<ReadError> for io::Error {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::System(error) => error,
            other => io::Error::other(other),
        }
    }
}

/// Reads a regular file of at most `max` bytes.
///
/// # Errors
///
/// Returns an error if it cannot be read, is not a regular file, or is too large.
pub(crate) fn read(path: impl AsRef<Path>, max: u64) -> Result<Vec<u8>, ReadError> {
    let file = open(path)?;
    if file.metadata()?.len() > max {
        return Err(ReadError::TooLarge(max));
    }
    whole(file, max, PATIENCE)
}

/// Opens a regular file to read it in pieces, because it may still grow.
///
/// # Errors
///
/// Returns an error if it cannot be opened or is not a regular file.
pub(crate) fn open(path: impl AsRef<Path>) -> Result<File, ReadError> {
    let file = open_any(path.as_ref())?;
    if file.metadata()?.is_file() { Ok(file) } else { Err(ReadError::NotRegular) }
}

/// Reads a file, a pipe such as a shell's `<(…)` and `/dev/stdin`, or a terminal. The latter two cannot be
/// read twice.
///
/// # Errors
///
/// Returns an error if it cannot be read, is too large, or has no end within 30 s.
pub(crate) fn read_any(path: impl AsRef<Path>, max: u64) -> Result<Vec<u8>, ReadError> {
    whole(open_any(path.as_ref())?, max, PATIENCE)
}

/// Returns whether what the path leads to can be read again: it is a regular file.
pub(crate) fn is_regular(path: impl AsRef<Path>) -> bool {
    path.as_ref().metadata().is_ok_and(|metadata| metadata.is_file())
}

/// Opens a file to append to it, and creates it if it is missing. A pipe must have a reader already, because
/// this does not wait for one.
///
/// # Errors
///
/// Returns the system's error.
pub(crate) fn append(path: impl AsRef<Path>) -> io::Result<File> {
    let flags = (OFlags::NONBLOCK | OFlags::NOCTTY).bits() as i32;
    let file = OpenOptions::new().append(true).create(true).custom_flags(flags).open(path)?;
    // From here on, writes wait for the reader.
    fcntl_setfl(&file, fcntl_getfl(&file)? - OFlags::NONBLOCK)?;
    Ok(file)
}

/// Opens a file without waiting for the writer of a pipe.
fn open_any(path: &Path) -> io::Result<File> {
    let flags = (OFlags::NONBLOCK | OFlags::NOCTTY).bits() as i32;
    OpenOptions::new().read(true).custom_flags(flags).open(path)
}

fn whole(mut file: File, max: u64, patience: Duration) -> Result<Vec<u8>, ReadError> {
    let deadline = Instant::now() + patience;
    let mut bytes = Vec::new();
    loop {
        // Before the first byte as well: reading a pipe that has no writer yet would be its end.
        let left = deadline.saturating_duration_since(Instant::now());
        if !is_ready(&file, left)? {
            return Err(ReadError::Endless(patience));
        }
        let allowed = max.saturating_add(1) - bytes.len() as u64;
        match (&mut file).take(allowed.min(CHUNK)).read_to_end(&mut bytes) {
            Ok(0) => return Ok(bytes),
            Ok(_) => {}
            // There is no more for now.
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => return Err(error.into()),
        }
        if bytes.len() as u64 > max {
            return Err(ReadError::TooLarge(max));
        }
    }
}

/// Waits for something to read or the end, at most for this time.
fn is_ready(file: &File, left: Duration) -> io::Result<bool> {
    let left = Timespec::try_from(left).map_err(|_| io::Error::from(ErrorKind::InvalidInput))?;
    let ready = retry_on_intr(|| poll(&mut [PollFd::new(file, PollFlags::IN)], Some(&left)))?;
    Ok(ready > 0)
}

fn without_number(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write;
    use std::process::Command;
    use std::thread;

    use tempfile::TempDir;

    use super::*;

    const SHORT: Duration = Duration::from_millis(100);

    fn with_pipe() -> (TempDir, std::path::PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("pipe");
        assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
        (dir, path)
    }

    fn text<T>(result: Result<T, ReadError>) -> String {
        result.err().unwrap().to_string()
    }

    #[test]
    fn a_regular_file_is_read_whole_up_to_its_cap() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        for len in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK] {
            fs::write(&path, vec![b'x'; len as usize]).unwrap();
            assert_eq!(read(&path, len).unwrap().len() as u64, len);
            assert_eq!(read_any(&path, u64::MAX).unwrap().len() as u64, len);
        }
        let too_large = "it is larger than 1 MiB";
        assert_eq!(text(read(&path, 1 << 20)), too_large);
        assert_eq!(text(read_any(&path, 1 << 20)), too_large);
        assert_eq!(text(read_any("/dev/zero", 64 << 10)), "it is larger than 64 KiB");
    }

    #[test]
    fn what_is_no_regular_file_is_told_at_once() {
        let (dir, pipe) = with_pipe();
        for path in [dir.path(), &pipe, Path::new("/dev/zero")] {
            assert!(matches!(read(path, 1), Err(ReadError::NotRegular)), "{path:?}");
            assert!(!is_regular(path));
        }
        let none = dir.path().join("none");
        assert_eq!(text(read(none, 1)), "No such file or directory");
        assert_eq!(text(read_any(dir.path(), 1)), "Is a directory");
    }

    #[test]
    fn a_pipe_that_nobody_reads_is_not_written_to() {
        let (dir, path) = with_pipe();
        assert_eq!(append(&path).unwrap_err().raw_os_error(), Some(libc::ENXIO));
        let file = dir.path().join("log");
        for line in ["a", "b"] {
            append(&file).unwrap().write_all(line.as_bytes()).unwrap();
        }
        assert_eq!(fs::read(file).unwrap(), b"ab");
    }

    /// The writer comes late, pauses, and writes more than a pipe holds.
    #[test]
    fn a_pipe_is_read_until_its_writer_closes_it() {
        let (_dir, path) = with_pipe();
        let pipe = path.clone();
        let writer = thread::spawn(move || {
            thread::sleep(SHORT);
            let mut pipe = OpenOptions::new().write(true).open(pipe).unwrap();
            for _ in 0..3 {
                pipe.write_all(&vec![b'x'; 100_000]).unwrap();
                thread::sleep(SHORT);
            }
        });
        assert_eq!(read_any(&path, 300_000).unwrap(), vec![b'x'; 300_000]);
        writer.join().unwrap();
    }

    #[test]
    fn a_pipe_that_does_not_end_is_given_up() {
        let (_dir, path) = with_pipe();
        let given_up = || text(whole(open_any(&path).unwrap(), 10, SHORT));
        assert_eq!(given_up(), "its end did not come within 100 ms");
        // The writer does not close it.
        let mut pipe = OpenOptions::new().read(true).write(true).open(&path).unwrap();
        assert_eq!(given_up(), "its end did not come within 100 ms");
        pipe.write_all(b"begun").unwrap();
        assert_eq!(given_up(), "its end did not come within 100 ms");
    }
}
