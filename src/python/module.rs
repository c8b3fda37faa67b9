//! The built-in module `_gregaria`: what the Python packages that we bring along are made on.

use std::ffi::{c_int, c_void};
use std::ptr;
use std::time::Duration;

use super::api::{Method, ModuleDef, PyObject, Raw, api};
use super::core::Core;
use super::fiber::{Answer, Ask, Descriptor, Ended, Running, running};
use super::object::{Object, Result, View, answer, raise, raise_object};
use super::{class, client, parker, process, response};
use crate::locustfile::host::{self, Process};

/// The version of the C API that the definition of a module is for (`PYTHON_API_VERSION`).
const API_VERSION: c_int = 1013;

/// Makes the module. The interpreter calls it at the first import.
pub(super) unsafe extern "C" fn init() -> Raw {
    answer(|| {
        let module = make()?;
        let base = base_exception()?;
        let type_of_types = super::object::import(c"builtins")?.attr(c"type")?;
        let exit = type_of_types.call(&[
            &Object::str("GreenletExit")?,
            &Object::tuple([base])?,
            &Object::dict()?,
        ])?;
        exit.set_attr(c"__module__", &Object::str("gevent")?)?;
        module.set_attr(c"GreenletExit", &exit)?;
        module.set_attr(c"Stop", &exit)?;
        module.set_attr(c"Client", &client::class()?)?;
        module.set_attr(c"Response", &response::class()?)?;
        module.set_attr(c"USER_AGENT", &Object::str(crate::http1::PRODUCT)?)?;
        Ok(module)
    })
}

fn base_exception() -> Result<Object> {
    // SAFETY: a variable of the interpreter's that holds a class.
    Object::borrowed(unsafe { *api().PyExc_BaseException })
}

fn make() -> Result<Object> {
    let functions: [(&'static std::ffi::CStr, Method); 16] = [
        (c"sleep", sleep),
        (c"current", current),
        (c"spawn", spawn),
        (c"park", park),
        (c"unpark", unpark),
        (c"throw", throw),
        (c"finish", finish),
        (c"wait_fd", wait_fd),
        (c"core", core_number),
        (c"cores", cores),
        (c"iteration", iteration),
        (c"record", record),
        (c"exception", exception),
        (c"call", call),
        (c"register", register),
        (c"host", host),
    ];
    // Leaked: the interpreter refers to it as long as the process lives.
    let definition = Box::leak(Box::new(ModuleDef {
        head: PyObject::STATIC,
        base: [ptr::null_mut::<c_void>(); 3],
        name: c"_gregaria".as_ptr(),
        doc: ptr::null(),
        size: -1,
        methods: class::method_table(&functions),
        rest: [ptr::null_mut(); 4],
    }));
    // SAFETY: a definition that stays.
    Object::owned(unsafe { (api().PyModule_Create2)(definition, API_VERSION) })
}

/// The arguments of a call.
pub(super) struct Arguments<'a> {
    values: &'a [Raw],
    /// How many of them have no names.
    positional: usize,
    /// The names of the others.
    names: Option<View>,
}

impl Arguments<'_> {
    /// Views the arguments of a method.
    ///
    /// # Safety
    ///
    /// They are those that the interpreter has passed.
    pub(super) unsafe fn new<'a>(
        values: *const Raw,
        positional: isize,
        names: Raw,
    ) -> Arguments<'a> {
        let positional = positional as usize;
        // SAFETY: null, or a tuple of names.
        let names = unsafe { View::new(names) };
        // SAFETY: a tuple.
        let named = names.map_or(0, |names| unsafe { (api().PyTuple_Size)(names.raw()) as usize });
        let all = positional + named;
        let values = match all {
            0 => &[],
            // SAFETY: so many values.
            _ => unsafe { std::slice::from_raw_parts(values, all) },
        };
        Arguments { values, positional, names }
    }

    /// Returns a positional argument.
    pub(super) fn get(&self, at: usize) -> Option<View> {
        // SAFETY: an argument of the call.
        self.values[..self.positional].get(at).and_then(|&raw| unsafe { View::new(raw) })
    }

    pub(super) fn positional(&self) -> usize {
        self.positional
    }

    /// Returns the named arguments.
    pub(super) fn named(&self) -> impl Iterator<Item = (View, View)> {
        let names = self.names;
        (0..).zip(&self.values[self.positional..]).filter_map(move |(at, &value)| {
            // SAFETY: as many names as values; both live as long as the call.
            unsafe {
                let name = (api().PyTuple_GetItem)(names?.raw(), at);
                View::new(name).zip(View::new(value))
            }
        })
    }

    /// Calls a function with at most one argument and the named ones of this call.
    pub(super) fn forward_named(
        &self,
        function: &Object,
        argument: Option<&Object>,
    ) -> Result<Object> {
        let named = &self.values[self.positional..];
        let first = argument.map(Object::raw);
        let values: Vec<Raw> = first.into_iter().chain(named.iter().copied()).collect();
        let names = self.names.map_or(ptr::null_mut(), View::raw);
        let positional = usize::from(first.is_some());
        // SAFETY: so many positional arguments, and those that the names are of.
        Object::owned(unsafe {
            (api().PyObject_Vectorcall)(function.raw(), values.as_ptr(), positional, names)
        })
    }

    fn need(&self, at: usize, what: &str) -> Result<View> {
        self.get(at).ok_or_else(|| raise(api().PyExc_TypeError, &format!("{what} is missing")))
    }

    fn float(&self, at: usize, what: &str) -> Result<f64> {
        let value = self.need(at, what)?;
        value
            .as_float()
            .ok_or_else(|| raise(api().PyExc_TypeError, &format!("{what} is a number of seconds")))
    }

    fn int(&self, at: usize, what: &str) -> Result<i64> {
        let value = self.need(at, what)?;
        value.as_int().ok_or_else(|| raise(api().PyExc_TypeError, &format!("{what} is an int")))
    }

    /// Returns a time that may be None or left out.
    fn timeout(&self, at: usize) -> Result<Option<Duration>> {
        match self.get(at).filter(|value| !value.is_none()) {
            None => Ok(None),
            Some(_) => self.float(at, "the timeout").map(|timeout| Some(seconds(timeout))),
        }
    }

    fn text(&self, at: usize, what: &str) -> Result<&str> {
        let value = self.need(at, what)?;
        value.as_str().ok_or_else(|| raise(api().PyExc_TypeError, &format!("{what} is a str")))
    }
}

pub(super) fn seconds(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or(Duration::MAX)
}

macro_rules! method {
    ($name:ident, $arguments:ident => $body:expr) => {
        unsafe extern "C" fn $name(_: Raw, values: *const Raw, count: isize, names: Raw) -> Raw {
            answer(|| {
                // SAFETY: the interpreter's own.
                let $arguments = unsafe { Arguments::new(values, count, names) };
                $body
            })
        }
    };
}

method!(sleep, arguments => {
    let wait = seconds(arguments.float(0, "the time")?);
    match running() {
        Some(fiber) => happened(fiber, Ask::Sleep(wait)).map(|_| Object::none()),
        None => {
            outside(|| std::thread::sleep(wait));
            Ok(Object::none())
        }
    }
});

method!(current, _arguments => match running() {
    Some(fiber) => Object::int(fiber.parker.token as i64),
    None => Ok(Object::none()),
});

method!(spawn, arguments => {
    let callable = arguments.need(0, "what to call")?.to_owned();
    let Some(session) = running().and_then(Running::session) else {
        return Err(raise(
            api().PyExc_RuntimeError,
            "a greenlet can be started by a user only, not while the file is loaded",
        ));
    };
    let token = super::spawned::spawn(session, callable)
        .map_err(|error| raise(api().PyExc_RuntimeError, &error))?;
    Object::int(token as i64)
});

method!(park, arguments => {
    let timeout = arguments.timeout(0)?;
    let Some(fiber) = running() else {
        return Err(raise(api().PyExc_RuntimeError, "only a greenlet can wait for others"));
    };
    happened(fiber, Ask::Park(timeout)).map(Object::bool)
});

method!(unpark, arguments => {
    let token = arguments.int(0, "the token")? as u64;
    match Core::current() {
        Some(core) => core.parkers.unpark(token),
        None => parker::unpark_from_outside(token),
    }
    Ok(Object::none())
});

method!(throw, arguments => {
    let token = arguments.int(0, "the token")? as u64;
    let exception = arguments.need(1, "the exception")?.to_owned();
    if let Some(core) = Core::current() {
        core.parkers.throw(token, exception);
    }
    Ok(Object::none())
});

method!(finish, arguments => {
    let token = arguments.int(0, "the token")? as u64;
    if let Some(core) = Core::current() {
        core.parkers.finish(token);
    }
    Ok(Object::none())
});

method!(wait_fd, arguments => {
    const WRITABLE: i64 = 2;
    let fd = arguments.int(0, "the descriptor")? as i32;
    let writable = arguments.int(1, "what to wait for")? == WRITABLE;
    let timeout = arguments.timeout(2)?;
    match running() {
        Some(fiber) => {
            let descriptor = Descriptor { fd, writable, timeout };
            happened(fiber, Ask::Descriptor(descriptor)).map(Object::bool)
        }
        None => Ok(Object::bool(outside(|| super::outside::poll(fd, writable, timeout)))),
    }
});

method!(core_number, _arguments => match process::core() {
    Some(number) => Object::int(number as i64),
    None => Ok(Object::none()),
});

method!(cores, _arguments => Object::int(process::cores() as i64));

/// Has Python raise nothing at signals of the terminal and of service managers.
fn leave_signals_to_the_command() -> super::object::Result<()> {
    let signal = super::object::import(c"signal")?;
    let (handle, ignore) = (signal.attr(c"signal")?, signal.attr(c"SIG_IGN")?);
    for name in [c"SIGINT", c"SIGTERM", c"SIGHUP"] {
        handle.call(&[&signal.attr(name)?, &ignore])?;
    }
    Ok(())
}

// Runs this process as a host. In it and in each process that it forks, this ends the process.
method!(host, _arguments => {
    leave_signals_to_the_command()?;
    let mut python = super::Python::take_over()
        .map_err(|error| raise(api().PyExc_RuntimeError, &error))?;
    let ended = host::main(&mut python);
    python.hand_back();
    let code = |code| Object::int(i64::from(code != std::process::ExitCode::SUCCESS));
    match ended {
        Process::Host(ended) => super::object::import(c"sys")?.attr(c"exit")?.call1(&code(ended)?),
        // Fibers of users that are gone may still have frames, so Python is not ended.
        Process::Forked(ended) => {
            if process::core().is_some()
                && super::object::import(c"locust._engine")?.attr(c"end")?.call(&[]).is_err()
            {
                super::object::clear();
            }
            super::package::flush();
            super::object::import(c"os")?.attr(c"_exit")?.call1(&code(ended)?)
        }
    }
});

method!(iteration, arguments => {
    let wait = arguments.get(0).and_then(View::as_float).unwrap_or(-1.0);
    let Some(fiber) = running() else { return Ok(Object::none()) };
    let ended = if wait > 0.0 { Ended::Done(Some(wait)) } else { Ended::SkipsWait };
    match fiber.ask(Ask::Iterated(ended)) {
        Answer::Throw(exception) => Err(raise_object(&exception)),
        _ => Ok(Object::none()),
    }
});

method!(record, arguments => {
    let kind = arguments.text(0, "the method")?;
    let name = arguments.text(1, "the name")?;
    let ms = arguments.get(2).filter(|ms| !ms.is_none()).and_then(View::as_float);
    let length = arguments.get(3).and_then(View::as_int).unwrap_or_default();
    let failure = arguments.get(4).filter(|text| !text.is_none()).and_then(View::as_str);
    let Some(session) = running().and_then(Running::session) else {
        return Err(raise(
            api().PyExc_RuntimeError,
            "only users have requests to count: events.request was fired by none of them",
        ));
    };
    let took = Duration::try_from_secs_f64(ms.unwrap_or_default().max(0.0) / 1e3);
    session.count(kind, name, took.unwrap_or_default(), length.max(0) as u64, failure);
    Ok(Object::none())
});

method!(exception, arguments => {
    count_exception(arguments.text(0, "the message")?, arguments.text(1, "the traceback")?);
    Ok(Object::none())
});

method!(call, arguments => {
    let name = arguments.text(0, "the name")?.to_owned();
    let text = arguments.text(1, "the text")?.to_owned();
    let called = match running() {
        Some(fiber) => match fiber.ask(Ask::Call(name, text)) {
            Answer::Called(called) => called,
            Answer::Throw(exception) => return Err(raise_object(&exception)),
            _ => Err("the core has no answer".to_owned()),
        },
        None => outside(|| process::call(&name, &text)),
    };
    let text = called.map_err(|reason| raise(api().PyExc_RuntimeError, &reason))?;
    Object::str(&text)
});

method!(register, arguments => {
    for (name, class) in arguments.named() {
        match name.as_str() {
            Some("Response") => response::register(false, class.to_owned()),
            Some("FastResponse") => response::register(true, class.to_owned()),
            _ => return Err(raise(api().PyExc_TypeError, "only responses can be registered")),
        }
    }
    Ok(Object::none())
});

/// Counts an exception of the file's. Outside of a user there is nothing that counts.
pub(super) fn count_exception(message: &str, traceback: &str) {
    if let Some(session) = running().and_then(Running::session) {
        session.count_exception(message, traceback);
    }
}

/// Leaves the fiber until something has happened, or its time is over.
fn happened(fiber: &Running, ask: Ask) -> Result<bool> {
    match fiber.ask(ask) {
        Answer::Happened(happened) => Ok(happened),
        Answer::Throw(exception) => Err(raise_object(&exception)),
        Answer::Job(_) | Answer::Made(_) | Answer::Called(_) => Ok(false),
    }
}

/// Does what takes time on a thread without fibers, without the interpreter's lock.
fn outside<T>(work: impl FnOnce() -> T) -> T {
    // SAFETY: this thread holds the lock, and takes it again below.
    let state = unsafe { (api().PyEval_SaveThread)() };
    let done = work();
    // SAFETY: the state that was saved.
    unsafe { (api().PyEval_RestoreThread)(state) };
    done
}
