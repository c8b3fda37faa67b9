//! What servers have told a user to remember: cookies, and how to answer their challenges.

use std::rc::Rc;
use std::str;
use std::time::Duration;

use super::cookies::{Jar, Place};
use super::digest::Answerer;
use crate::http1;
use crate::session::connection::origin::Origin;
use crate::session::request::auth::Credentials;

/// The most servers whose challenges a user can answer at once.
const ANSWERERS_MAX: usize = 8;

/// A user's memory. Most users of a load test have none, and there are very many: it is made when
/// there is something to remember.
#[derive(Debug, Default)]
pub(in crate::session) struct ClientState(Option<Box<Remembered>>);

#[derive(Debug, Default)]
struct Remembered {
    jar: Jar,
    answerers: Vec<(Rc<Origin>, Answerer)>,
}

/// Who gets a request, as far as that decides what goes with it.
pub(in crate::session) struct Recipient<'r> {
    pub(in crate::session) origin: &'r Rc<Origin>,
    /// That of the `Host` header, without its port.
    pub(in crate::session) host: &'r str,
    pub(in crate::session) method: &'r str,
    /// Path and query, as they are sent.
    pub(in crate::session) target: &'r str,
    /// Whether the user's cookies go with it.
    pub(in crate::session) takes_cookies: bool,
    /// User and password for its challenges.
    pub(in crate::session) credentials: Option<&'r Rc<Credentials>>,
}

impl Recipient<'_> {
    /// As far as cookies are concerned.
    fn place(&self) -> Place<'_> {
        let path = self.target.split('?').next().unwrap_or_default();
        Place { host: self.host, path, is_secure: self.origin.secure }
    }
}

impl ClientState {
    /// Whether there is more to say in a request than it says itself.
    pub(in crate::session) fn has_lines<'r>(
        &self,
        recipient: impl FnOnce() -> Recipient<'r>,
        now: impl FnOnce() -> Duration,
    ) -> bool {
        let Some(remembered) = &self.0 else { return false };
        let recipient = recipient();
        (recipient.takes_cookies && remembered.jar.has_any(recipient.place(), now()))
            || remembered.answerer(&recipient).is_some()
    }

    /// Appends the header lines that are to be said.
    pub(in crate::session) fn write_lines(
        &mut self,
        to: &Recipient<'_>,
        now: Duration,
        out: &mut Vec<u8>,
    ) {
        let Some(remembered) = &mut self.0 else { return };
        if to.takes_cookies {
            remembered.jar.write(to.place(), now, out);
        }
        if let Some(at) = remembered.answerer(to) {
            remembered.answerers[at].1.write(to.method, to.target, out);
        }
    }

    /// Does what the `Set-Cookie` headers of a response say.
    pub(in crate::session) fn keep_cookies(
        &mut self,
        from: &Recipient<'_>,
        head: &[u8],
        now: Duration,
    ) {
        let headers = http1::headers(head);
        for (_, value) in headers.filter(|(name, _)| name.eq_ignore_ascii_case("set-cookie")) {
            self.jar_mut().store(value, from.place(), now);
        }
    }

    /// Takes up a challenge that was the answer to a request. `false` where it cannot be answered.
    pub(in crate::session) fn accept_challenge(
        &mut self,
        from: &Recipient<'_>,
        head: &[u8],
        random: impl FnOnce() -> u64,
    ) -> bool {
        let Some(credentials) = from.credentials else { return false };
        let Some(answerer) = Answerer::new(head, credentials, random) else { return false };
        let remembered = self.0.get_or_insert_default();
        if let Some(at) = remembered.answerer(from) {
            remembered.answerers.remove(at);
        } else if remembered.answerers.len() == ANSWERERS_MAX {
            remembered.answerers.remove(0);
        }
        remembered.answerers.push((from.origin.clone(), answerer));
        true
    }

    /// Looks whether an answer that was accepted says how to answer the next time.
    pub(in crate::session) fn learn(&mut self, from: &Recipient<'_>, head: &[u8]) {
        let Some(remembered) = &mut self.0 else { return };
        if let Some(at) = remembered.answerer(from) {
            remembered.answerers[at].1.learn(head);
        }
    }

    /// The cookies, where there ever was one.
    pub(in crate::session) fn jar(&self) -> Option<&Jar> {
        self.0.as_ref().map(|remembered| &remembered.jar)
    }

    pub(in crate::session) fn jar_mut(&mut self) -> &mut Jar {
        &mut self.0.get_or_insert_default().jar
    }
}

impl Remembered {
    /// Where the one is that answers for this request.
    fn answerer(&self, recipient: &Recipient<'_>) -> Option<usize> {
        let credentials = recipient.credentials?;
        self.answerers.iter().position(|(origin, answerer)| {
            Rc::ptr_eq(origin, recipient.origin) && answerer.is_of(credentials)
        })
    }
}

/// A user's cookies, for its tasks: those that servers set, and its own.
#[derive(Debug)]
pub struct Cookies<'s> {
    memory: &'s mut ClientState,
    /// That of the class.
    host: &'s str,
    now: Duration,
}

/// A cookie that could not be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a cookie has a name, no ';' and no control characters, no '=' in its name, and up to 4 KiB"
)]
pub struct InvalidCookie;

impl<'s> Cookies<'s> {
    pub(in crate::session) fn new(
        memory: &'s mut ClientState,
        host: &'s str,
        now: Duration,
    ) -> Self {
        Cookies { memory, host, now }
    }

    /// The value of the cookie of this name: of several, the one that is sent first. `None`, too, where
    /// it is not UTF-8: [`iter`](Self::iter) has it as it is.
    pub fn get(&self, name: &str) -> Option<&str> {
        str::from_utf8(self.memory.jar()?.get(name, self.now)?).ok()
    }

    /// All names and values, in the order in which they are sent: octets, as servers sent them.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.memory.jar().into_iter().flat_map(|jar| jar.all(self.now))
    }

    /// Sets a cookie that goes with all requests to the host of the class, until the user ends. It
    /// takes the place of one that the server has set for all paths of its host.
    ///
    /// # Errors
    ///
    /// Where it could not be sent as it is.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), InvalidCookie> {
        let is_fine =
            |text: &str| !text.contains(|letter: char| letter == ';' || letter.is_control());
        let is_trimmed = name.trim() == name && value.trim() == value;
        let is_name = !name.is_empty() && !name.contains('=');
        if !(is_name && is_trimmed && is_fine(name) && is_fine(value))
            || Jar::is_too_long(name, value)
        {
            return Err(InvalidCookie);
        }
        self.memory.jar_mut().set(name, value, self.host, self.now);
        Ok(())
    }

    /// Takes all cookies of this name away.
    pub fn remove(&mut self, name: &str) {
        if self.memory.jar().is_some() {
            self.memory.jar_mut().remove(name);
        }
    }

    /// Takes all cookies away.
    pub fn clear(&mut self) {
        if self.memory.jar().is_some() {
            *self.memory.jar_mut() = Jar::default();
        }
    }
}
