//! A stream to a terminal that may be closed while the run lasts.

use std::io::{self, ErrorKind, Write};
use std::os::fd::AsFd;

use rustix::fs::{FileType, fstat};

/// Stdout or stderr. A closed terminal counts as a reader that is gone, like that of a closed pipe.
pub(super) struct ConsoleStream<W>(pub(super) W);

impl<W: AsFd> ConsoleStream<W> {
    fn told<T>(&self, done: io::Result<T>) -> io::Result<T> {
        done.map_err(|error| match error.raw_os_error() {
            Some(libc::EIO) if self.is_device() => {
                io::Error::new(ErrorKind::BrokenPipe, "the terminal was closed")
            }
            _ => error,
        })
    }

    /// A disk's errors are its own.
    fn is_device(&self) -> bool {
        let kind = fstat(&self.0).map(|stat| FileType::from_raw_mode(stat.st_mode));
        kind == Ok(FileType::CharacterDevice)
    }
}

impl<W: Write + AsFd> Write for ConsoleStream<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.0.write(bytes);
        self.told(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        let flushed = self.0.flush();
        self.told(flushed)
    }
}
