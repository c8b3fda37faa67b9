//! The attributes of a response.

use std::ffi::{CStr, c_int, c_void};
use std::ptr;

use super::super::api::{GetSetDef, Raw};
use super::super::client::Client;
use super::super::failure;
use super::super::fiber::{Running, running};
use super::super::module::seconds;
use super::super::object::{Object, Result, View, answer, import};
use super::{Made, State, state, text};
use crate::session::{Redirect, Sent, Session};

type Get = unsafe extern "C" fn(Raw, *mut c_void) -> Raw;
type Set = unsafe extern "C" fn(Raw, Raw, *mut c_void) -> c_int;

/// Returns the table of them.
pub(super) fn table() -> Vec<GetSetDef> {
    let attributes: [(&'static CStr, Get, Option<Set>); 22] = [
        (c"status_code", status_code, None),
        (c"content", content, None),
        (c"text", body_text, None),
        (c"ok", ok, None),
        (c"url", url, None),
        (c"reason", reason, None),
        (c"error", error, None),
        (c"_client", client, None),
        (c"_elapsed", elapsed, None),
        (c"_start", start, None),
        (c"_failure", judgement, None),
        (c"_redirects", redirects, None),
        (c"_request", request, None),
        (c"_flavour", flavour, None),
        (c"_judged", is_judged, None),
        (c"_catch", is_caught, Some(set_caught)),
        (c"_own_encoding", has_encoding, Some(set_encoding)),
        (c"_context", context, None),
        (c"_name", name, Some(set_name)),
        (c"_method", method, Some(set_method)),
        (c"_ms", milliseconds, Some(set_milliseconds)),
        (c"_length", length, Some(set_length)),
    ];
    let define =
        |name, get, set| GetSetDef { name, get, set, doc: ptr::null(), closure: ptr::null_mut() };
    attributes
        .into_iter()
        .map(|(name, get, set)| define(name.as_ptr(), Some(get), set))
        .chain([define(ptr::null(), None, None)])
        .collect()
}

macro_rules! get {
    ($name:ident, $state:ident => $body:expr) => {
        unsafe extern "C" fn $name(object: Raw, _: *mut c_void) -> Raw {
            answer(|| {
                let $state = state(object)?;
                $body
            })
        }
    };
}

macro_rules! set {
    ($name:ident, $state:ident, $value:ident => $body:expr) => {
        unsafe extern "C" fn $name(object: Raw, value: Raw, _: *mut c_void) -> c_int {
            let set = answer(|| {
                let $state = state(object)?;
                // SAFETY: null where the attribute is deleted, else a live object.
                if let Some($value) = unsafe { View::new(value) } {
                    $body;
                }
                Ok(Object::none())
            });
            if Object::owned(set).is_ok() { 0 } else { -1 }
        }
    };
}

get!(status_code, state => Object::int(match &*state.made.borrow() {
    Made::Response(response) => i64::from(response.status()),
    Made::Failed(_) => 0,
}));

get!(content, state => match &*state.made.borrow() {
    Made::Response(response) => Object::bytes(response.body()),
    Made::Failed(_) => Ok(Object::none()),
});

unsafe extern "C" fn body_text(object: Raw, _: *mut c_void) -> Raw {
    answer(|| text::text(object, state(object)?))
}

get!(ok, state => Ok(Object::bool(match &*state.made.borrow() {
    Made::Response(response) => response.status() < 400,
    Made::Failed(_) => false,
})));

// The URL that the response came from. A request of an `HttpUser` that got none has none.
get!(url, state => match sent(&state.made.borrow()) {
    Some(sent) => Object::str(&sent.url()),
    None if state.is_fast() => Object::str(&asked_url(state)),
    None => Ok(Object::none()),
});

get!(reason, state => match &*state.made.borrow() {
    Made::Response(response) => Object::latin1(response.reason()),
    Made::Failed(_) => Ok(Object::none()),
});

// The exception of a request that got no response.
get!(error, state => {
    if let Some(error) = state.error.get() {
        return Ok(error.clone());
    }
    let (kind, text) = match &*state.made.borrow() {
        Made::Response(_) => return Ok(Object::none()),
        Made::Failed(failed) => (failure::kind(failed.why()), failed.why().to_string()),
    };
    let make = import(c"locust.clients")?.attr(c"_error")?;
    let url = Object::str(&asked_url(state))?;
    let is_fast = Object::bool(state.is_fast());
    let error = make.call(&[&Object::str(kind)?, &Object::str(&text)?, &url, &is_fast])?;
    Ok(state.error.get_or_init(|| error).clone())
});

get!(client, state => Ok(state.client.clone()));

get!(elapsed, state => Object::float(match &*state.made.borrow() {
    Made::Response(response) => response.latency().as_secs_f64(),
    Made::Failed(_) => 0.0,
}));

// When the request began, in seconds since the epoch.
get!(start, state => {
    let now = running().and_then(Running::session).map(Session::unix_time).unwrap_or_default();
    Object::float(now.saturating_sub(state.latency()).as_secs_f64())
});

// What it counts as: None, the exception that the file gave, or a text.
get!(judgement, state => {
    if let Some(exception) = &*state.failure.borrow() {
        return Ok(exception.clone());
    }
    match &*state.made.borrow() {
        Made::Response(response) => {
            response.failure_text().map_or_else(|| Ok(Object::none()), Object::str)
        }
        Made::Failed(failed) => {
            failed.failure_text().map_or_else(|| Ok(Object::none()), |text| Object::str(&text))
        }
    }
});

get!(redirects, state => {
    let made = state.made.borrow();
    let Made::Response(response) = &*made else { return Object::list([]) };
    let show = |redirect: &Redirect| {
        let fields = redirect.headers().map(|(name, value)| field(name.as_bytes(), value));
        Object::tuple([
            Object::int(i64::from(redirect.status))?,
            Object::str(&redirect.url)?,
            Object::list(fields.collect::<Result<Vec<_>>>()?)?,
        ])
    };
    Object::list(response.redirects().iter().map(show).collect::<Result<Vec<_>>>()?)
});

// The request: method, URL, headers, body.
get!(request, state => {
    let made = state.made.borrow();
    let Some(sent) = sent(&made) else {
        return Object::tuple([
            Object::str(state.method.as_str())?,
            Object::str(&asked_url(state))?,
            Object::list([])?,
            Object::none(),
        ]);
    };
    let fields = sent.headers().map(|(name, value)| field(name, value));
    let body = sent.body();
    Object::tuple([
        Object::str(sent.method())?,
        Object::str(&sent.url())?,
        Object::list(fields.collect::<Result<Vec<_>>>()?)?,
        if body.is_empty() { Object::none() } else { Object::bytes(&body)? },
    ])
});

get!(flavour, state => Object::int(i64::from(state.is_fast())));

get!(is_judged, state => Ok(Object::bool(state.is_judged.get())));

get!(is_caught, state => Ok(Object::bool(state.is_caught.get())));
set!(set_caught, state, value => state.is_caught.set(value.is_true()));

get!(has_encoding, state => Ok(Object::bool(state.has_encoding.get())));
set!(set_encoding, state, value => state.has_encoding.set(value.is_true()));

get!(context, state => Ok(state.context.clone().unwrap_or_else(Object::none)));

get!(name, state => Object::str(&state.name()));
set!(set_name, state, value => {
    let name = value.to_owned().to_text();
    match &mut *state.made.borrow_mut() {
        Made::Response(response) => response.rename(None, Some(&name)),
        Made::Failed(failed) => failed.rename(None, Some(&name)),
    }
});

get!(method, state => match &*state.made.borrow() {
    Made::Response(response) => Object::str(&response.method()),
    Made::Failed(failed) => Object::str(&failed.method()),
});
set!(set_method, state, value => {
    let method = value.to_owned().to_text();
    match &mut *state.made.borrow_mut() {
        Made::Response(response) => response.rename(Some(&method), None),
        Made::Failed(failed) => failed.rename(Some(&method), None),
    }
});

// The response time.
get!(milliseconds, state => Object::float(state.latency().as_secs_f64() * 1e3));
set!(set_milliseconds, state, value => {
    if let Some(latency) = value.as_number().map(|ms| seconds(ms / 1e3)) {
        match &mut *state.made.borrow_mut() {
            Made::Response(response) => response.set_latency(latency),
            Made::Failed(failed) => failed.set_latency(latency),
        }
    }
});

// The size of the body that is counted.
get!(length, state => Object::int(match &*state.made.borrow() {
    Made::Response(response) => response.counted_bytes() as i64,
    Made::Failed(failed) => failed.counted_bytes() as i64,
}));
set!(set_length, state, value => {
    if let Some(bytes) = value.as_int().map(|bytes| bytes.max(0) as u64) {
        match &mut *state.made.borrow_mut() {
            Made::Response(response) => response.set_counted_bytes(bytes),
            Made::Failed(failed) => failed.set_counted_bytes(bytes),
        }
    }
});

/// Returns the request that the response answers.
fn sent(made: &Made) -> Option<Sent<'_>> {
    match made {
        Made::Response(response) => response.sent(),
        Made::Failed(_) => None,
    }
}

/// Returns the whole URL that was asked for.
fn asked_url(state: &State) -> String {
    let url = state.url_text();
    match Client::of(&state.client) {
        Some(client) if !crate::session::is_absolute(url) => client.join(url),
        _ => url.to_owned(),
    }
}

fn field(name: &[u8], value: &[u8]) -> Result<Object> {
    Object::tuple([Object::latin1(name)?, Object::latin1(value)?])
}
