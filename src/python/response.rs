//! The type `_gregaria.Response`: a response of ours as Python sees it.
//!
//! Everything that it says is made when it is asked for. It is counted when the call returns that made the
//! request, or, with `catch_response`, at the end of the `with` block.

use std::cell::{Cell, OnceCell, RefCell};
use std::ffi::{c_int, c_void};
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};

use super::api::{
    GetSetDef, METHOD_FLAGS, Method, MethodDef, PyObject, Raw, TypeSlot, TypeSpec, api, flag, slot,
};
use super::client::Client;
use super::core::Core;
use super::module::Arguments;
use super::object::{Object, Raised, Result, View, answer, raise};
use crate::session::{RequestFailed, Response};

/// The object of the type.
#[repr(C)]
struct ResponseObject {
    head: PyObject,
    state: *mut State,
}

/// What it owns.
struct State {
    made: RefCell<Made>,
    /// The argument that was called with.
    url: Object,
    method: &'static str,
    client: Object,
    /// Whether it is judged by the file, at the end of a `with` block.
    is_caught: Cell<bool>,
    is_told: Cell<bool>,
    context: Option<Object>,
    error: OnceCell<Object>,
}

enum Made {
    Response(Box<Response>),
    Failed(RequestFailed),
}

/// The classes that responses are of, for `HttpUser` and `FastHttpUser`: the type itself, until the `locust`
/// package registers others made from it.
static CLASSES: [AtomicPtr<PyObject>; 2] =
    [AtomicPtr::new(ptr::null_mut()), AtomicPtr::new(ptr::null_mut())];

/// How a response was asked for.
pub(super) struct Asked {
    pub(super) url: Object,
    pub(super) method: &'static str,
    pub(super) client: Object,
    pub(super) is_caught: bool,
    pub(super) context: Option<Object>,
}

/// Has the responses of a client be of this class from now on.
pub(super) fn register(is_fast: bool, class: Object) {
    // The reference is never given up: responses may be made as long as the process lives.
    CLASSES[usize::from(is_fast)].store(class.into_raw(), Ordering::Relaxed);
}

/// Makes the object of a response, and counts it unless the file is to judge it.
pub(super) fn new(
    made: std::result::Result<Response, RequestFailed>,
    asked: Asked,
) -> Result<Object> {
    let is_fast = Client::of(&asked.client).is_some_and(Client::is_fast);
    let class = CLASSES[usize::from(is_fast)].load(Ordering::Relaxed);
    // SAFETY: a class made from our type, so that its objects begin as ours do.
    let object = Object::owned(unsafe { (api().PyType_GenericAlloc)(class, 0) })?;
    let made = match made {
        Ok(response) => Made::Response(Box::new(response)),
        Err(failed) => Made::Failed(failed),
    };
    let Asked { url, method, client, is_caught, context } = asked;
    let state = Box::new(State {
        made: RefCell::new(made),
        url,
        method,
        client,
        is_caught: Cell::new(is_caught),
        is_told: Cell::new(false),
        context,
        error: OnceCell::new(),
    });
    // SAFETY: a new object of ours, which nobody else knows yet.
    unsafe { (*object.raw().cast::<ResponseObject>()).state = Box::into_raw(state) };
    if !is_caught {
        settle(&object)?;
    }
    Ok(object)
}

/// Counts the response, and tells the listeners of the file.
fn settle(object: &Object) -> Result<()> {
    let state = state(object.raw())?;
    if state.is_told.replace(true) {
        return Ok(());
    }
    if let Made::Response(response) = &mut *state.made.borrow_mut() {
        response.count();
    }
    if Client::of(&state.client).is_some_and(Client::has_listeners) {
        let failure = match &*state.made.borrow() {
            Made::Response(response) => response.failure_text().map(Object::str),
            Made::Failed(failed) => Some(Object::str(&failed.to_string())),
        };
        let failure = failure.transpose()?.unwrap_or_else(Object::none);
        state.client.attr(c"_fire")?.call(&[object, &failure])?;
    }
    Ok(())
}

fn state<'a>(raw: Raw) -> Result<&'a State> {
    // SAFETY: methods and attributes of the type are called with its objects only, and those live as long as
    // the call.
    let state = unsafe { (*raw.cast::<ResponseObject>()).state.as_ref() };
    state.ok_or_else(|| raise(api().PyExc_RuntimeError, "only requests make responses"))
}

unsafe extern "C" fn dealloc(raw: Raw) {
    // SAFETY: the last reference is gone. The object is ours, and so is its memory.
    unsafe {
        let class = (*raw).class;
        let state = (*raw.cast::<ResponseObject>()).state;
        if !state.is_null() {
            drop(Box::from_raw(state));
        }
        let free = (api().PyType_GetSlot)(class, slot::FREE);
        let free: unsafe extern "C" fn(*mut c_void) = std::mem::transmute(free);
        free(raw.cast());
        (api().Py_DecRef)(class);
    }
}

/// Makes the type.
pub(super) fn class() -> Result<Object> {
    let attributes: [(&'static std::ffi::CStr, unsafe extern "C" fn(Raw, *mut c_void) -> Raw); 14] = [
        (c"status_code", status_code),
        (c"content", content),
        (c"text", text),
        (c"ok", ok),
        (c"_url", url),
        (c"_method", method),
        (c"_client", client),
        (c"reason", reason),
        (c"_elapsed", elapsed),
        (c"_catch", is_caught),
        (c"error", error),
        (c"_context", context),
        (c"_failure", failure),
        (c"_redirects", redirects),
    ];
    let attributes: Vec<GetSetDef> = attributes
        .into_iter()
        .map(|(name, get)| attribute(name.as_ptr(), Some(get)))
        .chain([attribute(ptr::null(), None)])
        .collect();
    let methods: [(&'static std::ffi::CStr, Method); 8] = [
        (c"json", json),
        (c"success", success),
        (c"failure", fail),
        (c"_header_list", header_list),
        (c"_rename", rename),
        (c"_settle", settle_now),
        (c"__enter__", enter),
        (c"__exit__", exit),
    ];
    let class = make_class(c"_gregaria.Response", &methods, attributes, dealloc, None)?;
    register(false, class.clone());
    register(true, class.clone());
    Ok(class)
}

fn attribute(
    name: *const std::ffi::c_char,
    get: Option<unsafe extern "C" fn(Raw, *mut c_void) -> Raw>,
) -> GetSetDef {
    GetSetDef { name, get, set: None, doc: ptr::null(), closure: ptr::null_mut() }
}

/// Makes a type whose objects are a head and a pointer.
pub(super) fn make_class(
    name: &'static std::ffi::CStr,
    methods: &[(&'static std::ffi::CStr, Method)],
    attributes: Vec<GetSetDef>,
    dealloc: unsafe extern "C" fn(Raw),
    new: Option<unsafe extern "C" fn(Raw, Raw, Raw) -> Raw>,
) -> Result<Object> {
    let end = MethodDef { name: ptr::null(), method: None, flags: 0, doc: ptr::null() };
    let methods: Vec<MethodDef> = methods
        .iter()
        .map(|&(name, method)| MethodDef {
            name: name.as_ptr(),
            method: Some(method),
            flags: METHOD_FLAGS,
            doc: ptr::null(),
        })
        .chain([end])
        .collect();
    // Leaked, as the interpreter refers to all of it for as long as the process lives.
    let mut slots = vec![
        TypeSlot { slot: slot::METHODS, value: Vec::leak(methods).as_mut_ptr().cast() },
        TypeSlot { slot: slot::GETSET, value: Vec::leak(attributes).as_mut_ptr().cast() },
        TypeSlot { slot: slot::DEALLOC, value: dealloc as *mut c_void },
    ];
    if let Some(new) = new {
        slots.push(TypeSlot { slot: slot::NEW, value: new as *mut c_void });
    }
    slots.push(TypeSlot { slot: 0, value: ptr::null_mut() });
    let spec = Box::leak(Box::new(TypeSpec {
        name: name.as_ptr(),
        size: size_of::<ResponseObject>() as c_int,
        item_size: 0,
        flags: flag::DEFAULT | flag::BASE,
        slots: Vec::leak(slots).as_mut_ptr(),
    }));
    // SAFETY: a description that stays.
    Object::owned(unsafe { (api().PyType_FromSpec)(spec) })
}

macro_rules! attribute {
    ($name:ident, $state:ident => $body:expr) => {
        unsafe extern "C" fn $name(object: Raw, _: *mut c_void) -> Raw {
            answer(|| {
                let $state = state(object)?;
                $body
            })
        }
    };
}

attribute!(status_code, state => Object::int(match &*state.made.borrow() {
    Made::Response(response) => i64::from(response.status()),
    Made::Failed(_) => 0,
}));

attribute!(content, state => match &*state.made.borrow() {
    Made::Response(response) => Object::bytes(response.body()),
    Made::Failed(_) => Ok(Object::none()),
});

attribute!(text, state => match &*state.made.borrow() {
    Made::Response(response) => Object::str(&response.text()),
    Made::Failed(_) => Object::str(""),
});

attribute!(ok, state => Ok(Object::bool(match &*state.made.borrow() {
    Made::Response(response) => response.status() < 400,
    Made::Failed(_) => false,
})));

attribute!(url, state => Ok(state.url.clone()));

attribute!(method, state => Object::str(state.method));

attribute!(client, state => Ok(state.client.clone()));

attribute!(reason, state => match &*state.made.borrow() {
    Made::Response(response) => Object::latin1(response.reason()),
    Made::Failed(_) => Ok(Object::none()),
});

attribute!(elapsed, state => Object::float(match &*state.made.borrow() {
    Made::Response(response) => response.latency().as_secs_f64(),
    Made::Failed(_) => 0.0,
}));

attribute!(is_caught, state => Ok(Object::bool(state.is_caught.get())));

attribute!(context, state => Ok(state.context.clone().unwrap_or_else(Object::none)));

attribute!(redirects, state => {
    let _ = state;
    Object::list([])
});

attribute!(failure, state => match &*state.made.borrow() {
    Made::Response(response) => response.failure_text().map_or_else(|| Ok(Object::none()), Object::str),
    Made::Failed(failed) => Object::str(&failed.to_string()),
});

attribute!(error, state => {
    if let Some(error) = state.error.get() {
        return Ok(error.clone());
    }
    let (kind, text) = match &*state.made.borrow() {
        Made::Response(_) => return Ok(Object::none()),
        Made::Failed(failed) => (super::failure::kind(&failed.0), failed.to_string()),
    };
    let make = super::object::import(c"locust.clients")?.attr(c"_error")?;
    let error = make.call(&[&Object::str(kind)?, &Object::str(&text)?, &state.url])?;
    Ok(state.error.get_or_init(|| error).clone())
});

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

method!(json, _object, state, arguments => {
    let text = match &*state.made.borrow() {
        Made::Response(response) => Object::str(&response.text())?,
        Made::Failed(_) => Object::str("")?,
    };
    let Some(core) = Core::current() else {
        return Err(raise(api().PyExc_RuntimeError, "only users have responses"));
    };
    if arguments.named().next().is_some() {
        return arguments.forward(&core.engine.json_loads, &text);
    }
    core.engine.json_loads.call1(&text)
});

method!(success, _object, state, _arguments => {
    if let Made::Response(response) = &mut *state.made.borrow_mut() {
        response.success();
    }
    Ok(Object::none())
});

method!(fail, _object, state, arguments => {
    let reason = arguments.get(0).or_else(|| arguments.named().next().map(|(_, value)| value));
    let reason = reason.map(|reason| reason.to_owned().to_text()).unwrap_or_default();
    if let Made::Response(response) = &mut *state.made.borrow_mut() {
        response.failure(reason);
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

method!(rename, _object, state, arguments => {
    let name = arguments.get(0).and_then(View::as_str);
    let name = name.ok_or_else(|| raise(api().PyExc_TypeError, "a name is a str"))?;
    if let Made::Response(response) = &mut *state.made.borrow_mut() {
        response.rename(name);
    }
    Ok(Object::none())
});

method!(settle_now, object, _state, _arguments => {
    settle(&Object::borrowed(object)?)?;
    Ok(Object::none())
});

method!(enter, object, _state, _arguments => Object::borrowed(object));

method!(exit, object, state, arguments => {
    let object = Object::borrowed(object)?;
    let is_raised = arguments.get(0).is_some_and(|class| !class.is_none());
    if !is_raised {
        settle(&object)?;
        return Ok(Object::bool(false));
    }
    let _ = state;
    let parts: Vec<Object> = (0..3).filter_map(|at| arguments.get(at)).map(View::to_owned).collect();
    let [class, value, traceback] = &parts[..] else { return Err(Raised) };
    let left = object.attr(c"_leave")?.call(&[class, value, traceback])?;
    settle(&object)?;
    Ok(left)
});
