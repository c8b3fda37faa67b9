//! The state that servers keep at a user: cookies, and sessions of digest authentication.

use std::rc::Rc;
use std::str;
use std::time::Duration;

use super::cookies::{CookieJar, CookieUrl, StoredCookie};
use super::digest::DigestSession;
use crate::http1;
use crate::session::connection::origin::Origin;
use crate::session::request::auth::Credentials;

/// The most sessions of digest authentication of a user.
const DIGESTS_MAX: usize = 8;

/// A user's client state. It is allocated when there is some, because most users of a load test have none
/// and there are very many.
#[derive(Debug, Clone, Default)]
pub(in crate::session) struct ClientState(Option<Box<State>>);

#[derive(Debug, Clone, Default)]
struct State {
    jar: CookieJar,
    digests: Vec<(Rc<Origin>, DigestSession)>,
}

/// The recipient of a request, as far as it decides what client state is sent.
pub(in crate::session) struct Recipient<'r> {
    pub(in crate::session) origin: &'r Rc<Origin>,
    /// The host of the `Host` header, without its port.
    pub(in crate::session) host: &'r str,
    pub(in crate::session) method: &'r str,
    /// Path and query, as they are sent.
    pub(in crate::session) target: &'r str,
    /// Whether the user's cookies are sent.
    pub(in crate::session) takes_cookies: bool,
    /// User and password for challenges.
    pub(in crate::session) credentials: Option<&'r Rc<Credentials>>,
}

impl Recipient<'_> {
    /// Returns the URL for cookies.
    fn cookie_url(&self) -> CookieUrl<'_> {
        let path = self.target.split('?').next().unwrap_or_default();
        CookieUrl { host: self.host, path, is_secure: self.origin.secure }
    }
}

impl ClientState {
    /// Returns whether client state is sent with a request.
    pub(in crate::session) fn has_lines<'r>(
        &self,
        recipient: impl FnOnce() -> Recipient<'r>,
        now: impl FnOnce() -> Duration,
    ) -> bool {
        let Some(state) = &self.0 else { return false };
        let recipient = recipient();
        (recipient.takes_cookies && state.jar.has_any(recipient.cookie_url(), now()))
            || state.digest(&recipient).is_some()
    }

    /// Appends the header lines of the client state.
    pub(in crate::session) fn write_lines(
        &mut self,
        to: &Recipient<'_>,
        now: Duration,
        out: &mut Vec<u8>,
    ) {
        let Some(state) = &mut self.0 else { return };
        if to.takes_cookies {
            state.jar.write(to.cookie_url(), now, out);
        }
        if let Some(at) = state.digest(to) {
            state.digests[at].1.write(to.method, to.target, out);
        }
    }

    /// Returns the cookies that are sent with a request: `a=1; b=2`.
    pub(in crate::session) fn cookies(&self, to: &Recipient<'_>, now: Duration) -> Vec<u8> {
        let mut line = Vec::new();
        if to.takes_cookies
            && let Some(jar) = self.jar()
        {
            jar.write(to.cookie_url(), now, &mut line);
        }
        let cookies = line.strip_prefix(b"Cookie: ").and_then(|line| line.strip_suffix(b"\r\n"));
        cookies.unwrap_or_default().to_vec()
    }

    /// Applies the `Set-Cookie` headers of a response.
    pub(in crate::session) fn store_cookies(
        &mut self,
        from: &Recipient<'_>,
        head: &[u8],
        now: Duration,
    ) {
        let headers = http1::headers(head);
        for (_, value) in headers.filter(|(name, _)| name.eq_ignore_ascii_case("set-cookie")) {
            self.jar_mut().store(value, from.cookie_url(), now);
        }
    }

    /// Accepts the challenge of a response. Returns `false` if it cannot be answered.
    pub(in crate::session) fn accept_challenge(
        &mut self,
        from: &Recipient<'_>,
        head: &[u8],
        random: impl FnOnce() -> u64,
    ) -> bool {
        let Some(credentials) = from.credentials else { return false };
        let Some(digest) = DigestSession::new(head, credentials, random) else { return false };
        let state = self.0.get_or_insert_default();
        if let Some(at) = state.digest(from) {
            state.digests.remove(at);
        } else if state.digests.len() == DIGESTS_MAX {
            state.digests.remove(0);
        }
        state.digests.push((from.origin.clone(), digest));
        true
    }

    /// Updates the session of digest authentication by a response.
    pub(in crate::session) fn update_digest(&mut self, from: &Recipient<'_>, head: &[u8]) {
        let Some(state) = &mut self.0 else { return };
        if let Some(at) = state.digest(from) {
            state.digests[at].1.update(head);
        }
    }

    /// Returns the cookies, if there is any client state.
    pub(in crate::session) fn jar(&self) -> Option<&CookieJar> {
        self.0.as_ref().map(|state| &state.jar)
    }

    pub(in crate::session) fn jar_mut(&mut self) -> &mut CookieJar {
        &mut self.0.get_or_insert_default().jar
    }
}

impl State {
    /// Returns the position of the session for this request.
    fn digest(&self, recipient: &Recipient<'_>) -> Option<usize> {
        let credentials = recipient.credentials?;
        self.digests.iter().position(|(origin, digest)| {
            Rc::ptr_eq(origin, recipient.origin) && digest.is_of(credentials)
        })
    }
}

/// A user's cookies, for its tasks: those that servers set and those that tasks set.
#[derive(Debug)]
pub struct Cookies<'s> {
    state: &'s mut ClientState,
    /// The host of the class.
    host: &'s str,
    now: Duration,
}

/// The error for a cookie that cannot be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a cookie has a name, no ';' and no control characters, no '=' in its name, and up to 4 KiB"
)]
pub struct InvalidCookie;

impl<'s> Cookies<'s> {
    pub(in crate::session) fn new(
        state: &'s mut ClientState,
        host: &'s str,
        now: Duration,
    ) -> Self {
        Cookies { state, host, now }
    }

    /// Returns the value of the cookie of this name; if there are several, the one that is sent first. A
    /// value that is not UTF-8 is `None` here; [`iter`](Self::iter) returns its bytes.
    pub fn get(&self, name: &str) -> Option<&str> {
        str::from_utf8(self.state.jar()?.get(name, self.now)?).ok()
    }

    /// Returns all names and values, as bytes, in the order in which they are sent.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.state.jar().into_iter().flat_map(|jar| jar.all(self.now))
    }

    /// Sets a cookie for all requests to the host of the class, until the user ends. It replaces one that
    /// the server has set for all paths of its host.
    ///
    /// # Errors
    ///
    /// Returns an error if the cookie cannot be sent as it is.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), InvalidCookie> {
        let is_fine =
            |text: &str| !text.contains(|letter: char| letter == ';' || letter.is_control());
        let is_trimmed = name.trim() == name && value.trim() == value;
        let is_name = !name.is_empty() && !name.contains('=');
        if !(is_name && is_trimmed && is_fine(name) && is_fine(value))
            || CookieJar::is_too_long(name, value)
        {
            return Err(InvalidCookie);
        }
        self.state.jar_mut().set(name, value, self.host, self.now);
        Ok(())
    }

    /// Returns all cookies with what they are for.
    pub(crate) fn stored(&self) -> impl Iterator<Item = StoredCookie<'_>> {
        self.state.jar().into_iter().flat_map(|jar| jar.stored(self.now))
    }

    /// Applies a `Set-Cookie` header of a host; an empty one is that of the class.
    pub(crate) fn store(&mut self, header: &[u8], host: &str) {
        let host = if host.is_empty() { self.host } else { host };
        let url = CookieUrl { host, path: "/", is_secure: true };
        self.state.jar_mut().store(header, url, self.now);
    }

    /// Removes all cookies of this name.
    pub fn remove(&mut self, name: &str) {
        if self.state.jar().is_some() {
            self.state.jar_mut().remove(name);
        }
    }

    /// Removes all cookies.
    pub fn clear(&mut self) {
        if self.state.jar().is_some() {
            *self.state.jar_mut() = CookieJar::default();
        }
    }
}
