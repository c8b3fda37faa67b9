//! User and password of a client or a request.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::super::object::{Object, Result, View};
use crate::session::RequestBuilder;

#[derive(Clone)]
pub(super) struct Auth {
    is_digest: bool,
    user: String,
    password: String,
    /// `user:password` as requests sends them, where RFC 7617 would have it otherwise: in ISO-8859-1, or with
    /// a colon in the user.
    octets: Option<Vec<u8>>,
}

impl Auth {
    /// Reads `("basic" or "digest", user, password)`. Bytes that are not UTF-8 are taken for ISO-8859-1,
    /// in which both of Locust's clients send names and passwords.
    pub(super) fn read(value: View) -> Option<Auth> {
        let parts = value.items()?;
        let text = |at: usize| {
            let octets = parts.get(at)?.view().as_text_bytes()?;
            let of_latin = || octets.iter().map(|&byte| char::from(byte)).collect();
            Some(str::from_utf8(octets).map_or_else(|_| of_latin(), str::to_owned))
        };
        let octets = |at: usize| parts.get(at)?.view().as_text_bytes();
        let (user, password) = (octets(1)?, octets(2)?);
        let both = [user, password].join(&b':');
        let is_usual = str::from_utf8(&both).is_ok() && !user.contains(&b':');
        let octets = (!is_usual).then_some(both);
        Some(Auth { is_digest: text(0)? == "digest", user: text(1)?, password: text(2)?, octets })
    }

    pub(super) fn show(&self) -> Result<Object> {
        let kind = if self.is_digest { "digest" } else { "basic" };
        Object::tuple([Object::str(kind)?, Object::str(&self.user)?, Object::str(&self.password)?])
    }

    pub(super) fn apply<'s>(self, request: RequestBuilder<'s>) -> RequestBuilder<'s> {
        match self {
            Auth { is_digest: true, user, password, .. } => request.digest_auth(user, password),
            Auth { octets: Some(both), .. } => {
                request.header("Authorization", format!("Basic {}", STANDARD.encode(both)))
            }
            Auth { user, password, .. } => request.basic_auth(user, password),
        }
    }
}
