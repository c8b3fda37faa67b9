//! The cookies of a client's user.

use super::super::api::{Raw, api};
use super::super::fiber::{Running, running};
use super::super::module::Arguments;
use super::super::object::{Object, Result, View, answer, raise};
use crate::session::{Cookies, StoredCookie};

/// Returns the user's cookies as tuples: name, value, domain, path, whether it is for TLS only, and when it
/// ends, in seconds since the epoch.
pub(super) unsafe extern "C" fn all(_: Raw, _: *const Raw, _: isize, _: Raw) -> Raw {
    answer(|| {
        let show = |cookie: StoredCookie<'_>| {
            let expires = match cookie.expires {
                Some(expires) => Object::float(expires.as_secs_f64())?,
                None => Object::none(),
            };
            Object::tuple([
                Object::latin1(cookie.name)?,
                Object::latin1(cookie.value)?,
                Object::str(cookie.domain)?,
                Object::latin1(cookie.path)?,
                Object::bool(cookie.is_secure),
                expires,
            ])
        };
        let all = |cookies: &mut Cookies<'_>| cookies.stored().map(show).collect();
        let session = running().and_then(Running::session);
        let shown: Result<Vec<_>> =
            session.map_or(Ok(Vec::new()), |session| session.with_cookies(all));
        Object::list(shown?)
    })
}

/// Sets or removes a cookie: takes a `Set-Cookie` header and the host that it comes from; "" is the host of
/// the class.
pub(super) unsafe extern "C" fn set(_: Raw, values: *const Raw, count: isize, names: Raw) -> Raw {
    answer(|| {
        // SAFETY: the interpreter's own.
        let arguments = unsafe { Arguments::new(values, count, names) };
        let text = |at| arguments.get(at).and_then(View::as_text_bytes).unwrap_or_default();
        let host = str::from_utf8(text(1)).unwrap_or_default();
        let Some(session) = running().and_then(Running::session) else {
            return Err(raise(
                api().PyExc_RuntimeError,
                "a client has cookies in tasks, on_start and on_stop only",
            ));
        };
        session.with_cookies(|cookies| cookies.store(text(0), host));
        Ok(Object::none())
    })
}

pub(super) unsafe extern "C" fn clear(_: Raw, _: *const Raw, _: isize, _: Raw) -> Raw {
    answer(|| {
        if let Some(session) = running().and_then(Running::session) {
            session.with_cookies(|cookies| cookies.clear());
        }
        Ok(Object::none())
    })
}
