//! Decodes the content codings of a body (RFC 9110 section 8.4.1).
//!
//! As in requests, a body with an unknown coding stays as it came, and what follows the end of a stream
//! is ignored, unless it begins like another member or frame. Unlike in requests, a truncated stream is
//! an error, and so is one that becomes too large.

use std::fmt;
use std::io::Read;

use brotli_decompressor::{BrotliDecoderParameter, Decompressor};
use flate2::bufread::{DeflateDecoder, GzDecoder, ZlibDecoder};
use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError as Header};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

use crate::http1;

/// The most codings of a body, as in curl: each one multiplies the work.
const CODINGS_MAX: usize = 5;
/// The largest window that zstd may have as a content coding (RFC 9659 section 3).
const ZSTD_WINDOW_MAX: u64 = 8 << 20;
/// How much zstd decodes before its size is checked again.
const ZSTD_STEP_BYTES: usize = 128 << 10;
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// A content coding that can be decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coding {
    /// RFC 1952, one member or more.
    Gzip,
    /// RFC 1950, or plain RFC 1951, as many servers send it.
    Deflate,
    /// RFC 7932.
    Brotli,
    /// RFC 8878, one frame or more.
    Zstd,
}

/// Why a body cannot be decoded. Failures are grouped by its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// It is not a valid stream of this coding, or is truncated.
    #[error("cannot decode the body: bad {0}")]
    Bad(Coding),
    /// It has too many codings.
    #[error("cannot decode the body: more than {CODINGS_MAX} codings")]
    TooManyCodings,
    /// It is longer than a body may be.
    #[error("decoded body too large")]
    TooLarge,
}

/// The decoders of a core. The memory of zstd is reused; the decoders of the other codings are made for
/// each body, because their crates cannot reset them.
#[derive(Default)]
pub struct Decoders {
    /// On the heap, because most cores never need it.
    zstd: Option<Box<FrameDecoder>>,
}

/// Returns the codings of a response's body in the order in which they were applied; none if one of them
/// is unknown.
///
/// # Errors
///
/// Returns [`DecodeError::TooManyCodings`].
pub(crate) fn codings(head: &[u8]) -> Result<Vec<Coding>, DecodeError> {
    let mut codings = Vec::new();
    let is_it = |name: &str| name.eq_ignore_ascii_case("content-encoding");
    let values = http1::headers(head).filter(|(name, _)| is_it(name)).map(|(_, value)| value);
    let names = values.flat_map(|value| value.split(|&byte| byte == b',')).map(<[u8]>::trim_ascii);
    for name in names.filter(|name| !name.is_empty()) {
        match Coding::named(name) {
            Some(coding) if codings.len() < CODINGS_MAX => codings.push(coding),
            Some(_) => return Err(DecodeError::TooManyCodings),
            None if name.eq_ignore_ascii_case(b"identity") => {}
            None => return Ok(Vec::new()),
        }
    }
    Ok(codings)
}

impl Decoders {
    /// Decodes a body, the last coding first, each to at most `max` bytes. An empty body stays empty:
    /// responses without a body have the headers of the body that they would have (RFC 9110 section 8.4).
    ///
    /// # Errors
    ///
    /// Returns a [`DecodeError`] if a stream is not valid or becomes too large.
    pub fn decode(
        &mut self,
        codings: &[Coding],
        body: &[u8],
        max: u64,
    ) -> Result<Vec<u8>, DecodeError> {
        let Some((last, before)) = codings.split_last() else { return Ok(body.to_vec()) };
        let mut decoded = Vec::new();
        if !body.is_empty() {
            self.undo(*last, body, &mut Sink { out: &mut decoded, max })?;
        }
        if before.is_empty() { Ok(decoded) } else { self.decode(before, &decoded, max) }
    }

    /// Decodes as much of the beginning of a body as is possible, at most `max` bytes.
    pub fn begin(&mut self, codings: &[Coding], body: &[u8], max: usize) -> Vec<u8> {
        let begin = |body: Vec<u8>, &coding: &Coding| {
            let mut decoded = Vec::new();
            // The bytes before an error are the result.
            let _ = self.undo(coding, &body, &mut Sink { out: &mut decoded, max: max as u64 });
            decoded.truncate(max);
            decoded
        };
        codings.iter().rev().fold(body.to_vec(), begin)
    }

    fn undo(
        &mut self,
        coding: Coding,
        body: &[u8],
        sink: &mut Sink<'_>,
    ) -> Result<(), DecodeError> {
        match coding {
            Coding::Gzip => gzip(body, sink),
            Coding::Deflate if has_zlib_header(body) => {
                sink.fill(coding, &mut ZlibDecoder::new(body))
            }
            Coding::Deflate => sink.fill(coding, &mut DeflateDecoder::new(body)),
            Coding::Brotli => {
                let mut decoder = Decompressor::new(body, 0);
                decoder.set_parameter(BrotliDecoderParameter::BROTLI_DECODER_PARAM_LARGE_WINDOW, 0);
                sink.fill(coding, &mut decoder)
            }
            Coding::Zstd => self.zstd(body, sink),
        }
    }

    fn zstd(&mut self, mut body: &[u8], sink: &mut Sink<'_>) -> Result<(), DecodeError> {
        const BAD: DecodeError = DecodeError::Bad(Coding::Zstd);
        let decoder = self.zstd.get_or_insert_with(|| {
            let mut decoder = FrameDecoder::new();
            decoder.set_max_window_size(ZSTD_WINDOW_MAX);
            Box::new(decoder)
        });
        let whole = body.len();
        while !body.is_empty() {
            let is_first = body.len() == whole;
            match decoder.reset(&mut body).map_err(why) {
                Ok(()) => {}
                Err(Some(Header::SkipFrame { length, .. })) => {
                    body = body.get(length as usize..).ok_or(BAD)?;
                    continue;
                }
                Err(Some(Header::BadMagicNumber(_))) if !is_first => break,
                Err(_) => return Err(BAD),
            }
            while !decoder.is_finished() {
                let step = BlockDecodingStrategy::UptoBytes(ZSTD_STEP_BYTES);
                decoder.decode_blocks(&mut body, step).map_err(|_| BAD)?;
                sink.fill(Coding::Zstd, &mut **decoder)?;
            }
            let said = decoder.get_checksum_from_data();
            if said.is_some() && said != decoder.get_calculated_checksum() {
                return Err(BAD);
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Decoders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decoders").finish_non_exhaustive()
    }
}

/// The output of a decoder, and its limit.
struct Sink<'o> {
    out: &'o mut Vec<u8>,
    max: u64,
}

impl Sink<'_> {
    fn fill(&mut self, coding: Coding, decoder: &mut impl Read) -> Result<(), DecodeError> {
        let left = self.max - self.out.len() as u64;
        let came = decoder.take(left.saturating_add(1)).read_to_end(self.out);
        match came {
            Ok(came) if came as u64 > left => Err(DecodeError::TooLarge),
            Ok(_) => Ok(()),
            Err(_) => Err(DecodeError::Bad(coding)),
        }
    }
}

/// Returns the error of a frame's header, if it is one.
fn why(error: FrameDecoderError) -> Option<Header> {
    match error {
        FrameDecoderError::ReadFrameHeaderError(header) => Some(header),
        _ => None,
    }
}

fn gzip(body: &[u8], sink: &mut Sink<'_>) -> Result<(), DecodeError> {
    let mut rest = body;
    loop {
        let mut member = GzDecoder::new(rest);
        sink.fill(Coding::Gzip, &mut member)?;
        rest = member.into_inner();
        if !rest.starts_with(&GZIP_MAGIC) {
            return Ok(());
        }
    }
}

/// Returns whether a body begins with a header of RFC 1950 section 2.2. A plain RFC 1951 stream does not,
/// unless it begins with a stored block whose padding is not zero, which no encoder writes.
fn has_zlib_header(body: &[u8]) -> bool {
    let &[method, flags, ..] = body else { return false };
    method & 0x0f == 8 && method >> 4 <= 7 && u16::from_be_bytes([method, flags]).is_multiple_of(31)
}

impl Coding {
    /// Returns the coding of this name. `x-gzip` is another name of `gzip` (RFC 9110 section 8.4.1.3).
    fn named(name: &[u8]) -> Option<Coding> {
        let names: [(&[u8], Coding); 5] = [
            (b"gzip", Coding::Gzip),
            (b"x-gzip", Coding::Gzip),
            (b"deflate", Coding::Deflate),
            (b"br", Coding::Brotli),
            (b"zstd", Coding::Zstd),
        ];
        let known = names.into_iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        known.map(|(_, coding)| coding)
    }
}

impl fmt::Display for Coding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Coding::Gzip => "gzip",
            Coding::Deflate => "deflate",
            Coding::Brotli => "br",
            Coding::Zstd => "zstd",
        })
    }
}

#[cfg(test)]
mod tests;
