//! The type `_gregaria.Response`: a response of ours as Python sees it.
//!
//! Everything that it says is made when it is asked for. It is counted at the end of its `with` block. Without
//! one it is counted when the user next leaves its core to others, so that `with` can still make a check of it.
//! One that the file wants to judge and never does is counted when it is freed, or when the users have ended.

mod attributes;
mod text;

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::HashSet;
use std::ffi::CStr;
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};
use std::time::Duration;

use http::Method as HttpMethod;

use super::api::{Method, PyObject, Raw, api};
use super::class;
use super::client::Client;
use super::core::Core;
use super::module::Arguments;
use super::object::{Object, Raised, Result, View, answer, clear, import, raise, raise_object};
use crate::session::{self, Response, Unanswered};

/// What its objects own.
struct State {
    made: RefCell<Made>,
    /// The argument that was called with.
    url: Object,
    method: HttpMethod,
    client: Object,
    /// Whether the file judges it, in a `with` block.
    is_caught: Cell<bool>,
    /// Whether the file has judged it.
    is_judged: Cell<bool>,
    /// Whether it has been counted.
    is_settled: Cell<bool>,
    /// Its object, while that is in `OPEN`, and else null.
    open: Cell<Raw>,
    /// Whether the file has assigned an encoding.
    has_encoding: Cell<bool>,
    context: Option<Object>,
    /// The exception for a request that got no response.
    error: OnceCell<Object>,
    /// The exception that the file has judged it by.
    failure: RefCell<Option<Object>>,
}

enum Made {
    Response(Box<Response>),
    Failed(Box<Unanswered>),
}

/// The classes that responses are of, for `HttpUser` and `FastHttpUser`: the type itself, until the `locust`
/// package registers others made from it.
static CLASSES: [AtomicPtr<PyObject>; 2] =
    [AtomicPtr::new(ptr::null_mut()), AtomicPtr::new(ptr::null_mut())];

thread_local! {
    /// The last response of this core, if it has not been counted and its user has not left the core since. It
    /// is owned, and null where there is none.
    static UNSETTLED: Cell<Raw> = const { Cell::new(ptr::null_mut()) };
    /// The responses of this core whose users have left it before judging them. They are not owned.
    static OPEN: RefCell<HashSet<Raw>> = RefCell::default();
}

/// How a response was asked for.
pub(super) struct Asked {
    pub(super) url: Object,
    pub(super) method: HttpMethod,
    pub(super) client: Object,
    pub(super) is_caught: bool,
    pub(super) context: Option<Object>,
    /// Why nothing was sent, if the request could not be prepared.
    pub(super) error: Option<Object>,
}

/// Has the responses of a client be of this class from now on.
pub(super) fn register(is_fast: bool, class: Object) {
    // The reference is never given up: responses may be made as long as the process lives.
    CLASSES[usize::from(is_fast)].store(class.into_raw(), Ordering::Relaxed);
}

/// Makes the object of a response.
pub(super) fn new(made: session::Made<Box<Response>>, asked: Asked) -> Result<Object> {
    settle_last();
    let is_fast = Client::of(&asked.client).is_some_and(Client::is_fast);
    let class = CLASSES[usize::from(is_fast)].load(Ordering::Relaxed);
    let made = match made {
        Ok(mut response) => {
            judge(&mut response, is_fast);
            Made::Response(response)
        }
        Err(failed) => Made::Failed(failed),
    };
    let Asked { url, method, client, is_caught, context, error } = asked;
    let state = State {
        made: RefCell::new(made),
        url,
        method,
        client,
        is_caught: Cell::new(is_caught),
        is_judged: Cell::new(false),
        is_settled: Cell::new(false),
        open: Cell::new(ptr::null_mut()),
        has_encoding: Cell::new(false),
        context,
        error: error.map(OnceCell::from).unwrap_or_default(),
        failure: RefCell::new(None),
    };
    // SAFETY: a class made from our type.
    let object = unsafe { class::object(class, state) }?;
    UNSETTLED.set(object.clone().into_raw());
    Ok(object)
}

/// Judges a status where Locust's clients do it in another way than we: `FastHttpUser` takes 209 to 225, 227
/// to 300, 305 and 306 for failures, and `HttpUser` takes 600 and above for a success.
fn judge(response: &mut Response, is_fast: bool) {
    match response.status() {
        200..=208 => {}
        226 | 301..=304 | 307 | 308 => {}
        100..=399 if is_fast => response.fail_by_status(),
        600.. if !is_fast => response.success(),
        _ => {}
    }
}

/// Counts the last response, unless the file judges it. Called before a fiber leaves the core.
pub(super) fn settle_last() {
    let raw = UNSETTLED.replace(ptr::null_mut());
    if raw.is_null() {
        return;
    }
    if let Ok(object) = Object::owned(raw)
        && keep_open(&object)
            .and_then(|is_open| if is_open { Ok(()) } else { settle(&object) })
            .is_err()
    {
        // A listener's exceptions are told by its hook. What else there is belongs to nobody.
        clear();
    }
}

/// Remembers a response that the file judges later. Returns `false` for any other.
fn keep_open(object: &Object) -> Result<bool> {
    let state = state(object.raw())?;
    let is_open = state.is_caught.get() && !state.is_settled.get();
    if is_open {
        state.open.set(object.raw());
        OPEN.with_borrow_mut(|open| open.insert(object.raw()));
    }
    Ok(is_open)
}

/// Counts the responses that nobody has judged. Called when the users of the core have ended.
pub(super) fn settle_open() {
    settle_last();
    while let Some(raw) = take_open() {
        if Object::borrowed(raw).and_then(|object| settle(&object)).is_err() {
            clear();
        }
    }
}

fn take_open() -> Option<Raw> {
    OPEN.with_borrow_mut(|open| {
        let raw = open.iter().next().copied()?;
        open.take(&raw)
    })
}

/// Counts the response, and tells the listeners of the file.
fn settle(object: &Object) -> Result<()> {
    let state = state(object.raw())?;
    if state.is_settled.replace(true) {
        return Ok(());
    }
    state.close();
    match &mut *state.made.borrow_mut() {
        Made::Response(response) => response.count(),
        Made::Failed(failed) => failed.count(),
    }
    if Client::of(&state.client).is_some_and(Client::has_listeners) {
        state.client.attr(c"_fire")?.call1(object)?;
    }
    Ok(())
}

impl State {
    /// Forgets that it is to be judged. On another thread than the core's that waits for its end, which comes
    /// on the core's.
    fn close(&self) {
        if !Core::is_here() {
            return;
        }
        let raw = self.open.replace(ptr::null_mut());
        if !raw.is_null() {
            OPEN.with_borrow_mut(|open| open.remove(&raw));
        }
    }

    /// Returns an error for judging a response that the file does not judge.
    fn misused(&self, object: Raw, method: &str) -> Raised {
        let misuse = || {
            let of = Object::borrowed(object)?.attr(c"_misuse")?;
            of.call1(&Object::str(method)?)
        };
        match misuse() {
            Ok(exception) => raise_object(&exception),
            Err(raised) => raised,
        }
    }

    fn is_fast(&self) -> bool {
        Client::of(&self.client).is_some_and(Client::is_fast)
    }

    fn url_text(&self) -> &str {
        self.url.view().as_str().unwrap_or_default()
    }

    /// Returns the name of its row.
    fn name(&self) -> String {
        match &*self.made.borrow() {
            Made::Response(response) => response.name(),
            Made::Failed(failed) => failed.name(),
        }
    }

    fn latency(&self) -> Duration {
        match &*self.made.borrow() {
            Made::Response(response) => response.latency(),
            Made::Failed(failed) => failed.latency(),
        }
    }
}

impl Drop for State {
    fn drop(&mut self) {
        self.close();
    }
}

fn state<'a>(raw: Raw) -> Result<&'a State> {
    // SAFETY: methods and attributes of the type are called with its objects only, and those live as long as
    // the call.
    let state = unsafe { class::owned::<State>(raw) };
    state.ok_or_else(|| raise(api().PyExc_RuntimeError, "only requests make responses"))
}

/// Makes the type.
pub(super) fn class() -> Result<Object> {
    let methods: [(&'static CStr, Method); 7] = [
        (c"json", json),
        (c"success", success),
        (c"failure", fail),
        (c"_header_list", header_list),
        (c"_settle", settle_now),
        (c"__enter__", enter),
        (c"__exit__", exit),
    ];
    let class = class::make::<State>(c"_gregaria.Response", &methods, attributes::table(), None)?;
    register(false, class.clone());
    register(true, class.clone());
    Ok(class)
}

macro_rules! method {
    ($name:ident, $object:ident, $state:ident, $arguments:ident => $body:expr) => {
        unsafe extern "C" fn $name(
            $object: Raw,
            values: *const Raw,
            count: isize,
            names: Raw,
        ) -> Raw {
            answer(|| {
                // SAFETY: the interpreter's own.
                let $arguments = unsafe { Arguments::new(values, count, names) };
                let $state = state($object)?;
                $body
            })
        }
    };
}

method!(json, object, state, arguments => text::json(object, state, &arguments));

method!(success, object, state, _arguments => {
    if !state.is_caught.get() || state.is_settled.get() {
        return Err(state.misused(object, "success"));
    }
    state.is_judged.set(true);
    state.failure.take();
    match &mut *state.made.borrow_mut() {
        Made::Response(response) => response.success(),
        Made::Failed(failed) => failed.success(),
    }
    Ok(Object::none())
});

method!(fail, object, state, arguments => {
    if !state.is_caught.get() || state.is_settled.get() {
        return Err(state.misused(object, "failure"));
    }
    let reason = arguments.get(0).or_else(|| arguments.named().next().map(|(_, value)| value));
    let reason = reason.map_or_else(Object::none, View::to_owned);
    state.is_judged.set(true);
    // As Locust's tables show it: a text as it is, an exception with its class.
    let text = if reason.view().is_exception() {
        let text = import(c"locust.event")?.attr(c"error_text")?.call1(&reason)?.to_text();
        state.failure.replace(Some(reason));
        text
    } else {
        state.failure.take();
        reason.to_text()
    };
    match &mut *state.made.borrow_mut() {
        Made::Response(response) => response.failure(text),
        Made::Failed(failed) => failed.failure(text),
    }
    Ok(Object::none())
});

method!(header_list, _object, state, _arguments => {
    let made = state.made.borrow();
    let Made::Response(response) = &*made else { return Object::list([]) };
    let pair = |(name, value): (&str, &[u8])| {
        Object::tuple([Object::str(name)?, Object::latin1(value)?])
    };
    Object::list(response.headers().map(pair).collect::<Result<Vec<_>>>()?)
});

method!(settle_now, object, _state, _arguments => {
    settle(&Object::borrowed(object)?)?;
    Ok(Object::none())
});

method!(enter, object, state, _arguments => {
    let object = Object::borrowed(object)?;
    if !state.is_caught.get() {
        if state.is_settled.get() {
            return Err(state.misused(object.raw(), "with"));
        }
        object.attr(c"_enter_plain")?.call(&[])?;
    }
    Ok(object)
});

method!(exit, object, _state, arguments => {
    let object = Object::borrowed(object)?;
    if arguments.get(0).is_none_or(View::is_none) {
        settle(&object)?;
        return Ok(Object::bool(false));
    }
    let parts: Vec<Object> = (0..3).filter_map(|at| arguments.get(at)).map(View::to_owned).collect();
    let [class, value, traceback] = &parts[..] else { return Err(Raised) };
    let left = object.attr(c"_leave")?.call(&[class, value, traceback])?;
    settle(&object)?;
    Ok(left)
});
