//! Reads the headers that decide where a message ends and whether its connection is kept (RFC 9112
//! sections 6.3 and 9.3). The rules for requests and responses differ and are in their own files.
//!
//! The same pass notes some other headers that few messages have.

use super::Error;
use super::content_type::names_other_charset;

/// How the end of a body is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// There is no body.
    None,
    /// Exactly this many bytes.
    Length(u64),
    /// Chunks, up to one of size zero and its trailers.
    Chunked,
    /// Everything up to the close of the connection, in responses only.
    UntilClose,
}

/// The version in a start line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// HTTP/1.0: the connection is closed unless there is `keep-alive`.
    Http10,
    /// HTTP/1.1: the connection is kept unless there is `close`.
    Http11,
}

impl Version {
    pub(super) fn from_minor(minor: Option<u8>) -> Self {
        if minor == Some(0) { Version::Http10 } else { Version::Http11 }
    }
}

/// The value of `Transfer-Encoding`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Transfer {
    #[default]
    Absent,
    /// The last coding is `chunked`.
    Chunked,
    /// There are codings, and the last one is not `chunked`.
    Other,
}

/// The headers that decide framing and persistence, read in one pass.
#[derive(Debug, Default)]
pub(super) struct Fields {
    /// A result, because a message without a body may have an invalid value.
    pub(super) content_length: Option<Result<u64, Error>>,
    pub(super) transfer: Transfer,
    pub(super) expect_continue: bool,
    pub(super) set_cookie: bool,
    /// Whether there is a `Content-Encoding`.
    pub(super) content_encoding: bool,
    /// Whether `Content-Type` has a charset other than UTF-8.
    pub(super) other_charset: bool,
    close: bool,
    keep_alive: bool,
}

impl Fields {
    pub(super) fn read(headers: &[httparse::Header<'_>]) -> Self {
        let mut fields = Fields::default();
        for header in headers {
            // The length comes first: it excludes nearly every header of a response.
            match header.name.len() {
                6 if header.name.eq_ignore_ascii_case("expect") => {
                    fields.expect_continue |= header.value.eq_ignore_ascii_case(b"100-continue");
                }
                10 if header.name.eq_ignore_ascii_case("connection") => {
                    fields.read_connection(header.value);
                }
                10 if header.name.eq_ignore_ascii_case("set-cookie") => fields.set_cookie = true,
                12 if header.name.eq_ignore_ascii_case("content-type") => {
                    fields.other_charset |= names_other_charset(header.value);
                }
                14 if header.name.eq_ignore_ascii_case("content-length") => {
                    fields.read_content_length(header.value);
                }
                16 if header.name.eq_ignore_ascii_case("content-encoding") => {
                    fields.content_encoding = true;
                }
                17 if header.name.eq_ignore_ascii_case("transfer-encoding") => {
                    fields.read_transfer_encoding(header.value);
                }
                _ => {}
            }
        }
        fields
    }

    /// Returns whether the headers of a message of this version keep the connection.
    pub(super) fn persistent(&self, version: Version) -> bool {
        let wanted = match version {
            Version::Http10 => self.keep_alive,
            Version::Http11 => true,
        };
        wanted && !self.close && !self.suspicious(version)
    }

    /// Returns whether there are both framings, or chunks in HTTP/1.0. The body is then read as chunked, but
    /// what follows on the connection cannot be trusted (RFC 9112 section 6.1, last two paragraphs).
    fn suspicious(&self, version: Version) -> bool {
        self.transfer != Transfer::Absent
            && (self.content_length.is_some() || version == Version::Http10)
    }

    fn read_connection(&mut self, value: &[u8]) {
        for token in elements(value) {
            self.close |= token.eq_ignore_ascii_case(b"close");
            self.keep_alive |= token.eq_ignore_ascii_case(b"keep-alive");
        }
    }

    /// Equal values may repeat, in one line or in several (RFC 9112 section 6.3, rule 5).
    fn read_content_length(&mut self, value: &[u8]) {
        for element in value.split(|&byte| byte == b',') {
            let length = decimal(element.trim_ascii()).ok_or(Error::BadContentLength);
            self.content_length = Some(match (self.content_length, length) {
                (Some(Err(first)), _) => Err(first),
                (Some(Ok(first)), Ok(again)) if first != again => {
                    Err(Error::ConflictingContentLengths)
                }
                _ => length,
            });
        }
    }

    /// Several lines are one list, so the last element of the last line decides. `identity` once stood for
    /// no coding (RFC 2616 section 3.6), and old servers still send it beside a length.
    fn read_transfer_encoding(&mut self, value: &[u8]) {
        if value.eq_ignore_ascii_case(b"identity") {
            return;
        }
        if self.transfer == Transfer::Absent {
            self.transfer = Transfer::Other;
        }
        for coding in elements(value) {
            let chunked = coding.eq_ignore_ascii_case(b"chunked");
            self.transfer = if chunked { Transfer::Chunked } else { Transfer::Other };
        }
    }
}

/// Returns the elements of a comma-separated list, without empty ones (RFC 9110 section 5.6.1.2).
fn elements(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|&byte| byte == b',').map(<[u8]>::trim_ascii).filter(|token| !token.is_empty())
}

/// Parses digits only; `str::parse` would accept a plus sign.
fn decimal(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0u64, |value, &byte| {
        let digit = byte.is_ascii_digit().then(|| u64::from(byte - b'0'))?;
        value.checked_mul(10)?.checked_add(digit)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(lines: &[(&'static str, &'static str)]) -> Fields {
        let headers: Vec<_> = lines
            .iter()
            .map(|&(name, value)| httparse::Header { name, value: value.as_bytes() })
            .collect();
        Fields::read(&headers)
    }

    #[test]
    fn content_length_is_digits_and_may_repeat_itself() {
        let check = |values: &[&'static str], expected: Result<u64, Error>| {
            let lines: Vec<_> = values.iter().map(|&value| ("Content-Length", value)).collect();
            assert_eq!(read(&lines).content_length, Some(expected), "{values:?}");
        };
        check(&["0"], Ok(0));
        check(&["007"], Ok(7));
        check(&["18446744073709551615"], Ok(u64::MAX));
        check(&["5, 5", "5"], Ok(5));
        for bad in ["", "+5", "-1", "5 5", "0x5", "5,", "18446744073709551616"] {
            check(&[bad], Err(Error::BadContentLength));
        }
        check(&["5", "6"], Err(Error::ConflictingContentLengths));
        check(&["5, 6", "5"], Err(Error::ConflictingContentLengths));
        check(&["x", "6"], Err(Error::BadContentLength));
        check(&["6", "x"], Err(Error::BadContentLength));
    }

    #[test]
    fn the_last_transfer_coding_decides() {
        let check = |values: &[&'static str], expected: Transfer| {
            let lines: Vec<_> = values.iter().map(|&value| ("transfer-ENCODING", value)).collect();
            assert_eq!(read(&lines).transfer, expected, "{values:?}");
        };
        check(&[], Transfer::Absent);
        check(&["Chunked"], Transfer::Chunked);
        check(&["gzip, chunked"], Transfer::Chunked);
        check(&["gzip", "chunked ,"], Transfer::Chunked);
        check(&["chunked, gzip"], Transfer::Other);
        check(&["Identity"], Transfer::Absent);
        check(&["chunked", "identity"], Transfer::Chunked);
        check(&["chunked, identity"], Transfer::Other);
        check(&["chunked", ""], Transfer::Chunked);
        check(&[""], Transfer::Other);
        check(&["chunked;q=1"], Transfer::Other);
    }

    #[test]
    fn persistence_follows_the_version_and_the_connection_tokens() {
        let check = |lines: &[(&'static str, &'static str)], on_10: bool, on_11: bool| {
            let fields = read(lines);
            let persistent =
                [Version::Http10, Version::Http11].map(|version| fields.persistent(version));
            assert_eq!(persistent, [on_10, on_11], "{lines:?}");
        };
        check(&[], false, true);
        check(&[("Connection", "close")], false, false);
        check(&[("Connection", "Keep-Alive")], true, true);
        check(&[("Connection", "upgrade, CLOSE")], false, false);
        check(&[("Connection", "keep-alive"), ("Connection", "close")], false, false);
        check(&[("Connection", "closed")], false, true);
        let chunked = ("Transfer-Encoding", "chunked");
        check(&[("Connection", "keep-alive"), chunked], false, true);
        check(&[chunked, ("Content-Length", "5")], false, false);
    }
}
