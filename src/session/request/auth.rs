//! Authentication of requests.

use std::rc::Rc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use http::HeaderValue;

/// User and password.
pub(in crate::session) type Credentials = (String, String);

/// The authentication of a request: sent in the `Authorization` header, unless the request has such a
/// header of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Auth {
    /// User and password in clear (RFC 7617).
    Basic {
        /// The user, without a colon.
        user: String,
        /// The password.
        password: String,
    },
    /// A token (RFC 6750).
    Bearer(String),
    /// User and password by the answer to a challenge (RFC 7616). The first request is sent again with the
    /// answer; later ones have it at once.
    Digest {
        /// The user, without a colon.
        user: String,
        /// The password.
        password: String,
    },
}

impl Auth {
    /// Makes basic authentication.
    pub fn basic(user: impl Into<String>, password: impl Into<String>) -> Self {
        Auth::Basic { user: user.into(), password: password.into() }
    }

    /// Makes digest authentication.
    pub fn digest(user: impl Into<String>, password: impl Into<String>) -> Self {
        Auth::Digest { user: user.into(), password: password.into() }
    }

    /// Returns why it cannot be sent, if it cannot.
    pub fn fault(&self) -> Option<&'static str> {
        match self {
            Auth::Basic { user, .. } if user.contains(':') => {
                Some("the user of basic authentication must not contain ':'")
            }
            Auth::Digest { user, .. } if user.contains(':') => {
                Some("the user of digest authentication must not contain ':'")
            }
            // It is written into a header as it is.
            Auth::Digest { user, .. } if user.contains(char::is_control) => {
                Some("the user of digest authentication must not contain control characters")
            }
            Auth::Bearer(token) if !is_token(token) => {
                Some("a bearer token has letters, digits and any of -._~+/, and = at its end")
            }
            _ => None,
        }
    }

    /// Appends the value of the header. Returns `false` if it depends on a challenge.
    pub(in crate::session) fn write(&self, out: &mut Vec<u8>) -> bool {
        match self {
            Auth::Basic { user, password } => {
                out.extend_from_slice(b"Basic ");
                out.extend_from_slice(BASE64.encode(format!("{user}:{password}")).as_bytes());
            }
            Auth::Bearer(token) => {
                out.extend_from_slice(b"Bearer ");
                out.extend_from_slice(token.as_bytes());
            }
            Auth::Digest { .. } => return false,
        }
        true
    }

    /// Returns the value of the header, unless it depends on a challenge.
    pub(in crate::session) fn header(&self) -> Option<HeaderValue> {
        let mut text = Vec::new();
        if !self.write(&mut text) {
            return None;
        }
        // A token that is not valid was refused before.
        let mut value = HeaderValue::try_from(text).ok()?;
        // It is not printed.
        value.set_sensitive(true);
        Some(value)
    }

    /// Returns user and password for challenges.
    pub(in crate::session) fn credentials(&self) -> Option<Rc<Credentials>> {
        match self {
            Auth::Digest { user, password } => Some(Rc::new((user.clone(), password.clone()))),
            _ => None,
        }
    }
}

/// Returns whether this is a bearer token (RFC 6750 section 2.1).
fn is_token(token: &str) -> bool {
    let body = token.trim_end_matches('=');
    let may = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte);
    !body.is_empty() && body.bytes().all(may)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_as_the_standards_have_them() {
        let header = |auth: Auth| auth.header().map(|value| value.to_str().unwrap().to_owned());
        let basic = header(Auth::basic("Aladdin", "open sesame"));
        assert_eq!(basic.as_deref(), Some("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="));
        let bearer = header(Auth::Bearer("mF_9.B5f-4.1JqM=".into()));
        assert_eq!(bearer.as_deref(), Some("Bearer mF_9.B5f-4.1JqM="));
        assert_eq!(header(Auth::digest("u", "p")), None);
    }

    #[test]
    fn what_cannot_be_sent_is_refused() {
        for auth in [Auth::basic("a:b", ""), Auth::digest("a:b", ""), Auth::digest("a\nb", "")] {
            assert!(auth.fault().is_some(), "{auth:?}");
        }
        for token in ["", "=", "a b", "a\r\nX: y", "a=b", "\u{e9}"] {
            assert!(Auth::Bearer(token.into()).fault().is_some(), "{token:?}");
        }
        for auth in [Auth::basic("u", ":\n"), Auth::digest("", ""), Auth::Bearer("a/+~==".into())] {
            assert_eq!(auth.fault(), None);
        }
    }
}
