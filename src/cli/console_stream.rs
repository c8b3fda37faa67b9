//! Stdout and stderr, whose terminal may be closed during the run.

use std::io::{self, ErrorKind, Write};
use std::os::fd::AsFd;

use rustix::fs::{FileType, fstat};

/// Stdout or stderr. Writing to a closed terminal fails with `BrokenPipe`, as writing to a closed pipe does.
pub(super) struct ConsoleStream<W>(pub(super) W);

impl<W: AsFd> ConsoleStream<W> {
    fn with_broken_pipe<T>(&self, done: io::Result<T>) -> io::Result<T> {
        done.map_err(|error| match error.raw_os_error() {
            Some(libc::EIO) if self.is_device() => {
                io::Error::new(ErrorKind::BrokenPipe, "the terminal was closed")
            }
            _ => error,
        })
    }

    /// Returns whether this is a terminal. `EIO` of a file is an error of the disk.
    fn is_device(&self) -> bool {
        let kind = fstat(&self.0).map(|stat| FileType::from_raw_mode(stat.st_mode));
        kind == Ok(FileType::CharacterDevice)
    }
}

impl<W: Write + AsFd> Write for ConsoleStream<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.0.write(bytes);
        self.with_broken_pipe(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        let flushed = self.0.flush();
        self.with_broken_pipe(flushed)
    }
}
