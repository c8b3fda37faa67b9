//! Digest authentication (RFC 7616): a server's challenge, and a user's answers to it.
//!
//! Our own, because the `digest_auth` crate panics at a challenge that is not ASCII, does not know
//! several challenges in one header apart, and takes its random numbers from the system.

use std::fmt::Write as _;
use std::rc::Rc;

use md5::Md5;
use sha2::{Digest as _, Sha256, Sha512_256};

use crate::http1;

/// User and password.
pub(super) type Credentials = (String, String);

/// What a server wants to be answered.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Challenge {
    realm: String,
    nonce: String,
    opaque: Option<String>,
    /// As the server writes it; without one it is MD5, and is not said.
    algorithm_name: Option<String>,
    algorithm: Algorithm,
    /// `-sess`: the hash of user and password has the nonces in it.
    is_session: bool,
    /// `qop=auth`; without one the server is of RFC 2069.
    has_qop: bool,
    hashes_user: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Algorithm {
    Md5,
    Sha256,
    Sha512_256,
}

/// What a user knows after a challenge, so that its next requests are answered at once.
#[derive(Debug)]
pub(super) struct Answerer {
    challenge: Challenge,
    credentials: Rc<Credentials>,
    /// The one of the challenge, unless the server gave the next.
    nonce: String,
    /// Requests made with this nonce.
    count: u32,
    /// One for all requests, as `-sess` wants it.
    client_nonce: String,
    /// Hash of user, realm and password, as hex digits.
    secret: String,
}

impl Answerer {
    /// Takes up the first challenge of a response's head that can be answered, if there is one.
    pub(super) fn new(
        head: &[u8],
        credentials: &Rc<Credentials>,
        random: impl FnOnce() -> u64,
    ) -> Option<Self> {
        let challenge = Challenge::find(head)?;
        let client_nonce = format!("{:016x}", random());
        let (user, password) = &**credentials;
        let hash = |text: &str| challenge.algorithm.hash(text);
        let mut secret = hash(&format!("{user}:{}:{password}", challenge.realm));
        if challenge.is_session {
            secret = hash(&format!("{secret}:{}:{client_nonce}", challenge.nonce));
        }
        Some(Answerer {
            nonce: challenge.nonce.clone(),
            challenge,
            credentials: credentials.clone(),
            count: 0,
            client_nonce,
            secret,
        })
    }

    /// Whether these are the credentials that the challenge was answered with.
    pub(super) fn is_of(&self, credentials: &Credentials) -> bool {
        *self.credentials == *credentials
    }

    /// Appends the `Authorization` line of the next request.
    pub(super) fn write(&mut self, method: &str, target: &str, out: &mut Vec<u8>) {
        self.count = self.count.wrapping_add(1);
        let Answerer { challenge, nonce, client_nonce, secret, .. } = self;
        let hash = |text: &str| challenge.algorithm.hash(text);
        let request = hash(&format!("{method}:{target}"));
        let qop = format!("{:08x}:{client_nonce}:auth", self.count);
        let response = match challenge.has_qop {
            true => hash(&format!("{secret}:{nonce}:{qop}:{request}")),
            false => hash(&format!("{secret}:{nonce}:{request}")),
        };
        let (user, realm) = (&self.credentials.0, &challenge.realm);
        let user = match challenge.hashes_user {
            true => hash(&format!("{user}:{realm}")),
            false => quoted(user),
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
        out.extend_from_slice(line.as_bytes());
    }

    /// Looks whether an answer that was accepted names the nonce of the next request (RFC 7616
    /// section 3.5).
    pub(super) fn learn(&mut self, head: &[u8]) {
        let info = http1::header(head, "authentication-info").and_then(text);
        let next = info.and_then(|info| {
            let mut parameters = elements(info).filter_map(parameter);
            parameters.find(|(name, _)| name.eq_ignore_ascii_case("nextnonce"))
        });
        if let Some((_, nonce)) = next
            && nonce != self.nonce
        {
            (self.nonce, self.count) = (nonce, 0);
        }
    }
}

impl Challenge {
    /// The first that can be answered: a server names first what it likes best (RFC 7616 section
    /// 3.7).
    fn find(head: &[u8]) -> Option<Challenge> {
        let headers = http1::headers(head);
        let challenges = headers.filter(|(name, _)| name.eq_ignore_ascii_case("www-authenticate"));
        challenges.filter_map(|(_, value)| text(value)).find_map(Challenge::parse)
    }

    /// The first in one header, which may have several, of other schemes too (RFC 9110 section
    /// 11.6.1).
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
        let has_auth = |qop: &str| qop.split(',').any(|q| q.trim().eq_ignore_ascii_case("auth"));
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
    /// And whether it is its `-sess` variant.
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

    /// In hex digits.
    fn hash(self, text: &str) -> String {
        let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        match self {
            Algorithm::Md5 => hex(&Md5::digest(text)),
            Algorithm::Sha256 => hex(&Sha256::digest(text)),
            Algorithm::Sha512_256 => hex(&Sha512_256::digest(text)),
        }
    }
}

/// A header's value, if it can be quoted in another: a folded one has line breaks.
fn text(value: &[u8]) -> Option<&str> {
    std::str::from_utf8(value).ok().filter(|value| !value.contains(char::is_control))
}

/// The elements of a list with quoted strings in it (RFC 9110 section 5.6.1).
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
    elements.map(str::trim).filter(|element| !element.is_empty())
}

/// `Digest realm="x"` is the first element of a challenge, `nonce="y"` and `nonce = "y"` are not.
fn split_scheme(element: &str) -> (Option<&str>, &str) {
    let end = element.find(|letter: char| letter == '=' || letter.is_ascii_whitespace());
    let (word, rest) = element.split_at(end.unwrap_or(element.len()));
    if rest.trim_start().starts_with('=') {
        return (None, element);
    }
    (Some(word), rest.trim_start())
}

/// `name=token` or `name="text"`.
fn parameter(element: &str) -> Option<(&str, String)> {
    let (name, value) = element.split_once('=')?;
    let value = value.trim();
    let Some(quoted) = value.strip_prefix('"') else {
        return Some((name.trim(), value.to_owned()));
    };
    let (mut text, mut letters) = (String::new(), quoted.chars());
    while let Some(letter) = letters.next() {
        match letter {
            '"' => return Some((name.trim(), text)),
            '\\' => text.extend(letters.next()),
            _ => text.push(letter),
        }
    }
    None
}

/// The inside of a quoted string.
fn quoted(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(challenge: &str) -> String {
        format!("HTTP/1.1 401 Unauthorized\r\nX: y\r\n{challenge}\r\n\r\n")
    }

    fn answerer(challenge: &str, user: &str, password: &str) -> Option<Answerer> {
        let credentials = Rc::new((user.to_owned(), password.to_owned()));
        let head = head(&format!("WWW-Authenticate: {challenge}"));
        Answerer::new(head.as_bytes(), &credentials, || 0x0123)
    }

    fn line(answerer: &mut Answerer, method: &str, target: &str) -> String {
        let mut line = Vec::new();
        answerer.write(method, target, &mut line);
        let line = String::from_utf8(line).unwrap();
        line.strip_prefix("Authorization: ").unwrap().strip_suffix("\r\n").unwrap().to_owned()
    }

    fn parameter_of(line: &str, name: &str) -> Option<String> {
        let (_, parameters) = line.split_once(' ').unwrap();
        elements(parameters).filter_map(parameter).find(|(n, _)| *n == name).map(|(_, v)| v)
    }

    /// RFC 7616 section 3.9.1, and RFC 2617 section 3.5.
    #[test]
    fn the_examples_of_the_standard_come_out() {
        let challenge = |algorithm| {
            format!(
                "Digest realm=\"http-auth@example.org\", qop=\"auth, auth-int\", {algorithm}, \
                 nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", \
                 opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\""
            )
        };
        for (algorithm, response) in [
            ("algorithm=MD5", "8ca523f5e9506fed4657c9700eebdbec"),
            (
                "algorithm=SHA-256",
                "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
            ),
        ] {
            let mut answerer = answerer(&challenge(algorithm), "Mufasa", "Circle of Life").unwrap();
            answerer.client_nonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ".into();
            let line = line(&mut answerer, "GET", "/dir/index.html");
            assert_eq!(parameter_of(&line, "response").as_deref(), Some(response));
            assert!(line.contains(algorithm), "{line}");
        }
        let old = "Digest realm=\"testrealm@host.com\", qop=\"auth,auth-int\", \
             nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", opaque=\"5ccc069c403ebaf9f0171e9517f40e41\"";
        let mut answerer = answerer(old, "Mufasa", "Circle Of Life").unwrap();
        answerer.client_nonce = "0a4f113b".into();
        assert_eq!(
            line(&mut answerer, "GET", "/dir/index.html"),
            "Digest username=\"Mufasa\", realm=\"testrealm@host.com\", \
             nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", uri=\"/dir/index.html\", \
             response=\"6629fae49393a05397450978507c4ef1\", \
             opaque=\"5ccc069c403ebaf9f0171e9517f40e41\", qop=auth, nc=00000001, cnonce=\"0a4f113b\""
        );
    }

    /// By hand, with Python's hashlib.
    #[test]
    fn sessions_user_hashes_and_servers_without_qop_are_answered() {
        for (more, response) in [
            ("", "f23121ca97143c6b358da620220c83b4"),
            (", qop=auth", "9fa4ebfc1dd3d426a7ad25627d2f7ac0"),
            (", qop=\"auth\", algorithm=MD5-sess", "86855a0322156f8e5acb763cb7dbe404"),
            (
                ", qop=\"auth\", algorithm=SHA-256-sess",
                "d55573d36f1e79957e2355840c9a0fe737d434673c5e11f2a87f0e9b8cfe6b9f",
            ),
            (
                ", qop=\"auth\", algorithm=SHA-512-256",
                "9dfa1159868a8afca2055dd2bc65c34cabfc47fd1a90e0960b747212822e5cc0",
            ),
        ] {
            let challenge = format!("Digest realm=\"r\", nonce=\"n\"{more}");
            let line = line(&mut answerer(&challenge, "u", "p").unwrap(), "GET", "/");
            assert_eq!(parameter_of(&line, "response").as_deref(), Some(response), "{more}");
            assert_eq!(line.contains("nc="), more.contains("qop"), "{line}");
        }
        let challenge = "Digest realm=\"r\", nonce=\"n\", qop=auth, userhash=true";
        let line = line(&mut answerer(challenge, "u", "p").unwrap(), "GET", "/");
        assert_eq!(
            parameter_of(&line, "username").as_deref(),
            Some("ba84be203fdfc7d34e054a76d285d0c9")
        );
        assert!(line.ends_with(", userhash=true"), "{line}");
    }

    #[test]
    fn the_count_goes_on_until_there_is_another_nonce() {
        let mut answerer = answerer("Digest realm=r, nonce=n, qop=auth", "u", "p").unwrap();
        let count_and_nonce = |answerer: &mut Answerer| {
            let line = line(answerer, "GET", "/");
            ["nc", "nonce"].map(|name| parameter_of(&line, name).unwrap())
        };
        assert_eq!(count_and_nonce(&mut answerer), ["00000001", "n"]);
        assert_eq!(count_and_nonce(&mut answerer), ["00000002", "n"]);
        answerer.learn(b"HTTP/1.1 200 OK\r\nAuthentication-Info: qop=auth, nc=00000002\r\n\r\n");
        assert_eq!(count_and_nonce(&mut answerer), ["00000003", "n"]);
        answerer.learn(b"HTTP/1.1 200 OK\r\nauthentication-info: NextNonce=\"m\"\r\n\r\n");
        assert_eq!(count_and_nonce(&mut answerer), ["00000001", "m"]);
    }

    #[test]
    fn the_first_challenge_that_can_be_answered_is() {
        let realm = |challenge: &str| answerer(challenge, "u", "p").map(|it| it.challenge.realm);
        let digest = "Digest realm=\"one, two\", nonce=\"n\"";
        for challenge in [
            digest,
            "digest REALM = \"one, two\" ,, Nonce=n",
            &format!("Basic realm=\"b\", {digest}, Negotiate"),
            &format!("Negotiate, NTLM TlRMTVNTUAAC==, {digest}"),
            &format!("Digest realm=x, nonce=y, algorithm=FUTURE, {digest}"),
            &format!("Digest realm=x, nonce=y, qop=auth-int, {digest}"),
            &format!("Basic realm=\"\u{fc}\\\", Digest realm=x\", {digest}"),
            &format!("Basic\r\nWWW-Authenticate: {digest}"),
        ] {
            assert_eq!(realm(challenge).as_deref(), Some("one, two"), "{challenge}");
        }
        for none in [
            "",
            "Basic realm=\"b\"",
            "Digest",
            "Digest realm=\"r\"",
            "Digest nonce=\"n\"",
            "Digest realm=\"r\", nonce=\"n",
            "Digest realm=\"r\", nonce=\"n\", qop=\"auth-int\"",
            "Digest realm=\"r\", nonce=\"n\", algorithm=SHA",
            "Digest realm=\"r\",\r\n nonce=\"n\"",
        ] {
            assert_eq!(realm(none), None, "{none}");
        }
    }

    #[test]
    fn quotes_come_back_as_they_came() {
        let challenge = "Digest realm=\"a\\\"b\\\\c\", nonce=\"n\"";
        let line = line(&mut answerer(challenge, "u\"x", "p").unwrap(), "GET", "/");
        assert!(line.contains("realm=\"a\\\"b\\\\c\", "), "{line}");
        assert!(line.contains("username=\"u\\\"x\", "), "{line}");
    }
}
