//! Bodies that are read once before a run and sent by all of its users.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use http::HeaderValue;

use super::multipart::{self, Part};
use crate::files::{self, ReadError};

/// The largest file that is sent as a body. It is kept in memory, once.
const FILE_MAX: u64 = 1 << 30;

/// The bytes of a body, such as a file's. All users on all cores send them from the same memory.
#[derive(Clone, PartialEq)]
pub struct Upload {
    bytes: Arc<[u8]>,
    content_type: Option<HeaderValue>,
}

impl Upload {
    /// Reads a file. This blocks, so call it before the run.
    ///
    /// # Errors
    ///
    /// Returns an error if the file cannot be read, is not a regular file, or has more than 1 GiB.
    pub fn read(path: impl AsRef<Path>) -> Result<Self, ReadError> {
        Ok(Upload::from(files::read(path, FILE_MAX)?))
    }

    /// Encodes a form of these parts (RFC 7578).
    pub fn multipart(parts: &[Part]) -> Self {
        let (bytes, content_type) = multipart::encode(parts);
        Upload { bytes: bytes.into(), content_type: Some(content_type) }
    }

    /// Sets the content type, which a header of the request overrides. By default a file has none.
    pub fn content_type(mut self, content_type: HeaderValue) -> Self {
        self.content_type = Some(content_type);
        self
    }

    /// Returns the bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(in crate::session) fn shared(&self) -> &Arc<[u8]> {
        &self.bytes
    }

    pub(in crate::session) fn own_content_type(&self) -> Option<&HeaderValue> {
        self.content_type.as_ref()
    }
}

impl From<Vec<u8>> for Upload {
    fn from(bytes: Vec<u8>) -> Self {
        Upload { bytes: bytes.into(), content_type: None }
    }
}

/// Without the bytes: there may be very many.
impl fmt::Debug for Upload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let len = self.bytes.len();
        f.debug_struct("Upload").field("len", &len).field("type", &self.content_type).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn only_files_are_read() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        fs::write(&path, b"content").unwrap();
        assert_eq!(Upload::read(&path).unwrap().bytes(), b"content");
        for (path, reason) in [
            (dir.path(), "it is not a regular file"),
            (Path::new("/dev/zero"), "it is not a regular file"),
            (&dir.path().join("none"), "No such file or directory"),
        ] {
            let error = Upload::read(path).unwrap_err().to_string();
            assert!(error.starts_with(reason), "{error}");
        }
    }

    #[test]
    fn what_is_printed_of_one_is_short() {
        let upload = Upload::from(vec![0; 1 << 20]);
        assert_eq!(format!("{upload:?}"), "Upload { len: 1048576, type: None }");
    }
}
