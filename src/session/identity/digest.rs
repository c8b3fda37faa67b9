//! Digest authentication (RFC 7616): challenges and the answers to them.
//!
//! It is our own, because the `digest_auth` crate panics on a challenge that is not ASCII, cannot
//! separate several challenges in one header, and takes its random numbers from the system.

use std::fmt::Write as _;
use std::rc::Rc;

use md5::Md5;
use sha2::{Digest as _, Sha256, Sha512_256};

use crate::http1;
use crate::session::request::auth::Credentials;

/// A server's challenge.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Challenge {
    realm: String,
    nonce: String,
    opaque: Option<String>,
    /// As the server writes it. Without one it is MD5, and the answer has none.
    algorithm_name: Option<String>,
    algorithm: Algorithm,
    /// The `-sess` variant: the hash of user and password includes the nonces.
    is_session: bool,
    /// Whether there is a `qop=auth`; otherwise the server follows RFC 2069.
    has_qop: bool,
    hashes_user: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Algorithm {
    Md5,
    Sha256,
    Sha512_256,
}

/// A user's authentication session with a server (RFC 7616 section 3.6): later requests have the answer
/// at once.
#[derive(Debug, Clone)]
pub(super) struct DigestSession {
    challenge: Challenge,
    credentials: Rc<Credentials>,
    /// The nonce of the challenge, or a later one of the server.
    nonce: String,
    /// How many requests were made with this nonce.
    count: u32,
    /// The same for all requests, as `-sess` requires.
    client_nonce: String,
    /// Hash of user, realm and password, as hex digits.
    secret: String,
}

impl DigestSession {
    /// Starts a session by the first challenge of a response's head that can be answered, if there is one.
    pub(in crate::session) fn new(
        head: &[u8],
        credentials: &Rc<Credentials>,
        random: impl FnOnce() -> u64,
    ) -> Option<Self> {
        let challenge = Challenge::find(head)?;
        let client_nonce = format!("{:016x}", random());
        let (user, password) = &**credentials;
        let (user, password) = (letters(user.as_bytes()), letters(password.as_bytes()));
        let hash = |text: &str| challenge.algorithm.hash(text);
        let mut secret = hash(&format!("{user}:{}:{password}", challenge.realm));
        if challenge.is_session {
            secret = hash(&format!("{secret}:{}:{client_nonce}", challenge.nonce));
        }
        Some(DigestSession {
            nonce: challenge.nonce.clone(),
            challenge,
            credentials: credentials.clone(),
            count: 0,
            client_nonce,
            secret,
        })
    }

    /// Returns whether the session has these credentials.
    pub(super) fn is_of(&self, credentials: &Credentials) -> bool {
        *self.credentials == *credentials
    }

    /// Appends the `Authorization` line of the next request.
    pub(in crate::session) fn write(&mut self, method: &str, target: &str, out: &mut Vec<u8>) {
        self.count = self.count.wrapping_add(1);
        let DigestSession { challenge, nonce, client_nonce, secret, .. } = self;
        let hash = |text: &str| challenge.algorithm.hash(text);
        let request = hash(&format!("{method}:{target}"));
        let qop = format!("{:08x}:{client_nonce}:auth", self.count);
        let response = match challenge.has_qop {
            true => hash(&format!("{secret}:{nonce}:{qop}:{request}")),
            false => hash(&format!("{secret}:{nonce}:{request}")),
        };
        let (user, realm) = (letters(self.credentials.0.as_bytes()), &challenge.realm);
        let user = match challenge.hashes_user {
            true => hash(&format!("{user}:{realm}")),
            false => quoted(&user),
        };
        let (realm, nonce) = (quoted(realm), quoted(nonce));
        let mut line = format!(
            "Authorization: Digest username=\"{user}\", realm=\"{realm}\", nonce=\"{nonce}\", \
             uri=\"{target}\", response=\"{response}\""
        );
        if let Some(algorithm) = &challenge.algorithm_name {
            let _ = write!(line, ", algorithm={algorithm}");
        }
        if let Some(opaque) = &challenge.opaque {
            let _ = write!(line, ", opaque=\"{}\"", quoted(opaque));
        }
        if challenge.has_qop {
            let count = self.count;
            let _ = write!(line, ", qop=auth, nc={count:08x}, cnonce=\"{client_nonce}\"");
        }
        if challenge.hashes_user {
            line += ", userhash=true";
        }
        line += "\r\n";
        out.extend(octets(&line));
    }

    /// Takes the next nonce from a response's head, if there is one (RFC 7616 section 3.5).
    pub(in crate::session) fn update(&mut self, head: &[u8]) {
        let info = http1::header(head, "authentication-info").and_then(text);
        let next = info.as_deref().and_then(|info| {
            let mut parameters = elements(info).filter_map(parameter);
            let next = parameters.find(|(name, _)| name.eq_ignore_ascii_case("nextnonce"));
            next.map(|(_, nonce)| nonce)
        });
        if let Some(nonce) = next
            && nonce != self.nonce
        {
            (self.nonce, self.count) = (nonce, 0);
        }
    }
}

impl Challenge {
    /// Returns the first challenge that can be answered: servers send them in order of preference (RFC 7616
    /// section 3.7).
    fn find(head: &[u8]) -> Option<Challenge> {
        let headers = http1::headers(head);
        let challenges = headers.filter(|(name, _)| name.eq_ignore_ascii_case("www-authenticate"));
        challenges.filter_map(|(_, value)| text(value)).find_map(|value| Challenge::parse(&value))
    }

    /// Returns the first such challenge of one header, which may have several, also of other schemes (RFC
    /// 9110 section 11.6.1).
    fn parse(header: &str) -> Option<Challenge> {
        let mut parameters: Option<Vec<(&str, String)>> = None;
        for element in elements(header) {
            let (scheme, rest) = split_scheme(element);
            if let Some(scheme) = scheme {
                if let Some(challenge) = parameters.take().and_then(Challenge::new) {
                    return Some(challenge);
                }
                parameters = scheme.eq_ignore_ascii_case("digest").then(Vec::new);
            }
            if let Some(parameters) = &mut parameters {
                parameters.extend(parameter(rest));
            }
        }
        parameters.and_then(Challenge::new)
    }

    fn new(parameters: Vec<(&str, String)>) -> Option<Challenge> {
        let get = |wanted: &str| {
            let mut all = parameters.iter();
            all.find(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| &**value)
        };
        let algorithm_name = get("algorithm");
        let (algorithm, is_session) = Algorithm::parse(algorithm_name.unwrap_or("MD5"))?;
        let qop = get("qop");
        let has_auth =
            |qop: &str| qop.split(',').any(|q| q.trim_ascii().eq_ignore_ascii_case("auth"));
        if qop.is_some_and(|qop| !has_auth(qop)) {
            return None;
        }
        Some(Challenge {
            realm: get("realm")?.to_owned(),
            nonce: get("nonce")?.to_owned(),
            opaque: get("opaque").map(str::to_owned),
            algorithm_name: algorithm_name.map(str::to_owned),
            algorithm,
            is_session,
            has_qop: qop.is_some(),
            hashes_user: get("userhash").is_some_and(|is| is.eq_ignore_ascii_case("true")),
        })
    }
}

impl Algorithm {
    /// Parses a name. Also returns whether it is the `-sess` variant.
    fn parse(name: &str) -> Option<(Algorithm, bool)> {
        let name = name.to_ascii_lowercase();
        let base = name.strip_suffix("-sess");
        let algorithm = match base.unwrap_or(&name) {
            "md5" => Algorithm::Md5,
            "sha-256" => Algorithm::Sha256,
            "sha-512-256" => Algorithm::Sha512_256,
            _ => return None,
        };
        Some((algorithm, base.is_some()))
    }

    /// Hashes the bytes that the characters stand for. Returns hex digits.
    fn hash(self, text: &str) -> String {
        let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        match self {
            Algorithm::Md5 => hex(&Md5::digest(octets(text))),
            Algorithm::Sha256 => hex(&Sha256::digest(octets(text))),
            Algorithm::Sha512_256 => hex(&Sha512_256::digest(octets(text))),
        }
    }
}

/// Returns a header's value as text, if it can be quoted in another header.
fn text(value: &[u8]) -> Option<String> {
    let is_control = |byte: &u8| byte.is_ascii_control() && *byte != b'\t';
    (!value.iter().any(is_control)).then(|| letters(value))
}

/// Returns bytes as the characters of the same numbers (Latin-1). A realm may be in any encoding, and is
/// hashed and sent back as it came.
fn letters(octets: &[u8]) -> String {
    octets.iter().copied().map(char::from).collect()
}

/// Returns the bytes that such characters stand for.
fn octets(letters: &str) -> Vec<u8> {
    letters.chars().filter_map(|letter| u8::try_from(letter).ok()).collect()
}

/// Returns the elements of a list that may have quoted strings (RFC 9110 section 5.6.1).
fn elements(list: &str) -> impl Iterator<Item = &str> {
    let (mut is_quoted, mut is_escaped) = (false, false);
    let elements = list.split(move |letter| {
        match letter {
            _ if is_escaped => is_escaped = false,
            '\\' if is_quoted => is_escaped = true,
            '"' => is_quoted = !is_quoted,
            ',' => return !is_quoted,
            _ => {}
        }
        false
    });
    elements.map(str::trim_ascii).filter(|element| !element.is_empty())
}

/// Splits off a scheme: `Digest realm="x"` begins a challenge, `nonce="y"` and `nonce = "y"` do not.
fn split_scheme(element: &str) -> (Option<&str>, &str) {
    let end = element.find(|letter: char| letter == '=' || letter.is_ascii_whitespace());
    let (word, rest) = element.split_at(end.unwrap_or(element.len()));
    if rest.trim_ascii_start().starts_with('=') {
        return (None, element);
    }
    (Some(word), rest.trim_ascii_start())
}

/// Parses `name=token` or `name="text"`.
fn parameter(element: &str) -> Option<(&str, String)> {
    let (name, value) = element.split_once('=')?;
    let value = value.trim_ascii();
    let Some(quoted) = value.strip_prefix('"') else {
        return Some((name.trim_ascii(), value.to_owned()));
    };
    let (mut text, mut letters) = (String::new(), quoted.chars());
    while let Some(letter) = letters.next() {
        match letter {
            '"' => return Some((name.trim_ascii(), text)),
            '\\' => text.extend(letters.next()),
            _ => text.push(letter),
        }
    }
    None
}

/// Escapes a text for a quoted string.
fn quoted(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}

#[cfg(test)]
mod tests;
