//! Types of ours, whose objects are a head and something that they own.

use std::ffi::{CStr, c_int, c_void};
use std::ptr;

use super::api::{
    GetSetDef, METHOD_FLAGS, Method, MethodDef, PyObject, Raw, TypeSlot, TypeSpec, api, flag, slot,
};
use super::core::Core;
use super::object::{Object, Result};
use super::parker;

/// An object of such a type.
#[repr(C)]
struct Owner<T> {
    head: PyObject,
    owned: *mut T,
}

/// What makes an object of a class: its class, and the arguments of the call.
pub(super) type New = unsafe extern "C" fn(Raw, Raw, Raw) -> Raw;

/// Makes a type whose objects own a `T`. Without `new` only we can make objects that own one.
pub(super) fn make<T>(
    name: &'static CStr,
    methods: &[(&'static CStr, Method)],
    attributes: Vec<GetSetDef>,
    new: Option<New>,
) -> Result<Object> {
    // Leaked, as the interpreter refers to all of it for as long as the process lives.
    let mut slots = vec![
        TypeSlot { slot: slot::METHODS, value: method_table(methods).cast() },
        TypeSlot { slot: slot::GETSET, value: Vec::leak(attributes).as_mut_ptr().cast() },
        TypeSlot { slot: slot::DEALLOC, value: free::<T> as *mut c_void },
    ];
    if let Some(new) = new {
        slots.push(TypeSlot { slot: slot::NEW, value: new as *mut c_void });
    }
    slots.push(TypeSlot { slot: 0, value: ptr::null_mut() });
    let spec = Box::leak(Box::new(TypeSpec {
        name: name.as_ptr(),
        size: size_of::<Owner<T>>() as c_int,
        item_size: 0,
        flags: flag::DEFAULT | flag::BASE,
        slots: Vec::leak(slots).as_mut_ptr(),
    }));
    // SAFETY: a description that stays.
    Object::owned(unsafe { (api().PyType_FromSpec)(spec) })
}

/// Returns a table of these functions, which stays.
pub(super) fn method_table(methods: &[(&'static CStr, Method)]) -> *mut MethodDef {
    let end = MethodDef { name: ptr::null(), method: None, flags: 0, doc: ptr::null() };
    let methods = methods.iter().map(|&(name, method)| MethodDef {
        name: name.as_ptr(),
        method: Some(method),
        flags: METHOD_FLAGS,
        doc: ptr::null(),
    });
    Vec::leak(methods.chain([end]).collect()).as_mut_ptr()
}

/// Makes an object of this class, which owns the value.
///
/// # Safety
///
/// The class is one that [`make`] has made for a `T`, or is made from such a one.
pub(super) unsafe fn object<T>(class: Raw, owned: T) -> Result<Object> {
    // SAFETY: a class, whose objects begin as ours do; nobody else knows the object yet.
    unsafe {
        let object = Object::owned((api().PyType_GenericAlloc)(class, 0))?;
        (*object.raw().cast::<Owner<T>>()).owned = Box::into_raw(Box::new(owned));
        Ok(object)
    }
}

/// Returns what an object owns, if it was made by us.
///
/// # Safety
///
/// It is an object of a type for a `T`, and lives for as long as the reference is used.
pub(super) unsafe fn owned<'a, T>(raw: Raw) -> Option<&'a T> {
    // SAFETY: as the caller says.
    unsafe { (*raw.cast::<Owner<T>>()).owned.as_ref() }
}

/// Frees an object with what it owns, on the thread of the core if there is one: what it owns is of that
/// thread. Python lets an object go on whatever thread loses the last reference.
unsafe extern "C" fn free<T>(raw: Raw) {
    if !Core::is_here() && parker::leave_to_core(raw) {
        return;
    }
    // SAFETY: the last reference is gone. The object is ours, and so is its memory.
    unsafe {
        let class = (*raw).class;
        let owned = (*raw.cast::<Owner<T>>()).owned;
        if !owned.is_null() {
            drop(Box::from_raw(owned));
        }
        let free = (api().PyType_GetSlot)(class, slot::FREE);
        let free: unsafe extern "C" fn(*mut c_void) = std::mem::transmute(free);
        free(raw.cast());
        (api().Py_DecRef)(class);
    }
}
