//! Removes the framing of a body.
//!
//! The decoder takes slices as they arrive and returns the payload as slices of them, without copying.
//! Chunk extensions and trailers are dropped: a load test does not need them. A bare line feed ends a
//! line, as in a head (RFC 9112 section 2.2). That is safe, because the message is not passed on to a
//! recipient that could read it otherwise.

use super::{Error, Framing, Limits};

/// The result of a call of [`Decoder::decode`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step<'a> {
    /// How many bytes of the input were consumed: at least one, unless the input was empty or the body had
    /// ended.
    pub consumed: usize,
    /// The payload among them, possibly empty.
    pub payload: &'a [u8],
    /// Whether the body has ended. What follows `consumed` is not part of it.
    pub done: bool,
}

/// Decodes one body.
#[derive(Debug, Clone)]
pub struct Decoder {
    state: State,
    decoded: u64,
    body_bytes_max: u64,
    /// Bytes of framing since the last payload or size line, to limit lines and trailers.
    line_bytes: usize,
    line_bytes_max: usize,
}

/// What the next byte is. The number is how many bytes the chunk or the body still has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Length(u64),
    UntilClose,
    SizeStart,
    Size(u64),
    /// White space after the digits, which some servers pad them with.
    AfterSize(u64),
    Extension(u64),
    SizeLineFeed(u64),
    Chunk(u64),
    ChunkEnd,
    ChunkEndLineFeed,
    TrailerStart,
    Trailer,
    LastLineFeed,
    Done,
}

impl Decoder {
    /// Makes a decoder of one body.
    ///
    /// # Errors
    ///
    /// Returns an error if the announced length is greater than allowed.
    pub fn new(framing: Framing, limits: &Limits) -> Result<Self, Error> {
        let state = match framing {
            Framing::None | Framing::Length(0) => State::Done,
            Framing::Length(length) if length > limits.body_bytes => {
                return Err(Error::BodyTooLarge);
            }
            Framing::Length(length) => State::Length(length),
            Framing::Chunked => State::SizeStart,
            Framing::UntilClose => State::UntilClose,
        };
        Ok(Decoder {
            state,
            decoded: 0,
            body_bytes_max: limits.body_bytes,
            line_bytes: 0,
            line_bytes_max: limits.head_bytes,
        })
    }

    /// Returns whether the body has ended.
    pub fn is_done(&self) -> bool {
        self.state == State::Done
    }

    /// Returns the number of payload bytes so far.
    pub fn decoded(&self) -> u64 {
        self.decoded
    }

    /// Reads framing up to the next payload, and that payload as far as it has arrived. Call it again with
    /// the rest of the input until that is empty or the body is done.
    pub fn decode<'a>(&mut self, input: &'a [u8]) -> Result<Step<'a>, Error> {
        let mut at = 0;
        while at < input.len() {
            match self.state {
                State::Length(left) => return Ok(self.payload(input, at, left, State::Length)),
                State::Chunk(left) => return Ok(self.payload(input, at, left, State::Chunk)),
                State::UntilClose => return self.payload_until_close(&input[at..]),
                State::Done => break,
                _ => self.framing_byte(input[at])?,
            }
            at += 1;
        }
        Ok(Step { consumed: at, payload: &[], done: self.is_done() })
    }

    /// Notes that the connection was closed, which ends a body until close.
    ///
    /// # Errors
    ///
    /// Returns [`Error::TornBody`] if the body should have gone on.
    pub fn finish_at_close(&mut self) -> Result<(), Error> {
        match self.state {
            State::UntilClose | State::Done => {
                self.state = State::Done;
                Ok(())
            }
            _ => Err(Error::TornBody),
        }
    }

    fn payload<'a>(
        &mut self,
        input: &'a [u8],
        at: usize,
        left: u64,
        more: fn(u64) -> State,
    ) -> Step<'a> {
        let arrived = input.len() - at;
        let len = usize::try_from(left).map_or(arrived, |left| arrived.min(left));
        let left = left - len as u64;
        self.decoded += len as u64;
        self.state = match more(left) {
            State::Length(0) => State::Done,
            State::Chunk(0) => State::ChunkEnd,
            state => state,
        };
        Step { consumed: at + len, payload: &input[at..at + len], done: self.is_done() }
    }

    fn payload_until_close<'a>(&mut self, input: &'a [u8]) -> Result<Step<'a>, Error> {
        self.decoded += input.len() as u64;
        if self.decoded > self.body_bytes_max {
            return Err(Error::BodyTooLarge);
        }
        Ok(Step { consumed: input.len(), payload: input, done: false })
    }

    /// Reads one byte of the chunked coding that is not payload (RFC 9112 section 7.1).
    fn framing_byte(&mut self, byte: u8) -> Result<(), Error> {
        self.line_bytes += 1;
        self.state = match (self.state, byte) {
            (State::SizeStart, _) => State::Size(longer_size(0, byte)?),
            (State::Size(size) | State::AfterSize(size), b' ' | b'\t') => State::AfterSize(size),
            (State::Size(size) | State::AfterSize(size), b';') => State::Extension(size),
            (State::Size(size) | State::AfterSize(size) | State::Extension(size), b'\r') => {
                State::SizeLineFeed(size)
            }
            (
                State::Size(size)
                | State::AfterSize(size)
                | State::Extension(size)
                | State::SizeLineFeed(size),
                b'\n',
            ) => self.chunk(size)?,
            (State::Size(size), digit) => State::Size(longer_size(size, digit)?),
            (State::Extension(size), _) => State::Extension(size),
            (State::ChunkEnd, b'\r') => State::ChunkEndLineFeed,
            (State::ChunkEnd | State::ChunkEndLineFeed, b'\n') => State::SizeStart,
            (State::TrailerStart, b'\r') => State::LastLineFeed,
            (State::TrailerStart | State::LastLineFeed, b'\n') => State::Done,
            (State::Trailer, b'\n') => State::TrailerStart,
            (State::TrailerStart | State::Trailer, _) => State::Trailer,
            _ => return Err(Error::BadChunk),
        };
        if self.line_bytes > self.line_bytes_max {
            return Err(match self.state {
                State::TrailerStart | State::Trailer | State::LastLineFeed | State::Done => {
                    Error::TrailersTooLarge
                }
                _ => Error::BadChunk,
            });
        }
        Ok(())
    }

    /// Returns the state after a size line: payload or trailers.
    fn chunk(&mut self, size: u64) -> Result<State, Error> {
        self.line_bytes = 0;
        if size == 0 {
            return Ok(State::TrailerStart);
        }
        if size > self.body_bytes_max - self.decoded {
            return Err(Error::BodyTooLarge);
        }
        Ok(State::Chunk(size))
    }
}

/// Appends a hex digit to a size. A size of more than 64 bits is an error.
fn longer_size(size: u64, digit: u8) -> Result<u64, Error> {
    let digit = char::from(digit).to_digit(16).ok_or(Error::BadChunk)?;
    let shifted = size.checked_mul(16).ok_or(Error::BadChunk)?;
    Ok(shifted | u64::from(digit))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits { head_bytes: 64, headers: 8, body_bytes: 1000 };

    /// The payload of `input`, fed in slices of `step` bytes and closed at its end, and the bytes
    /// of the input that belong to the body.
    fn decode(framing: Framing, input: &[u8], step: usize) -> Result<(Vec<u8>, usize), Error> {
        let mut decoder = Decoder::new(framing, &LIMITS)?;
        let (mut payload, mut at) = (Vec::new(), 0);
        while at < input.len() && !decoder.is_done() {
            let found = decoder.decode(&input[at..input.len().min(at + step)])?;
            payload.extend_from_slice(found.payload);
            at += found.consumed;
            assert_eq!(found.done, decoder.is_done());
        }
        assert_eq!(decoder.decoded(), payload.len() as u64);
        decoder.finish_at_close().map(|()| (payload, at))
    }

    fn check(framing: Framing, input: &str, expected: Result<(&str, usize), Error>) {
        let expected = expected.map(|(payload, used)| (payload.as_bytes().to_vec(), used));
        for step in [1, 2, 3, input.len().max(1)] {
            let decoded = decode(framing, input.as_bytes(), step);
            assert_eq!(decoded, expected, "{framing:?} {input:?} by {step}");
        }
    }

    #[test]
    fn a_body_by_length_ends_at_its_length() {
        check(Framing::None, "next", Ok(("", 0)));
        check(Framing::Length(0), "next", Ok(("", 0)));
        check(Framing::Length(5), "hello", Ok(("hello", 5)));
        check(Framing::Length(5), "hellonext", Ok(("hello", 5)));
        check(Framing::Length(5), "hell", Err(Error::TornBody));
        check(Framing::Length(1001), "", Err(Error::BodyTooLarge));
    }

    #[test]
    fn a_body_until_close_ends_at_the_close() {
        check(Framing::UntilClose, "", Ok(("", 0)));
        check(Framing::UntilClose, "hello", Ok(("hello", 5)));
        check(Framing::UntilClose, &"x".repeat(1001), Err(Error::BodyTooLarge));
    }

    #[test]
    fn chunks_are_joined_and_their_framing_dropped() {
        let good = |input: &str, payload: &str| {
            check(Framing::Chunked, input, Ok((payload, input.len())));
        };
        good("0\r\n\r\n", "");
        good("5\r\nhello\r\n0\r\n\r\n", "hello");
        good("5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n", "hello!");
        good("00000000000000000005\r\nhello\r\n000\r\n\r\n", "hello");
        good("a\r\n0123456789\r\nB\r\n0123456789!\r\n0\r\n\r\n", "01234567890123456789!");
        good("5;name=value;other=\"q\"\r\nhello\r\n0;x\r\n\r\n", "hello");
        good("5  \r\nhello\r\n0 ;x\r\n\r\n", "hello");
        good("5\nhello\n0\n\n", "hello");
        good("1\r\n\n\r\n0\r\n\r\n", "\n");
        good("5\r\nhello\r\n0\r\nExpires: never\r\nB: 2\r\n\r\n", "hello");
        check(Framing::Chunked, "0\r\n\r\nHTTP/1.1", Ok(("", 5)));
    }

    #[test]
    fn a_bad_chunk_is_an_error_not_payload() {
        for input in [
            "\r\n",
            "x\r\n",
            "-5\r\nhello\r\n0\r\n\r\n",
            "0x5\r\nhello\r\n0\r\n\r\n",
            ";x\r\n",
            "5 5\r\n",
            "5\rhello",
            "5\r\nhelloX\r\n",
            "5\r\nhello\rX",
            "0\r\n\rX",
            "5;a\rb\r\nhello\r\n0\r\n\r\n",
            "10000000000000000\r\n",
            "ffffffffffffffffffffffffffffff\r\n",
        ] {
            check(Framing::Chunked, input, Err(Error::BadChunk));
        }
        check(Framing::Chunked, "ffffffffffffffff\r\nx", Err(Error::BodyTooLarge));
        check(Framing::Chunked, "3e8\r\n", Err(Error::TornBody));
        check(Framing::Chunked, "3e9\r\n", Err(Error::BodyTooLarge));
        check(Framing::Chunked, "1\r\nx\r\n3e8\r\n", Err(Error::BodyTooLarge));
    }

    #[test]
    fn a_torn_chunk_is_a_failure_not_a_hang() {
        let whole = "5;x=y\r\nhello\r\n0\r\nA: b\r\n\r\n";
        for end in 0..whole.len() {
            check(Framing::Chunked, &whole[..end], Err(Error::TornBody));
        }
    }

    #[test]
    fn endless_lines_are_cut_off() {
        let padded = |len: usize| format!("{}\r\n\r\n", "0".repeat(len));
        check(Framing::Chunked, &padded(62), Ok(("", 66)));
        check(Framing::Chunked, &padded(65), Err(Error::BadChunk));
        check(Framing::Chunked, &format!("5;{}", "x".repeat(63)), Err(Error::BadChunk));
        let trailers = |len: usize| format!("0\r\n{}\r\n\r\n", "t".repeat(len));
        check(Framing::Chunked, &trailers(60), Ok(("", 67)));
        check(Framing::Chunked, &trailers(61), Err(Error::TrailersTooLarge));
    }

    #[test]
    fn payload_is_borrowed_from_the_input() {
        let input = b"5\r\nhello\r\n";
        let mut decoder = Decoder::new(Framing::Chunked, &LIMITS).unwrap();
        let step = decoder.decode(input).unwrap();
        assert_eq!(step, Step { consumed: 8, payload: b"hello", done: false });
        assert!(std::ptr::eq(step.payload.as_ptr(), &raw const input[3]));
    }
}
