//! The type `_gregaria.Client`: what a user in Python makes requests with.
//!
//! The common keywords are read here. Any other call is prepared in Python first, by the `_prepare` of the
//! `locust` package, which turns it into these.

use std::cell::{Cell, RefCell};
use std::ffi::{CStr, c_int, c_void};
use std::ptr;

use http::Method as HttpMethod;

use super::api::{GetSetDef, Method, PyObject, Raw, api, slot};
use super::fiber::{Answer, Ask, Running, running};
use super::module::{Arguments, seconds};
use super::object::{Object, Result, View, answer, raise, raise_object};
use super::response::{self, Asked, make_class};
use crate::session::{Cookies, PendingRequest, RequestBuilder, Session};

/// The object of the type.
#[repr(C)]
struct ClientObject {
    head: PyObject,
    client: *mut Client,
}

/// What it owns.
#[derive(Default)]
pub(super) struct Client {
    /// Whether rows are named as `FastHttpUser` names them: by the argument.
    is_fast: Cell<bool>,
    has_listeners: Cell<bool>,
    is_caught: Cell<bool>,
    base_url: RefCell<String>,
    /// Whether that is the base URL of the class; not known before the first request.
    is_base: Cell<Option<bool>>,
    name: RefCell<Option<String>>,
    headers: RefCell<Vec<(Vec<u8>, Vec<u8>)>>,
    auth: RefCell<Option<Auth>>,
}

/// User and password.
#[derive(Clone)]
struct Auth {
    is_digest: bool,
    user: String,
    password: String,
}

impl Client {
    /// Returns the client of an object, if it is one.
    pub(super) fn of(object: &Object) -> Option<&Client> {
        of(object.raw()).ok()
    }

    pub(super) fn is_fast(&self) -> bool {
        self.is_fast.get()
    }

    pub(super) fn has_listeners(&self) -> bool {
        self.has_listeners.get()
    }
}

fn of<'a>(raw: Raw) -> Result<&'a Client> {
    // SAFETY: methods and attributes of the type are called with its objects only, and those live as long as
    // the call.
    let client = unsafe { (*raw.cast::<ClientObject>()).client.as_ref() };
    client.ok_or_else(|| raise(api().PyExc_RuntimeError, "the client was not made by its class"))
}

unsafe extern "C" fn new(class: Raw, _: Raw, _: Raw) -> Raw {
    // SAFETY: a class made from our type.
    let raw = unsafe { (api().PyType_GenericAlloc)(class, 0) };
    if !raw.is_null() {
        // SAFETY: a new object of ours.
        unsafe { (*raw.cast::<ClientObject>()).client = Box::into_raw(Box::default()) };
    }
    raw
}

unsafe extern "C" fn dealloc(raw: Raw) {
    // SAFETY: the last reference is gone. The object is ours, and so is its memory.
    unsafe {
        let class = (*raw).class;
        let client = (*raw.cast::<ClientObject>()).client;
        if !client.is_null() {
            drop(Box::from_raw(client));
        }
        let free = (api().PyType_GetSlot)(class, slot::FREE);
        let free: unsafe extern "C" fn(*mut c_void) = std::mem::transmute(free);
        free(raw.cast());
        (api().Py_DecRef)(class);
    }
}

/// Makes the type.
pub(super) fn class() -> Result<Object> {
    let methods: [(&'static CStr, Method); 11] = [
        (c"get", get),
        (c"options", options),
        (c"head", head),
        (c"post", post),
        (c"put", put),
        (c"patch", patch),
        (c"delete", delete),
        (c"request", request),
        (c"_cookies", cookies),
        (c"_set_cookie", set_cookie),
        (c"_clear_cookies", clear_cookies),
    ];
    type Set = unsafe extern "C" fn(Raw, Raw, *mut c_void) -> c_int;
    type Get = unsafe extern "C" fn(Raw, *mut c_void) -> Raw;
    let attributes: [(&'static CStr, Get, Set); 7] = [
        (c"base_url", get_base_url, set_base_url),
        (c"request_name", get_name, set_name),
        (c"catch_response", get_caught, set_caught),
        (c"_flavour", get_flavour, set_flavour),
        (c"_listeners", get_listeners, set_listeners),
        (c"_headers", get_headers, set_headers),
        (c"_auth", get_auth, set_auth),
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
    make_class(c"_gregaria.Client", &methods, attributes, dealloc, Some(new))
}

/// A call as far as its keywords were read.
#[derive(Default)]
struct Call {
    url: Option<Object>,
    name: Option<Object>,
    is_caught: Option<bool>,
    json: Option<Object>,
    data: Option<Object>,
    headers: Option<Object>,
    context: Option<Object>,
    timeout: Option<f64>,
    redirects: Option<bool>,
    auth: Option<Auth>,
}

impl Call {
    /// Takes a keyword. Returns `false` for one that Python has to prepare.
    fn take(&mut self, key: &str, value: View) -> bool {
        if value.is_none() {
            return matches!(
                key,
                "name"
                    | "json"
                    | "data"
                    | "headers"
                    | "timeout"
                    | "auth"
                    | "context"
                    | "catch_response"
            );
        }
        match key {
            "name" => self.name = value.as_str().map(|_| value.to_owned()),
            "catch_response" => self.is_caught = Some(value.is_true()),
            "json" => self.json = Some(value.to_owned()),
            "data" if value.as_text_bytes().is_some() => self.data = Some(value.to_owned()),
            "headers" if is_plain(value) => self.headers = Some(value.to_owned()),
            "context" => self.context = Some(value.to_owned()),
            "timeout" => match value.as_float() {
                Some(timeout) => self.timeout = Some(timeout),
                None => return false,
            },
            "allow_redirects" => self.redirects = Some(value.is_true()),
            _ => return false,
        }
        key != "name" || self.name.is_some()
    }

    /// Takes a value that Python has prepared.
    fn take_prepared(&mut self, key: &str, value: View) -> bool {
        match key {
            "url" => self.url = Some(value.to_owned()),
            "auth" => self.auth = auth(value),
            "headers" => self.headers = Some(value.to_owned()),
            "redirects" => self.redirects = Some(value.is_true()),
            _ => return self.take(key, value),
        }
        true
    }
}

/// Returns whether these headers are texts by texts.
fn is_plain(headers: View) -> bool {
    let plain = |(name, value): &(Object, Object)| {
        name.view().as_str().is_some() && value.view().as_str().is_some()
    };
    headers.pairs().is_some_and(|pairs| pairs.iter().all(plain))
}

fn auth(value: View) -> Option<Auth> {
    let parts = value.items()?;
    let text = |at: usize| parts.get(at).and_then(|part| part.view().as_str()).map(str::to_owned);
    Some(Auth { is_digest: text(0)? == "digest", user: text(1)?, password: text(2)? })
}

/// Makes a request of this method; `first` is the position of the URL among the arguments.
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
    let mut call = Call::default();
    let mut is_plain = arguments.positional() <= first + 3;
    let mut take = |call: &mut Call, key: &str, value| is_plain &= call.take(key, value);
    let positions = [(first + 1, "data"), (first + 2, "json")];
    for (at, key) in positions {
        if let Some(value) = arguments.get(at) {
            take(&mut call, key, value);
        }
    }
    for (key, value) in arguments.named() {
        match key.as_str() {
            Some("url") => call.url = Some(value.to_owned()),
            Some(key) => take(&mut call, key, value),
            None => {}
        }
    }
    if let Some(url) = arguments.get(first) {
        call.url = Some(url.to_owned());
    }
    let url = call.url.take().ok_or_else(|| raise(api().PyExc_TypeError, "there is no url"))?;
    is_plain &= url.view().as_str().is_some_and(is_plain_url)
        && !(call.json.is_some() && call.data.is_some());
    if is_plain {
        call.url = Some(url);
    } else {
        call = prepared(object, &method, url, arguments, first)?;
    }
    send(client, object, fiber, method, call)
}

/// Returns whether nothing in a URL has to be encoded or cut off.
fn is_plain_url(url: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_graphic() && !b"#\"<>\\^`{|}".contains(&byte);
    !url.is_empty() && url.bytes().all(is_plain)
}

/// Has Python prepare a call.
#[cold]
fn prepared(
    object: Raw,
    method: &HttpMethod,
    url: Object,
    arguments: &Arguments<'_>,
    first: usize,
) -> Result<Call> {
    let keywords = Object::dict()?;
    for (at, key) in [(first + 1, "data"), (first + 2, "json")] {
        if let Some(value) = arguments.get(at) {
            keywords.set(&Object::str(key)?, &value.to_owned())?;
        }
    }
    for (key, value) in arguments.named().filter(|(key, _)| key.as_str() != Some("url")) {
        keywords.set(&key.to_owned(), &value.to_owned())?;
    }
    let prepare = Object::borrowed(object)?.attr(c"_prepare")?;
    let prepared = prepare.call(&[&Object::str(method.as_str())?, &url, &keywords])?;
    let mut call = Call { url: Some(url), ..Call::default() };
    for (key, value) in prepared.view().pairs().unwrap_or_default() {
        let key = key.view().as_str().unwrap_or_default();
        if !call.take_prepared(key, value.view()) {
            return Err(raise(
                api().PyExc_TypeError,
                &format!("gregaria cannot do what is asked for with {key}="),
            ));
        }
    }
    Ok(call)
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
    let request = build(client, session, method.clone(), url, &call)?;
    let answer = fiber.ask(Ask::Request(request));
    let made = match answer {
        Answer::Response(made) => made,
        Answer::Throw(exception) => return Err(raise_object(&exception)),
        _ => return Err(raise(api().PyExc_SystemError, "a request got no response")),
    };
    let asked = Asked {
        url: call.url.unwrap_or_else(Object::none),
        method: known(&method),
        client: Object::borrowed(object)?,
        is_caught: call.is_caught.unwrap_or(client.is_caught.get()),
        context: call.context,
    };
    response::new(made, asked)
}

fn known(method: &HttpMethod) -> &'static str {
    const KNOWN: [&str; 7] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];
    KNOWN.into_iter().find(|known| *known == method.as_str()).unwrap_or("")
}

fn build(
    client: &Client,
    session: &Session,
    method: HttpMethod,
    url: &str,
    call: &Call,
) -> Result<PendingRequest> {
    let is_absolute = crate::session::is_absolute(url);
    let base = client.base_url.borrow();
    let is_base = is_absolute || base.is_empty() || {
        let known = client.is_base.get().unwrap_or_else(|| session.is_base(&base));
        client.is_base.set(Some(known));
        known
    };
    let mut request = if is_base {
        session.request(method, format_args!("{url}"))
    } else {
        session.request(method, format_args!("{base}{url}"))
    };
    request = named(client, session, request, url, is_absolute, is_base, call);
    let own = own_headers(call)?;
    let is_own = |name: &[u8]| own.iter().any(|(own, _)| own.eq_ignore_ascii_case(name));
    for (name, value) in client.headers.borrow().iter().filter(|(name, _)| !is_own(name)) {
        request = request.header(name, value);
    }
    for (name, value) in &own {
        request = request.header(name, value);
    }
    request = with_body(client, request, call, is_own(b"content-type"))?;
    let auth = call.auth.clone().or_else(|| client.auth.borrow().clone());
    request = match auth {
        Some(Auth { is_digest: true, user, password }) => request.digest_auth(user, password),
        Some(Auth { user, password, .. }) => request.basic_auth(user, password),
        None => request,
    };
    if let Some(timeout) = call.timeout {
        request = request.timeout(seconds(timeout));
    }
    if let Some(follow) = call.redirects {
        request = request.redirects(follow);
    }
    Ok(request.later())
}

/// Names the row: as `HttpUser` does, by path and query of the whole URL, or as `FastHttpUser` does, by the
/// argument.
fn named<'s>(
    client: &Client,
    session: &Session,
    request: RequestBuilder<'s>,
    url: &str,
    is_absolute: bool,
    is_base: bool,
    call: &Call,
) -> RequestBuilder<'s> {
    if let Some(name) = call.name.as_ref().and_then(|name| name.view().as_str()) {
        return request.name(name.to_owned());
    }
    if let Some(name) = &*client.name.borrow() {
        return request.name(name.clone());
    }
    if client.is_fast.get() {
        return if is_base { request } else { request.name(url.to_owned()) };
    }
    if is_absolute {
        return request.name(path_of(url).to_owned());
    }
    let base = client.base_url.borrow();
    let prefix = if is_base { session.base_path() } else { path_of(&base) };
    match prefix {
        "" => request,
        "/" => request.name(url.to_owned()),
        prefix => request.name(format!("{prefix}{url}")),
    }
}

/// Returns the path and query of an absolute URL.
fn path_of(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.find(['/', '?']).map_or("/", |at| &rest[at..])
}

/// Returns the headers of the call.
fn own_headers(call: &Call) -> Result<Vec<(Vec<u8>, Vec<u8>)>> {
    let Some(headers) = &call.headers else { return Ok(Vec::new()) };
    headers_of(headers.view())
}

/// Reads headers: a dict, or pairs.
fn headers_of(headers: View) -> Result<Vec<(Vec<u8>, Vec<u8>)>> {
    let pair = |(name, value): (Object, Object)| {
        let bytes = |text: &Object| text.view().as_text_bytes().map(<[u8]>::to_vec);
        bytes(&name).zip(bytes(&value)).ok_or_else(|| {
            raise(api().PyExc_TypeError, "the name and the value of a header are str or bytes")
        })
    };
    if let Some(pairs) = headers.pairs() {
        return pairs.into_iter().map(pair).collect();
    }
    let pairs = headers.items().unwrap_or_default().into_iter().filter_map(|item| {
        let mut parts = item.view().items()?.into_iter();
        parts.next().zip(parts.next())
    });
    pairs.map(pair).collect()
}

fn with_body<'s>(
    client: &Client,
    request: RequestBuilder<'s>,
    call: &Call,
    has_type: bool,
) -> Result<RequestBuilder<'s>> {
    if let Some(data) = &call.data {
        let bytes = data.view().as_text_bytes().unwrap_or_default();
        return Ok(request.body(bytes));
    }
    let Some(json) = &call.json else { return Ok(request) };
    let Some(core) = super::core::Core::current() else { return Ok(request) };
    let text = core.engine.json_dumps.call1(json)?;
    let bytes = text.view().as_text_bytes().unwrap_or_default();
    let request = request.body(bytes);
    let request =
        if has_type { request } else { request.header("Content-Type", "application/json") };
    Ok(if client.is_fast.get() { request.header("Accept", "application/json") } else { request })
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

/// Returns names and values of the user's cookies.
unsafe extern "C" fn cookies(_: Raw, _: *const Raw, _: isize, _: Raw) -> Raw {
    answer(|| {
        let session = running().and_then(Running::session);
        let all = |cookies: &mut Cookies<'_>| -> Vec<(Vec<u8>, Vec<u8>)> {
            cookies.iter().map(|(name, value)| (name.to_vec(), value.to_vec())).collect()
        };
        let cookies = session.map(|session| session.with_cookies(all)).unwrap_or_default();
        let pair = |(name, value): (Vec<u8>, Vec<u8>)| {
            Object::tuple([Object::latin1(&name)?, Object::latin1(&value)?])
        };
        Object::list(cookies.into_iter().map(pair).collect::<Result<Vec<_>>>()?)
    })
}

/// Sets a cookie for the host of the class; with a value of None, removes those of the name.
unsafe extern "C" fn set_cookie(_: Raw, values: *const Raw, count: isize, names: Raw) -> Raw {
    answer(|| {
        // SAFETY: the interpreter's own.
        let arguments = unsafe { Arguments::new(values, count, names) };
        let text = |at| arguments.get(at).and_then(View::as_str);
        let Some(session) = running().and_then(Running::session) else { return Ok(Object::none()) };
        let name = text(0).unwrap_or_default();
        let set = session.with_cookies(|cookies| match text(1) {
            Some(value) => cookies.set(name, value),
            None => {
                cookies.remove(name);
                Ok(())
            }
        });
        set.map_err(|error| raise(api().PyExc_ValueError, &error.to_string()))?;
        Ok(Object::none())
    })
}

unsafe extern "C" fn clear_cookies(_: Raw, _: *const Raw, _: isize, _: Raw) -> Raw {
    answer(|| {
        if let Some(session) = running().and_then(Running::session) {
            session.with_cookies(|cookies| cookies.clear());
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

attribute!(get_listeners, set_listeners, client => Ok(Object::bool(client.has_listeners.get())), value => {
    client.has_listeners.set(value.is_some_and(View::is_true));
});

attribute!(get_headers, set_headers, client => {
    let pair = |(name, value): &(Vec<u8>, Vec<u8>)| {
        Object::tuple([Object::latin1(name)?, Object::latin1(value)?])
    };
    Object::list(client.headers.borrow().iter().map(pair).collect::<Result<Vec<_>>>()?)
}, value => {
    *client.headers.borrow_mut() = value.map(headers_of).transpose()?.unwrap_or_default();
});

attribute!(get_auth, set_auth, client => match &*client.auth.borrow() {
    Some(Auth { is_digest, user, password }) => {
        let kind = if *is_digest { "digest" } else { "basic" };
        Object::tuple([Object::str(kind)?, Object::str(user)?, Object::str(password)?])
    }
    None => Ok(Object::none()),
}, value => *client.auth.borrow_mut() = value.and_then(auth));
