//! The type `_gregaria.Client`: what a user in Python makes requests with.
//!
//! Plain keywords are read here (`call`). Any other call is prepared in Python first, by the `_prepare` of
//! the `locust` package, which turns it into these and a few more (`prepared`).

mod auth;
mod call;
mod cookies;
mod prepared;
mod query;
mod request;

use std::cell::{Cell, RefCell};
use std::ffi::{CStr, c_int, c_void};
use std::ptr;

use http::Method as HttpMethod;

use super::api::{GetSetDef, Method, Raw, api};
use super::class;
use super::fiber::{Answer, Ask, Running, running};
use super::module::Arguments;
use super::object::{Object, Raised, Result, View, answer, clear, raise, raise_object};
use super::response::{self, Asked};
use crate::session::Variation;
use auth::Auth;
use call::Call;

/// What its objects own.
#[derive(Default)]
pub(super) struct Client {
    /// Whether rows are named as `FastHttpUser` names them: by the argument.
    is_fast: Cell<bool>,
    /// Whether Python prepares every request.
    is_slow: Cell<bool>,
    /// The list of listeners of `events.request`, or a bool.
    listeners: RefCell<Option<Object>>,
    is_caught: Cell<bool>,
    base_url: RefCell<String>,
    /// Whether that is the base URL of the class; not known before the first request.
    is_base: Cell<Option<bool>>,
    name: RefCell<Option<String>>,
    headers: RefCell<Vec<(Vec<u8>, Vec<u8>)>>,
    auth: RefCell<Option<Auth>>,
    /// How certificates are checked, where it is not as the class does.
    verify: RefCell<Variation>,
}

impl Client {
    /// Puts the host before a path.
    pub(super) fn join(&self, path: &str) -> String {
        format!("{}{path}", self.base_url.borrow())
    }

    /// Returns the client of an object, if it is one.
    pub(super) fn of(object: &Object) -> Option<&Client> {
        of(object.raw()).ok()
    }

    /// Returns whether a URL may stand behind the base URL. As in Locust the two texts are put together, so
    /// that `users` behind `http://host:80` is a mistake, which Python tells.
    fn joins(&self, url: &str) -> bool {
        url.starts_with(['/', '?'])
            || crate::session::is_absolute(url)
            || self.base_url.borrow().ends_with('/')
    }

    pub(super) fn is_fast(&self) -> bool {
        self.is_fast.get()
    }

    pub(super) fn has_listeners(&self) -> bool {
        self.listeners.borrow().as_ref().is_some_and(|listeners| listeners.view().is_true())
    }
}

fn of<'a>(raw: Raw) -> Result<&'a Client> {
    // SAFETY: methods and attributes of the type are called with its objects only, and those live as long as
    // the call.
    let client = unsafe { class::owned::<Client>(raw) };
    client.ok_or_else(|| raise(api().PyExc_RuntimeError, "the client was not made by its class"))
}

unsafe extern "C" fn new(class: Raw, _: Raw, _: Raw) -> Raw {
    // SAFETY: a class made from our type.
    answer(|| unsafe { class::object(class, Client::default()) })
}

/// Makes the type.
pub(super) fn class() -> Result<Object> {
    let methods: [(&'static CStr, Method); 12] = [
        (c"get", get),
        (c"options", options),
        (c"head", head),
        (c"post", post),
        (c"put", put),
        (c"patch", patch),
        (c"delete", delete),
        (c"request", request),
        (c"_cookies", cookies::all),
        (c"_set_cookie", cookies::set),
        (c"_clear_cookies", cookies::clear),
        (c"_close", close),
    ];
    type Set = unsafe extern "C" fn(Raw, Raw, *mut c_void) -> c_int;
    type Get = unsafe extern "C" fn(Raw, *mut c_void) -> Raw;
    let attributes: [(&'static CStr, Get, Set); 9] = [
        (c"base_url", get_base_url, set_base_url),
        (c"request_name", get_name, set_name),
        (c"catch_response", get_caught, set_caught),
        (c"_flavour", get_flavour, set_flavour),
        (c"_listeners", get_listeners, set_listeners),
        (c"_headers", get_headers, set_headers),
        (c"_auth", get_auth, set_auth),
        (c"_slow", get_slow, set_slow),
        (c"_verify", get_verify, set_verify),
    ];
    let end = GetSetDef {
        name: ptr::null(),
        get: None,
        set: None,
        doc: ptr::null(),
        closure: ptr::null_mut(),
    };
    let attributes = attributes.into_iter().map(|(name, get, set)| GetSetDef {
        name: name.as_ptr(),
        get: Some(get),
        set: Some(set),
        doc: ptr::null(),
        closure: ptr::null_mut(),
    });
    let attributes = attributes.chain([end]).collect();
    class::make::<Client>(c"_gregaria.Client", &methods, attributes, Some(new))
}

/// Makes a request of this method; `first` is the place of the URL among the arguments.
fn make(
    object: Raw,
    method: HttpMethod,
    arguments: &Arguments<'_>,
    first: usize,
) -> Result<Object> {
    let client = of(object)?;
    let Some(fiber) = running() else {
        return Err(raise(
            api().PyExc_RuntimeError,
            "the client of a user makes requests in its tasks, on_start and on_stop only",
        ));
    };
    let plain = if client.is_slow.get() { None } else { Call::read(arguments, first) };
    let joins = |call: &Call| {
        call.url.as_ref().is_some_and(|url| client.joins(url.view().as_str().unwrap_or_default()))
    };
    let written = plain.filter(joins).map(|call| call.with_json_text(client.is_fast.get()));
    let mut call = match written {
        Some(Ok(call)) => call,
        Some(Err(raised)) if client.is_fast.get() => return Err(raised),
        Some(Err(Raised)) => {
            // Python says how the request fails.
            clear();
            call::prepared(object, method.as_str(), arguments, first)?
        }
        None => call::prepared(object, method.as_str(), arguments, first)?,
    };
    // `session.request("HEAD", …)` of requests follows redirects, and `session.head(…)` does not.
    if first == 1 && method == HttpMethod::HEAD && !client.is_fast.get() {
        call.redirects.get_or_insert(true);
    }
    send(client, object, fiber, method, call)
}

fn send(
    client: &Client,
    object: Raw,
    fiber: &Running,
    method: HttpMethod,
    call: Call,
) -> Result<Object> {
    let Some(session) = fiber.session() else {
        return Err(raise(api().PyExc_RuntimeError, "the user has ended"));
    };
    let url = call.url.as_ref().and_then(|url| url.view().as_str()).unwrap_or_default();
    let request = request::build(client, session, method.clone(), url, &call)?;
    let answer = fiber.ask(Ask::Request(request));
    let made = match answer {
        Answer::Made(made) => made,
        Answer::Throw(exception) => return Err(raise_object(&exception)),
        _ => return Err(raise(api().PyExc_SystemError, "a request got no response")),
    };
    let (error, then) = match call.prepared {
        Some(prepared) => (prepared.error, prepared.then),
        None => (None, Vec::new()),
    };
    let asked = Asked {
        url: call.url.unwrap_or_else(Object::none),
        method,
        client: Object::borrowed(object)?,
        is_caught: call.is_caught.unwrap_or(client.is_caught.get()),
        context: call.context,
        error,
    };
    let response = response::new(made, asked)?;
    for hook in then {
        hook.call1(&response)?;
    }
    Ok(response)
}

macro_rules! verb {
    ($name:ident, $method:expr) => {
        unsafe extern "C" fn $name(
            object: Raw,
            values: *const Raw,
            count: isize,
            names: Raw,
        ) -> Raw {
            answer(|| {
                // SAFETY: the interpreter's own.
                let arguments = unsafe { Arguments::new(values, count, names) };
                make(object, $method, &arguments, 0)
            })
        }
    };
}

verb!(get, HttpMethod::GET);
verb!(options, HttpMethod::OPTIONS);
verb!(head, HttpMethod::HEAD);
verb!(post, HttpMethod::POST);
verb!(put, HttpMethod::PUT);
verb!(patch, HttpMethod::PATCH);
verb!(delete, HttpMethod::DELETE);

unsafe extern "C" fn request(object: Raw, values: *const Raw, count: isize, names: Raw) -> Raw {
    answer(|| {
        // SAFETY: the interpreter's own.
        let arguments = unsafe { Arguments::new(values, count, names) };
        let named = || arguments.named().find(|(key, _)| key.as_str() == Some("method"));
        let method = arguments.get(0).or_else(|| named().map(|(_, value)| value));
        let method = method.and_then(View::as_str).map(str::to_ascii_uppercase);
        let method = method.and_then(|method| HttpMethod::from_bytes(method.as_bytes()).ok());
        let method = method
            .ok_or_else(|| raise(api().PyExc_TypeError, "the method is a word such as GET"))?;
        make(object, method, &arguments, 1)
    })
}

/// Closes the user's connections that carry no request.
unsafe extern "C" fn close(_: Raw, _: *const Raw, _: isize, _: Raw) -> Raw {
    answer(|| {
        if let Some(session) = running().and_then(Running::session) {
            session.close_idle();
        }
        Ok(Object::none())
    })
}

macro_rules! attribute {
    ($get:ident, $set:ident, $client:ident => $shown:expr, $value:ident => $body:expr) => {
        unsafe extern "C" fn $get(object: Raw, _: *mut c_void) -> Raw {
            answer(|| {
                let $client = of(object)?;
                $shown
            })
        }

        unsafe extern "C" fn $set(object: Raw, value: Raw, _: *mut c_void) -> c_int {
            let set = answer(|| {
                let $client = of(object)?;
                // SAFETY: null where the attribute is deleted, else a live object.
                let $value = unsafe { View::new(value) }.filter(|value| !value.is_none());
                $body;
                Ok(Object::none())
            });
            match Object::owned(set) {
                Ok(_) => 0,
                Err(_) => -1,
            }
        }
    };
}

attribute!(get_base_url, set_base_url, client => Object::str(&client.base_url.borrow()), value => {
    let url = value.and_then(View::as_str).unwrap_or_default();
    client.is_base.set(None);
    url.clone_into(&mut client.base_url.borrow_mut());
});

attribute!(get_name, set_name, client => match &*client.name.borrow() {
    Some(name) => Object::str(name),
    None => Ok(Object::none()),
}, value => *client.name.borrow_mut() = value.and_then(View::as_str).map(str::to_owned));

attribute!(get_caught, set_caught, client => Ok(Object::bool(client.is_caught.get())), value => {
    client.is_caught.set(value.is_some_and(View::is_true));
});

attribute!(get_flavour, set_flavour, client => Object::int(i64::from(client.is_fast.get())), value => {
    client.is_fast.set(value.is_some_and(View::is_true));
});

attribute!(get_listeners, set_listeners, client => Ok(Object::bool(client.has_listeners())), value => {
    *client.listeners.borrow_mut() = value.map(View::to_owned);
});

attribute!(get_slow, set_slow, client => Ok(Object::bool(client.is_slow.get())), value => {
    client.is_slow.set(value.is_some_and(View::is_true));
});

attribute!(get_verify, set_verify, client => {
    let verify = client.verify.borrow();
    match &verify.ca {
        Some(ca) => Object::str(&ca.to_string_lossy()),
        None => Ok(verify.insecure.map_or_else(Object::none, |insecure| Object::bool(!insecure))),
    }
}, value => {
    let mut variation = Variation::default();
    if let Some(value) = value {
        prepared::set_verify(&mut variation, value);
    }
    *client.verify.borrow_mut() = variation;
});

attribute!(get_headers, set_headers, client => {
    let pair = |(name, value): &(Vec<u8>, Vec<u8>)| {
        Object::tuple([Object::latin1(name)?, Object::latin1(value)?])
    };
    Object::list(client.headers.borrow().iter().map(pair).collect::<Result<Vec<_>>>()?)
}, value => {
    *client.headers.borrow_mut() = value.map(request::headers_of).transpose()?.unwrap_or_default();
});

attribute!(get_auth, set_auth, client => match &*client.auth.borrow() {
    Some(auth) => auth.show(),
    None => Ok(Object::none()),
}, value => *client.auth.borrow_mut() = value.and_then(Auth::read));
