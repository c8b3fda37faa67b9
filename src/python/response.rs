//! The type `_gregaria.Response`: a response of ours as Python sees it.
//!
//! Everything that it says is made when it is asked for. It is counted at the end of its `with` block. Without
//! one it is counted when the user next leaves its core to others, so that `with` can still make a check of it.

mod attributes;
mod text;

use std::cell::{Cell, OnceCell, RefCell};
use std::ffi::CStr;
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};
use std::time::Duration;

use http::Method as HttpMethod;

use super::api::{Method, PyObject, Raw, api};
use super::class;
use super::client::Client;
use super::module::Arguments;
use super::object::{Object, Raised, Result, View, answer, clear, import, raise, raise_object};
use crate::session::{RequestFailed, Response};

/// What its objects own.
struct State {
    made: RefCell<Made>,
    /// The argument that was called with.
    url: Object,
    /// The row's name, if the call gave one.
    name: Option<Object>,
    method: HttpMethod,
    client: Object,
    /// Whether the file judges it, in a `with` block.
    is_caught: Cell<bool>,
    /// Whether it has been counted.
    is_settled: Cell<bool>,
    /// Whether the file has assigned an encoding.
    has_encoding: Cell<bool>,
    context: RefCell<Option<Object>>,
    /// The exception for a request that got no response.
    error: OnceCell<Object>,
    /// The exception that the file has judged it by.
    failure: RefCell<Option<Object>>,
}

enum Made {
    Response(Box<Response>),
    Failed(RequestFailed),
}

/// The classes that responses are of, for `HttpUser` and `FastHttpUser`: the type itself, until the `locust`
/// package registers others made from it.
static CLASSES: [AtomicPtr<PyObject>; 2] =
    [AtomicPtr::new(ptr::null_mut()), AtomicPtr::new(ptr::null_mut())];

thread_local! {
    /// The last response of this core, if it is to be counted when its user leaves the core. It is owned, and
    /// null where there is none.
    static UNSETTLED: Cell<Raw> = const { Cell::new(ptr::null_mut()) };
}

/// How a response was asked for.
pub(super) struct Asked {
    pub(super) url: Object,
    pub(super) name: Option<Object>,
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
pub(super) fn new(
    made: std::result::Result<Response, RequestFailed>,
    asked: Asked,
) -> Result<Object> {
    settle_last();
    let is_fast = Client::of(&asked.client).is_some_and(Client::is_fast);
    let class = CLASSES[usize::from(is_fast)].load(Ordering::Relaxed);
    let made = match made {
        Ok(mut response) => {
            judge(&mut response, is_fast);
            Made::Response(Box::new(response))
        }
        Err(failed) => Made::Failed(failed),
    };
    let Asked { url, name, method, client, is_caught, context, error } = asked;
    let state = State {
        made: RefCell::new(made),
        url,
        name,
        method,
        client,
        is_caught: Cell::new(is_caught),
        is_settled: Cell::new(false),
        has_encoding: Cell::new(false),
        context: RefCell::new(context),
        error: error.map(OnceCell::from).unwrap_or_default(),
        failure: RefCell::new(None),
    };
    // SAFETY: a class made from our type.
    let object = unsafe { class::object(class, state) }?;
    if !is_caught {
        UNSETTLED.set(object.clone().into_raw());
    }
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

/// Counts the last response, whose `with` block has not begun. Called before a fiber leaves the core.
pub(super) fn settle_last() {
    let raw = UNSETTLED.replace(ptr::null_mut());
    if !raw.is_null()
        && let Ok(object) = Object::owned(raw)
        && settle(&object).is_err()
    {
        // A listener's exceptions are told by its hook. What else there is belongs to nobody.
        clear();
    }
}

/// Counts the response, and tells the listeners of the file.
fn settle(object: &Object) -> Result<()> {
    let state = state(object.raw())?;
    if state.is_settled.replace(true) {
        return Ok(());
    }
    if let Made::Response(response) = &mut *state.made.borrow_mut() {
        response.count();
    }
    if Client::of(&state.client).is_some_and(Client::has_listeners) {
        state.client.attr(c"_fire")?.call1(object)?;
    }
    Ok(())
}

impl State {
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
        if let Made::Response(response) = &*self.made.borrow() {
            return response.name();
        }
        match &self.name {
            Some(name) => name.to_text(),
            None => Client::of(&self.client)
                .map_or_else(String::new, |client| client.name_of(self.url_text())),
        }
    }

    fn latency(&self) -> Duration {
        match &*self.made.borrow() {
            Made::Response(response) => response.latency(),
            Made::Failed(failed) => failed.latency(),
        }
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
    state.failure.take();
    if let Made::Response(response) = &mut *state.made.borrow_mut() {
        response.success();
    }
    Ok(Object::none())
});

method!(fail, object, state, arguments => {
    if !state.is_caught.get() || state.is_settled.get() {
        return Err(state.misused(object, "failure"));
    }
    let reason = arguments.get(0).or_else(|| arguments.named().next().map(|(_, value)| value));
    let reason = reason.map_or_else(Object::none, View::to_owned);
    // As Locust's tables show it: a text as it is, an exception with its class.
    let text = if reason.view().is_exception() {
        let repr = import(c"builtins")?.attr(c"repr")?;
        let text = repr.call1(&reason)?.to_text();
        state.failure.replace(Some(reason));
        text
    } else {
        state.failure.take();
        reason.to_text()
    };
    if let Made::Response(response) = &mut *state.made.borrow_mut() {
        response.failure(text);
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
    if UNSETTLED.get() == object.raw() {
        // Its block counts it.
        drop(Object::owned(UNSETTLED.replace(ptr::null_mut())));
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
