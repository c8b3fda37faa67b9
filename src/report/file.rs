//! A file that is written in whole pieces, and the one error that can happen to it.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// A report file that cannot be written.
//
// The cause is in the message and therefore not its `source` as well: whoever prints the whole
// chain would say it twice.
#[derive(Debug, thiserror::Error)]
#[error("cannot write {}: {}", path.display(), reason(cause))]
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

/// A file of which readers see whole rows only: every piece is rendered before and goes out in one
/// write.
#[derive(Debug)]
pub(super) struct OutputFile {
    path: PathBuf,
    file: File,
}

impl OutputFile {
    /// Whether `PREFIX` + `suffix` can be written. Takes nothing from a file that is there, so that all
    /// files of a run can be tried before the first of them loses what an earlier run has left.
    pub(super) fn probe(prefix: &Path, suffix: &str) -> Result<(), Error> {
        let path = path(prefix, suffix);
        let opened = create_folders(&path)
            .and_then(|()| File::options().append(true).create(true).open(&path));
        opened.map(drop).map_err(|cause| Error { path, cause })
    }

    /// `PREFIX` + `suffix` with `content` in it, and the folders above.
    pub(super) fn create(prefix: &Path, suffix: &str, content: &[u8]) -> Result<Self, Error> {
        let path = path(prefix, suffix);
        match create_folders(&path).and_then(|()| File::create(&path)) {
            Ok(file) => {
                let mut output = Self { path, file };
                output.replace_from(0, content)?;
                Ok(output)
            }
            Err(cause) => Err(Error { path, cause }),
        }
    }

    /// Everything from `offset` on becomes `content`.
    pub(super) fn replace_from(&mut self, offset: u64, content: &[u8]) -> Result<(), Error> {
        // In this order the worst that a reader can meet is old rows after the new ones, and only
        // when the file shrinks; the other way round it could meet an empty file every second.
        self.file
            .write_all_at(content, offset)
            .and_then(|()| self.file.set_len(offset + content.len() as u64))
            .map_err(|cause| Error { path: self.path.clone(), cause })
    }
}

/// `PREFIX` + `suffix`.
pub(super) fn path(prefix: &Path, suffix: &str) -> PathBuf {
    let mut path = OsString::from(prefix);
    path.push(suffix);
    path.into()
}

/// The folders above `path`, where they are missing.
fn create_folders(path: &Path) -> io::Result<()> {
    match path.parent().map_or(Ok(()), fs::create_dir_all) {
        // Something that is no folder is in the way. Opening the file says so in better words.
        Err(cause) if cause.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        created => created,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_error_says_which_path_and_why_without_a_number() {
        let error = Error {
            path: PathBuf::from("results/x_stats.csv"),
            cause: io::Error::from_raw_os_error(13),
        };
        let expected = "cannot write results/x_stats.csv: Permission denied";
        assert_eq!(error.to_string(), expected);
        let error = io::Error::from(error);
        assert_eq!(error.to_string(), expected);
        assert_eq!(error.kind(), io::ErrorKind::PermissionDenied);
    }

    #[test]
    fn a_file_that_is_tried_keeps_what_is_in_it() {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let file = folder.path().join("run.csv");
        fs::write(&file, "earlier").unwrap();
        OutputFile::probe(&folder.path().join("run"), ".csv").unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), "earlier");
        let error = OutputFile::probe(folder.path(), "").unwrap_err();
        assert!(error.to_string().ends_with(": Is a directory"), "{error}");
    }

    #[test]
    fn replacing_with_less_leaves_nothing_of_the_old_content() {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let prefix = folder.path().join("run");
        let mut output = OutputFile::create(&prefix, ".csv", b"head\r\nlong row\r\n").unwrap();
        output.replace_from(6, b"row\r\n").unwrap();
        assert_eq!(fs::read(folder.path().join("run.csv")).unwrap(), b"head\r\nrow\r\n");
    }
}
