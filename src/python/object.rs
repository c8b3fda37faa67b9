//! Python objects, owned or borrowed, for a thread that holds the interpreter's lock.
//!
//! Every function here is called on a thread that holds the lock: fibers run only while their core does, and
//! the host and the module's functions are called by the interpreter.

use std::ffi::{CStr, c_char};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::{self, NonNull};

use super::api::{PyObject, Raw, api, flag};

/// An owned reference.
#[derive(Debug)]
#[repr(transparent)]
pub(super) struct Object(NonNull<PyObject>);

impl std::fmt::Debug for PyObject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PyObject")
    }
}

/// An exception has been raised: it is in the interpreter's error indicator.
#[derive(Debug)]
pub(super) struct Raised;

pub(super) type Result<T> = std::result::Result<T, Raised>;

impl Object {
    /// Takes over a new reference, which is null where an exception was raised.
    pub(super) fn owned(raw: Raw) -> Result<Object> {
        NonNull::new(raw).map(Object).ok_or(Raised)
    }

    /// Makes another reference to a borrowed object.
    pub(super) fn borrowed(raw: Raw) -> Result<Object> {
        // SAFETY: it takes null too.
        unsafe { (api().Py_IncRef)(raw) };
        Object::owned(raw)
    }

    pub(super) fn raw(&self) -> Raw {
        self.0.as_ptr()
    }

    /// Gives the reference away.
    pub(super) fn into_raw(self) -> Raw {
        let raw = self.raw();
        std::mem::forget(self);
        raw
    }

    pub(super) fn none() -> Object {
        Object::borrowed(api()._Py_NoneStruct).expect("None is an object")
    }

    pub(super) fn bool(value: bool) -> Object {
        let raw = if value { api()._Py_TrueStruct } else { api()._Py_FalseStruct };
        Object::borrowed(raw).expect("True and False are objects")
    }

    pub(super) fn int(value: i64) -> Result<Object> {
        // SAFETY: the lock is held.
        Object::owned(unsafe { (api().PyLong_FromLongLong)(value) })
    }

    pub(super) fn float(value: f64) -> Result<Object> {
        // SAFETY: the lock is held.
        Object::owned(unsafe { (api().PyFloat_FromDouble)(value) })
    }

    pub(super) fn str(text: &str) -> Result<Object> {
        // SAFETY: the bytes are UTF-8, and as many as said.
        Object::owned(unsafe {
            (api().PyUnicode_FromStringAndSize)(text.as_ptr().cast(), text.len() as isize)
        })
    }

    pub(super) fn latin1(bytes: &[u8]) -> Result<Object> {
        // SAFETY: as many bytes as said; no error handler is needed, because every byte is a character.
        Object::owned(unsafe {
            (api().PyUnicode_DecodeLatin1)(bytes.as_ptr().cast(), bytes.len() as isize, ptr::null())
        })
    }

    pub(super) fn bytes(bytes: &[u8]) -> Result<Object> {
        // SAFETY: as many bytes as said.
        Object::owned(unsafe {
            (api().PyBytes_FromStringAndSize)(bytes.as_ptr().cast(), bytes.len() as isize)
        })
    }

    pub(super) fn tuple(items: impl IntoIterator<Item = Object>) -> Result<Object> {
        let items: Vec<Object> = items.into_iter().collect();
        // SAFETY: the lock is held.
        let tuple = Object::owned(unsafe { (api().PyTuple_New)(items.len() as isize) })?;
        for (at, item) in (0..).zip(items) {
            // SAFETY: the tuple is new, and takes the reference over.
            unsafe { (api().PyTuple_SetItem)(tuple.raw(), at, item.into_raw()) };
        }
        Ok(tuple)
    }

    pub(super) fn list(items: impl IntoIterator<Item = Object>) -> Result<Object> {
        // SAFETY: the lock is held.
        let list = Object::owned(unsafe { (api().PyList_New)(0) })?;
        for item in items {
            // SAFETY: both are objects; the list takes a reference of its own.
            check(unsafe { (api().PyList_Append)(list.raw(), item.raw()) })?;
        }
        Ok(list)
    }

    pub(super) fn dict() -> Result<Object> {
        // SAFETY: the lock is held.
        Object::owned(unsafe { (api().PyDict_New)() })
    }

    /// Sets a value of this dict.
    pub(super) fn set(&self, key: &Object, value: &Object) -> Result<()> {
        // SAFETY: all are objects; one that is no dict is an error that it returns.
        check(unsafe { (api().PyDict_SetItem)(self.raw(), key.raw(), value.raw()) })
    }

    pub(super) fn attr(&self, name: &CStr) -> Result<Object> {
        // SAFETY: an object and a text.
        Object::owned(unsafe { (api().PyObject_GetAttrString)(self.raw(), name.as_ptr()) })
    }

    pub(super) fn set_attr(&self, name: &CStr, value: &Object) -> Result<()> {
        // SAFETY: objects and a text.
        check(unsafe { (api().PyObject_SetAttrString)(self.raw(), name.as_ptr(), value.raw()) })
    }

    pub(super) fn call(&self, arguments: &[&Object]) -> Result<Object> {
        // SAFETY: references have the layout of pointers, and there are as many as said.
        Object::owned(unsafe {
            (api().PyObject_Vectorcall)(
                self.raw(),
                arguments.iter().map(|argument| argument.raw()).collect::<Vec<_>>().as_ptr(),
                arguments.len(),
                ptr::null_mut(),
            )
        })
    }

    /// Calls it with one argument, which allocates nothing.
    pub(super) fn call1(&self, argument: &Object) -> Result<Object> {
        let arguments = [argument.raw()];
        // SAFETY: one argument.
        Object::owned(unsafe {
            (api().PyObject_Vectorcall)(self.raw(), arguments.as_ptr(), 1, ptr::null_mut())
        })
    }

    pub(super) fn view(&self) -> View {
        View(self.0)
    }

    /// Returns the text of any object.
    pub(super) fn to_text(&self) -> String {
        // SAFETY: an object.
        let text = Object::owned(unsafe { (api().PyObject_Str)(self.raw()) });
        let text = text.ok().and_then(|text| text.view().as_str().map(str::to_owned));
        if text.is_none() {
            clear();
        }
        text.unwrap_or_default()
    }
}

impl Clone for Object {
    fn clone(&self) -> Self {
        // SAFETY: a live object.
        unsafe { (api().Py_IncRef)(self.raw()) };
        Object(self.0)
    }
}

impl Drop for Object {
    fn drop(&mut self) {
        // SAFETY: the reference is ours.
        unsafe { (api().Py_DecRef)(self.raw()) };
    }
}

/// A borrowed reference, such as an argument, which lives as long as the call that got it.
#[derive(Debug, Clone, Copy)]
pub(super) struct View(NonNull<PyObject>);

impl View {
    /// Views an argument.
    ///
    /// # Safety
    ///
    /// It is null or a live object, and stays one for as long as the view is used.
    pub(super) unsafe fn new(raw: Raw) -> Option<View> {
        NonNull::new(raw).map(View)
    }

    pub(super) fn raw(self) -> Raw {
        self.0.as_ptr()
    }

    pub(super) fn to_owned(self) -> Object {
        Object::borrowed(self.raw()).expect("it is not null")
    }

    pub(super) fn is_none(self) -> bool {
        self.raw() == api()._Py_NoneStruct
    }

    fn has(self, class: std::ffi::c_ulong) -> bool {
        // SAFETY: a live object has a class, and a class has flags.
        unsafe { (api().PyType_GetFlags)(self.0.as_ref().class) & class != 0 }
    }

    /// Returns whether it is an `int`; a `bool` is one.
    pub(super) fn is_int(self) -> bool {
        self.has(flag::LONG)
    }

    pub(super) fn is_exception(self) -> bool {
        self.has(flag::EXCEPTION)
    }

    pub(super) fn is_dict(self) -> bool {
        self.has(flag::DICT)
    }

    pub(super) fn is_true(self) -> bool {
        let raw = self.raw();
        // SAFETY: a live object.
        raw == api()._Py_TrueStruct || unsafe { (api().PyObject_IsTrue)(raw) == 1 }
    }

    /// Returns its text, if it is a `str`. One that has lone surrogates has none.
    pub(super) fn as_str<'a>(self) -> Option<&'a str> {
        if !self.has(flag::STR) {
            return None;
        }
        let mut len = 0;
        // SAFETY: a `str`, whose UTF-8 it keeps as long as it lives.
        let text = unsafe { (api().PyUnicode_AsUTF8AndSize)(self.raw(), &raw mut len) };
        if text.is_null() {
            clear();
            return None;
        }
        // SAFETY: so many bytes of UTF-8.
        Some(unsafe {
            std::str::from_utf8_unchecked(std::slice::from_raw_parts(text.cast(), len as usize))
        })
    }

    /// Returns its bytes, if it is a `bytes`.
    pub(super) fn as_bytes<'a>(self) -> Option<&'a [u8]> {
        if !self.has(flag::BYTES) {
            return None;
        }
        let (mut start, mut len) = (ptr::null_mut::<c_char>(), 0);
        // SAFETY: a `bytes`, which does not change.
        unsafe {
            (api().PyBytes_AsStringAndSize)(self.raw(), &raw mut start, &raw mut len);
            Some(std::slice::from_raw_parts(start.cast(), len as usize))
        }
    }

    /// Returns the bytes of a `str` or `bytes`.
    pub(super) fn as_text_bytes<'a>(self) -> Option<&'a [u8]> {
        self.as_str().map(str::as_bytes).or_else(|| self.as_bytes())
    }

    /// Returns its value, if it is an `int` of 64 bits.
    pub(super) fn as_int(self) -> Option<i64> {
        if !self.is_int() {
            return None;
        }
        // SAFETY: an `int`.
        let value = unsafe { (api().PyLong_AsLongLong)(self.raw()) };
        (!took_error()).then_some(value)
    }

    /// Returns its value, if it is a number.
    pub(super) fn as_float(self) -> Option<f64> {
        // SAFETY: an object; what is no number is an error.
        let value = unsafe { (api().PyFloat_AsDouble)(self.raw()) };
        (!(value == -1.0 && took_error())).then_some(value)
    }

    /// Returns its value, if it is an `int` or a `float`; a `bool` is none.
    pub(super) fn as_number(self) -> Option<f64> {
        let is_bool = self.raw() == api()._Py_TrueStruct || self.raw() == api()._Py_FalseStruct;
        self.as_float().filter(|_| !is_bool)
    }

    /// Returns the items of a list or tuple.
    pub(super) fn items(self) -> Option<Vec<Object>> {
        let (size, get): (_, unsafe extern "C" fn(Raw, isize) -> Raw) = if self.has(flag::LIST) {
            // SAFETY: a list.
            (unsafe { (api().PyList_Size)(self.raw()) }, api().PyList_GetItem)
        } else if self.has(flag::TUPLE) {
            // SAFETY: a tuple.
            (unsafe { (api().PyTuple_Size)(self.raw()) }, api().PyTuple_GetItem)
        } else {
            return None;
        };
        // SAFETY: the index is below the size; the item is borrowed.
        (0..size).map(|at| Object::borrowed(unsafe { get(self.raw(), at) }).ok()).collect()
    }

    /// Returns the pairs of a dict, each as it is at that moment.
    pub(super) fn pairs(self) -> Option<Vec<(Object, Object)>> {
        if !self.is_dict() {
            return None;
        }
        let (mut at, mut key, mut value) = (0, ptr::null_mut(), ptr::null_mut());
        let mut pairs = Vec::new();
        // SAFETY: a dict, which nothing changes meanwhile; both are borrowed.
        while unsafe { (api().PyDict_Next)(self.raw(), &raw mut at, &raw mut key, &raw mut value) }
            != 0
        {
            pairs.push((Object::borrowed(key).ok()?, Object::borrowed(value).ok()?));
        }
        Some(pairs)
    }
}

/// Turns the result of a function that returns -1 where an exception was raised.
pub(super) fn check(result: std::ffi::c_int) -> Result<()> {
    if result < 0 { Err(Raised) } else { Ok(()) }
}

/// Forgets the exception that was raised.
pub(super) fn clear() {
    // SAFETY: the lock is held.
    unsafe { (api().PyErr_Clear)() };
}

fn took_error() -> bool {
    // SAFETY: the lock is held.
    let is_raised = unsafe { !(api().PyErr_Occurred)().is_null() };
    if is_raised {
        clear();
    }
    is_raised
}

/// Takes the exception that was raised, with its traceback.
pub(super) fn take_exception() -> Object {
    let (mut class, mut value, mut traceback) = (ptr::null_mut(), ptr::null_mut(), ptr::null_mut());
    // SAFETY: three places for three references, which are ours afterwards.
    unsafe {
        (api().PyErr_Fetch)(&raw mut class, &raw mut value, &raw mut traceback);
        (api().PyErr_NormalizeException)(&raw mut class, &raw mut value, &raw mut traceback);
        if !traceback.is_null() && !value.is_null() {
            (api().PyException_SetTraceback)(value, traceback);
        }
        (api().Py_DecRef)(class);
        (api().Py_DecRef)(traceback);
    }
    Object::owned(value).unwrap_or_else(|Raised| Object::none())
}

/// Raises an exception of a built-in class.
pub(super) fn raise(class: *mut Raw, message: &str) -> Raised {
    let message = std::ffi::CString::new(message.replace('\0', " ")).unwrap_or_default();
    // SAFETY: the place has the class; a text.
    unsafe { (api().PyErr_SetString)(*class, message.as_ptr()) };
    Raised
}

/// Raises this exception.
pub(super) fn raise_object(exception: &Object) -> Raised {
    // SAFETY: a live object has a class.
    unsafe { (api().PyErr_SetObject)(exception.view().0.as_ref().class, exception.raw()) };
    Raised
}

/// Imports a module.
pub(super) fn import(name: &CStr) -> Result<Object> {
    // SAFETY: a text.
    Object::owned(unsafe { (api().PyImport_ImportModule)(name.as_ptr()) })
}

/// Does the work of a function that Python calls. A panic becomes an exception, because it must not
/// unwind through frames of C.
pub(super) fn answer(work: impl FnOnce() -> Result<Object>) -> Raw {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(Ok(object)) => object.into_raw(),
        Ok(Err(Raised)) => ptr::null_mut(),
        Err(_) => {
            raise(api().PyExc_SystemError, "a bug in gregaria: it has panicked, as told above");
            ptr::null_mut()
        }
    }
}
