//! The functions of CPython that we call, looked up when they are first needed: the program links to no Python.
//!
//! All of them are in the stable ABI of 3.11 or exported by every version since.

use std::ffi::{CString, c_char, c_int, c_longlong, c_ulong, c_void};
use std::path::Path;
use std::ptr::NonNull;
use std::sync::OnceLock;

use libloading::os::unix::{Library, RTLD_GLOBAL, RTLD_NOW};

/// The head of every Python object.
#[repr(C)]
pub(super) struct PyObject {
    refcount: isize,
    pub(super) class: *mut PyObject,
}

/// The state of a Python thread, which is opaque.
#[repr(C)]
pub(super) struct PyThreadState {
    _opaque: [u8; 0],
}

/// An interpreter, which is opaque.
#[repr(C)]
pub(super) struct PyInterpreterState {
    _opaque: [u8; 0],
}

/// A reference as C passes it.
pub(super) type Raw = *mut PyObject;

/// A function as a table of methods has it: with positional and named arguments in one array.
pub(super) type Method = unsafe extern "C" fn(Raw, *const Raw, isize, Raw) -> Raw;

/// The flags of such a function: `METH_FASTCALL | METH_KEYWORDS`.
pub(super) const METHOD_FLAGS: c_int = 0x80 | 0x02;

/// An entry of a table of methods (`PyMethodDef`).
#[repr(C)]
pub(super) struct MethodDef {
    pub(super) name: *const c_char,
    pub(super) method: Option<Method>,
    pub(super) flags: c_int,
    pub(super) doc: *const c_char,
}

/// An entry of a table of attributes (`PyGetSetDef`).
#[repr(C)]
pub(super) struct GetSetDef {
    pub(super) name: *const c_char,
    pub(super) get: Option<unsafe extern "C" fn(Raw, *mut c_void) -> Raw>,
    pub(super) set: Option<unsafe extern "C" fn(Raw, Raw, *mut c_void) -> c_int>,
    pub(super) doc: *const c_char,
    pub(super) closure: *mut c_void,
}

/// A slot of a type (`PyType_Slot`).
#[repr(C)]
pub(super) struct TypeSlot {
    pub(super) slot: c_int,
    pub(super) value: *mut c_void,
}

/// What a type is made from (`PyType_Spec`).
#[repr(C)]
pub(super) struct TypeSpec {
    pub(super) name: *const c_char,
    pub(super) size: c_int,
    pub(super) item_size: c_int,
    pub(super) flags: u32,
    pub(super) slots: *mut TypeSlot,
}

/// Numbers of slots, from CPython's `typeslots.h`.
pub(super) mod slot {
    use std::ffi::c_int;
    pub(in super::super) const DEALLOC: c_int = 52;
    pub(in super::super) const METHODS: c_int = 64;
    pub(in super::super) const GETSET: c_int = 73;
    pub(in super::super) const FREE: c_int = 74;
    pub(in super::super) const NEW: c_int = 65;
}

/// Flags of types, from CPython's `object.h`.
pub(super) mod flag {
    use std::ffi::c_ulong;
    pub(in super::super) const DEFAULT: u32 = 0;
    pub(in super::super) const BASE: u32 = 1 << 10;
    pub(in super::super) const LONG: c_ulong = 1 << 24;
    pub(in super::super) const LIST: c_ulong = 1 << 25;
    pub(in super::super) const TUPLE: c_ulong = 1 << 26;
    pub(in super::super) const BYTES: c_ulong = 1 << 27;
    pub(in super::super) const STR: c_ulong = 1 << 28;
    pub(in super::super) const DICT: c_ulong = 1 << 29;
    pub(in super::super) const EXCEPTION: c_ulong = 1 << 30;
}

/// A module that is being defined (`PyModuleDef`).
#[repr(C)]
pub(super) struct ModuleDef {
    pub(super) head: PyObject,
    pub(super) base: [*mut c_void; 3],
    pub(super) name: *const c_char,
    pub(super) doc: *const c_char,
    pub(super) size: isize,
    pub(super) methods: *mut MethodDef,
    pub(super) rest: [*mut c_void; 4],
}

impl PyObject {
    /// The head of a static definition, as `PyObject_HEAD_INIT(NULL)` has it.
    pub(super) const STATIC: PyObject = PyObject { refcount: 1, class: std::ptr::null_mut() };
}

macro_rules! api {
    (
        functions { $($name:ident($($arg:ty),*) $(-> $result:ty)?;)* }
        optional { $($maybe:ident($($maybe_arg:ty),*) $(-> $maybe_result:ty)?;)* }
        objects { $($object:ident,)* }
        values { $($value:ident,)* }
    ) => {
        /// The table.
        #[expect(non_snake_case, reason = "the names are CPython's")]
        pub(super) struct Api {
            $(pub(super) $name: unsafe extern "C" fn($($arg),*) $(-> $result)?,)*
            $(pub(super) $maybe: Option<unsafe extern "C" fn($($maybe_arg),*) $(-> $maybe_result)?>,)*
            $(pub(super) $object: Raw,)*
            $(pub(super) $value: *mut Raw,)*
        }

        impl Api {
            fn look_up(library: &Library) -> Result<Api, LoadError> {
                let find = |name: &'static str| -> Result<NonNull<c_void>, LoadError> {
                    let symbol = CString::new(name).unwrap_or_default();
                    // SAFETY: only the address is taken here.
                    let found = unsafe { library.get::<*mut c_void>(symbol.as_bytes_with_nul()) };
                    let address = found.ok().map(|found| found.into_raw());
                    address.and_then(NonNull::new).ok_or(LoadError::Missing(name))
                };
                // SAFETY: the types are those that CPython's headers declare for these names.
                Ok(unsafe {
                    Api {
                        $($name: std::mem::transmute::<NonNull<c_void>, unsafe extern "C" fn($($arg),*) $(-> $result)?>(find(stringify!($name))?),)*
                        $($maybe: find(stringify!($maybe)).ok().map(|found| std::mem::transmute::<NonNull<c_void>, unsafe extern "C" fn($($maybe_arg),*) $(-> $maybe_result)?>(found)),)*
                        $($object: find(stringify!($object))?.cast().as_ptr(),)*
                        $($value: find(stringify!($value))?.cast().as_ptr(),)*
                    }
                })
            }
        }
    };
}

api! {
    functions {
        Py_BytesMain(c_int, *mut *mut c_char) -> c_int;
        Py_GetVersion() -> *const c_char;
        PyImport_AppendInittab(*const c_char, unsafe extern "C" fn() -> Raw) -> c_int;
        PyImport_ImportModule(*const c_char) -> Raw;
        PyModule_Create2(*mut ModuleDef, c_int) -> Raw;
        PyEval_SaveThread() -> *mut PyThreadState;
        PyEval_RestoreThread(*mut PyThreadState);
        PyThreadState_New(*mut PyInterpreterState) -> *mut PyThreadState;
        PyThreadState_Swap(*mut PyThreadState) -> *mut PyThreadState;
        PyThreadState_Clear(*mut PyThreadState);
        PyThreadState_Delete(*mut PyThreadState);
        PyThreadState_GetFrame(*mut PyThreadState) -> Raw;
        PyInterpreterState_Get() -> *mut PyInterpreterState;
        PyOS_BeforeFork();
        PyOS_AfterFork_Parent();
        PyOS_AfterFork_Child();
        Py_IncRef(Raw);
        Py_DecRef(Raw);
        PyType_FromSpec(*mut TypeSpec) -> Raw;
        PyType_GenericAlloc(Raw, isize) -> Raw;
        PyType_GetSlot(Raw, c_int) -> *mut c_void;
        PyType_GetFlags(Raw) -> c_ulong;
        PyObject_GetAttrString(Raw, *const c_char) -> Raw;
        PyObject_SetAttrString(Raw, *const c_char, Raw) -> c_int;
        PyObject_Vectorcall(Raw, *const Raw, usize, Raw) -> Raw;
        PyObject_Str(Raw) -> Raw;
        PyObject_IsTrue(Raw) -> c_int;
        PyUnicode_FromStringAndSize(*const c_char, isize) -> Raw;
        PyUnicode_AsUTF8AndSize(Raw, *mut isize) -> *const c_char;
        PyUnicode_DecodeLatin1(*const c_char, isize, *const c_char) -> Raw;
        PyBytes_FromStringAndSize(*const c_char, isize) -> Raw;
        PyBytes_AsStringAndSize(Raw, *mut *mut c_char, *mut isize) -> c_int;
        PyLong_FromLongLong(c_longlong) -> Raw;
        PyLong_AsLongLong(Raw) -> c_longlong;
        PyFloat_FromDouble(f64) -> Raw;
        PyFloat_AsDouble(Raw) -> f64;
        PyTuple_New(isize) -> Raw;
        PyTuple_SetItem(Raw, isize, Raw) -> c_int;
        PyTuple_Size(Raw) -> isize;
        PyTuple_GetItem(Raw, isize) -> Raw;
        PyList_New(isize) -> Raw;
        PyList_Append(Raw, Raw) -> c_int;
        PyList_Size(Raw) -> isize;
        PyList_GetItem(Raw, isize) -> Raw;
        PyDict_New() -> Raw;
        PyDict_SetItem(Raw, Raw, Raw) -> c_int;
        PyDict_Next(Raw, *mut isize, *mut Raw, *mut Raw) -> c_int;
        PyErr_SetString(Raw, *const c_char);
        PyErr_SetObject(Raw, Raw);
        PyErr_Occurred() -> Raw;
        PyErr_Clear();
        PyErr_Fetch(*mut Raw, *mut Raw, *mut Raw);
        PyErr_NormalizeException(*mut Raw, *mut Raw, *mut Raw);
        PyException_SetTraceback(Raw, Raw) -> c_int;
    }
    optional {
        PyUnstable_ThreadState_SetStackProtection(*mut PyThreadState, *mut c_void, usize) -> c_int;
    }
    objects {
        _Py_NoneStruct,
        _Py_TrueStruct,
        _Py_FalseStruct,
    }
    values {
        PyExc_TypeError,
        PyExc_RuntimeError,
        PyExc_SystemError,
        PyExc_BaseException,
    }
}

/// Why the table could not be made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LoadError {
    /// The library could not be opened.
    #[error("cannot load {path}: {reason}")]
    Library {
        /// Its path.
        path: String,
        /// What the loader says.
        reason: String,
    },
    /// It is not a Python that we know.
    #[error("the Python library has no {0}: Python 3.11 or newer is needed")]
    Missing(&'static str),
    /// It is that of another build than the interpreter.
    #[error("the library is that of Python {library}, and the interpreter is {program}")]
    OtherBuild {
        /// What the library says it is.
        library: String,
        /// What the interpreter says it is.
        program: String,
    },
}

static API: OnceLock<Api> = OnceLock::new();

/// Loads the table from this library.
pub(super) fn load(path: &Path) -> Result<&'static Api, LoadError> {
    let shown = || path.display().to_string();
    // Global, because modules written in C find Python's functions among the program's own.
    // SAFETY: a Python library initialises nothing of ours when it is loaded.
    let library = unsafe { Library::open(Some(path), RTLD_NOW | RTLD_GLOBAL) };
    let library =
        library.map_err(|error| LoadError::Library { path: shown(), reason: error.to_string() })?;
    let loaded = load_from(&library);
    // It stays for the life of the process.
    std::mem::forget(library);
    loaded
}

/// Loads the table from the process itself, which is a Python interpreter.
pub(super) fn load_from_process() -> Result<&'static Api, LoadError> {
    load_from(&Library::this())
}

fn load_from(library: &Library) -> Result<&'static Api, LoadError> {
    let found = Api::look_up(library)?;
    Ok(API.get_or_init(|| found))
}

/// Returns the table. Nothing of this room is reached before it is loaded.
pub(super) fn api() -> &'static Api {
    API.get().expect("Python's functions are looked up first")
}

// SAFETY: addresses of functions and of static objects, which every thread may read.
unsafe impl Send for Api {}
// SAFETY: as above.
unsafe impl Sync for Api {}
