//! What opens the page to those who know it.

use std::fmt;
use std::path::Path;

use rustls::crypto::aws_lc_rs;
use sha2::{Digest, Sha256};

use crate::files::{self, ReadError};

/// The fewest characters of a token that somebody else made.
const CHARACTERS_MIN: usize = 16;
/// Random bytes of our own.
const BYTES: usize = 16;
/// The largest file of one, in bytes.
const FILE_MAX: u64 = 64 << 10;

/// A text of letters, digits and `-._~`, which need no quoting in a URL, a header or a cookie.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

/// Why something cannot be a token.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// It is guessed too soon, or needs quoting.
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
    /// One that nobody guesses: 128 random bits.
    ///
    /// # Errors
    ///
    /// Where the system has none.
    pub fn random() -> Result<Self, TokenError> {
        let mut bytes = [0; BYTES];
        let random = aws_lc_rs::default_provider().secure_random;
        random.fill(&mut bytes).map_err(|_| TokenError::NoRandomness)?;
        Ok(Token(bytes.iter().map(|byte| format!("{byte:02x}")).collect()))
    }

    /// The one in a file, without the space around it.
    ///
    /// # Errors
    ///
    /// Where it cannot be read, or is unfit.
    pub fn read(path: &Path) -> Result<Self, TokenError> {
        let bytes = files::read_any(path, FILE_MAX)?;
        // What is no text is no token either.
        Self::parse(String::from_utf8_lossy(&bytes).trim())
    }

    pub(super) fn parse(text: &str) -> Result<Self, TokenError> {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "-._~".contains(c);
        let is_fit = text.len() >= CHARACTERS_MIN && text.chars().all(is_plain);
        if is_fit { Ok(Token(text.to_owned())) } else { Err(TokenError::Unfit) }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this is it. What a comparison's time tells of two digests is of no use to anybody.
    pub(super) fn is(&self, given: &str) -> bool {
        Sha256::digest(&self.0) == Sha256::digest(given)
    }
}

/// Not its text, which logs would keep.
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
