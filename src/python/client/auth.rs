//! User and password of a client or a request.

use super::super::object::{Object, Result, View};
use crate::session::RequestBuilder;

#[derive(Clone)]
pub(super) struct Auth {
    is_digest: bool,
    user: String,
    password: String,
}

impl Auth {
    /// Reads `("basic" or "digest", user, password)`. Bytes that are not UTF-8 are taken for ISO-8859-1,
    /// in which requests sends names and passwords.
    pub(super) fn read(value: View) -> Option<Auth> {
        let parts = value.items()?;
        let text = |at: usize| {
            let octets = parts.get(at)?.view().as_text_bytes()?;
            let of_latin = || octets.iter().map(|&byte| char::from(byte)).collect();
            Some(str::from_utf8(octets).map_or_else(|_| of_latin(), str::to_owned))
        };
        Some(Auth { is_digest: text(0)? == "digest", user: text(1)?, password: text(2)? })
    }

    pub(super) fn show(&self) -> Result<Object> {
        let kind = if self.is_digest { "digest" } else { "basic" };
        Object::tuple([Object::str(kind)?, Object::str(&self.user)?, Object::str(&self.password)?])
    }

    pub(super) fn apply<'s>(self, request: RequestBuilder<'s>) -> RequestBuilder<'s> {
        match self {
            Auth { is_digest: true, user, password } => request.digest_auth(user, password),
            Auth { user, password, .. } => request.basic_auth(user, password),
        }
    }
}
