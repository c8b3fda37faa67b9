//! The token of the page.

use std::fmt;
use std::path::Path;

use rustix::rand::{GetRandomFlags, getrandom};
use sha2::{Digest, Sha256};

use crate::files::{self, ReadError};

/// The fewest characters of a token that is given.
const CHARACTERS_MIN: usize = 16;
/// The number of random bytes of a token that we make.
const BYTES: usize = 16;
/// The largest token file, in bytes.
const FILE_MAX: u64 = 64 << 10;

/// A secret text of letters, digits and `-._~`, which need no quoting in a URL, a header or a cookie.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Token(String);

/// Why something cannot be a token.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TokenError {
    /// The text is too short, or has characters that need quoting.
    #[error(
        "a token has {CHARACTERS_MIN} characters or more, of letters, digits and -._~ only; \
         'openssl rand -hex 16' makes one"
    )]
    Unfit,
    /// The file cannot be read.
    #[error("{0}")]
    File(#[from] ReadError),
    /// The system has no random numbers.
    #[error("no random numbers for a token can be had; give one with --web-token-file")]
    NoRandomness,
}

impl Token {
    /// Makes a token of 128 random bits.
    ///
    /// # Errors
    ///
    /// Fails where the system has no random numbers.
    pub(crate) fn random() -> Result<Self, TokenError> {
        let mut bytes = [0; BYTES];
        // So few are given whole or not at all (getrandom(2)).
        getrandom(&mut bytes[..], GetRandomFlags::empty()).map_err(|_| TokenError::NoRandomness)?;
        Ok(Token(bytes.iter().map(|byte| format!("{byte:02x}")).collect()))
    }

    /// Reads the token in a file, without the white space around it.
    ///
    /// # Errors
    ///
    /// Fails where the file cannot be read, or its text is no token.
    pub(crate) fn read(path: &Path) -> Result<Self, TokenError> {
        let bytes = files::read_any(path, FILE_MAX)?;
        // Bytes that are not UTF-8 become characters that no token has.
        Self::parse(String::from_utf8_lossy(&bytes).trim())
    }

    pub(super) fn parse(text: &str) -> Result<Self, TokenError> {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "-._~".contains(c);
        let is_fit = text.len() >= CHARACTERS_MIN && text.chars().all(is_plain);
        if is_fit { Ok(Token(text.to_owned())) } else { Err(TokenError::Unfit) }
    }

    /// Returns the text.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns whether the given text is this token. Digests are compared, so the time that it takes reveals
    /// nothing about the token.
    pub(super) fn is(&self, given: &str) -> bool {
        Sha256::digest(&self.0) == Sha256::digest(given)
    }
}

/// Leaves the text out, because debug output may end up in logs.
impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_tokens_differ_and_are_fit() {
        let (one, other) = (Token::random().unwrap(), Token::random().unwrap());
        assert_ne!(one, other);
        assert_eq!(Token::parse(one.as_str()).unwrap(), one);
        assert!(one.is(one.as_str()) && !one.is(other.as_str()) && !one.is(""));
        assert_eq!(format!("{one:?}"), "Token");
    }

    #[test]
    fn a_token_that_is_short_or_needs_quoting_is_unfit() {
        for unfit in
            ["", "0123456789abcde", "0123456789abcdef;", "0123456789 abcdef", "0123456789abcdeé"]
        {
            assert!(matches!(Token::parse(unfit), Err(TokenError::Unfit)), "{unfit}");
        }
        assert!(Token::parse("0123456789abcd-._~").is_ok());
    }
}
