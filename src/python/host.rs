//! The interpreter of a host process, and of the core processes that it forks.

use std::ffi::CStr;
use std::io;
use std::os::fd::BorrowedFd;
use std::sync::Arc;

use rustix::process::Pid;
use serde_json::{Value, json};

use super::actions::PythonActions;
use super::api::{PyThreadState, api};
use super::object::{self, Object, Raised, import, take_exception};
use super::{core, package, process};
use crate::locustfile::{
    Actions, Caller, Deliver, Description, Forked, Interpreter, Load, LoadError, Tick,
};

/// Python in this process. Its lock is free whenever none of the methods runs, so that threads of the file
/// can.
pub(crate) struct Python {
    /// The thread state of the thread that the methods are called on.
    state: *mut PyThreadState,
}

impl Python {
    /// Takes over the interpreter that the calling thread runs, and gives its lock up.
    ///
    /// # Errors
    ///
    /// Returns why the packages that we bring along cannot be imported.
    pub(crate) fn take_over() -> Result<Self, String> {
        package::install().map_err(|Raised| take_exception().to_text())?;
        // SAFETY: the calling thread holds the lock.
        let state = unsafe { (api().PyEval_SaveThread)() };
        Ok(Python { state })
    }

    /// Takes the lock back for good.
    pub(crate) fn hand_back(self) {
        // SAFETY: the state that was saved on this thread.
        unsafe { (api().PyEval_RestoreThread)(self.state) };
    }

    fn with_lock<T>(&mut self, work: impl FnOnce() -> T) -> T {
        // SAFETY: the state that was saved on this thread.
        unsafe { (api().PyEval_RestoreThread)(self.state) };
        let done = work();
        // SAFETY: this thread holds the lock.
        self.state = unsafe { (api().PyEval_SaveThread)() };
        done
    }

    /// Calls a function of `locust._engine` with texts, and reads the JSON that it returns.
    fn call(&mut self, function: &CStr, arguments: &[&str]) -> Result<Value, LoadError> {
        let called = self.with_lock(|| call(function, arguments));
        called.and_then(|text| {
            serde_json::from_str(&text).map_err(|error| LoadError {
                text: format!("the locust package returned what is no JSON: {error}"),
                exit: 2,
            })
        })
    }
}

fn call(function: &CStr, arguments: &[&str]) -> Result<String, LoadError> {
    let called = || -> object::Result<String> {
        let arguments: Vec<Object> =
            arguments.iter().map(|text| Object::str(text)).collect::<object::Result<_>>()?;
        let arguments: Vec<&Object> = arguments.iter().collect();
        let answer = import(c"locust._engine")?.attr(function)?.call(&arguments)?;
        Ok(answer.view().as_str().unwrap_or("null").to_owned())
    };
    called().map_err(|Raised| {
        let exception = take_exception();
        let code = exception.attr(c"code").ok().and_then(|code| code.view().as_int());
        if code.is_none() {
            object::clear();
        }
        let exit = code.and_then(|code| u8::try_from(code).ok()).unwrap_or(2);
        LoadError { text: text_of(&exception), exit }
    })
}

fn description(described: Value) -> Result<Description, LoadError> {
    serde_json::from_value(described).map_err(|error| LoadError {
        text: format!("the locust package describes the file in a way that is unknown: {error}"),
        exit: 2,
    })
}

/// Returns an exception's text: of a bug in the package, with its traceback.
fn text_of(exception: &Object) -> String {
    let is_told = exception.attr(c"code").is_ok();
    object::clear();
    if is_told {
        return exception.to_text();
    }
    let formatted = || -> object::Result<String> {
        let lines = import(c"traceback")?.attr(c"format_exception")?.call1(exception)?;
        Ok(Object::str("")?.attr(c"join")?.call1(&lines)?.to_text())
    };
    formatted().unwrap_or_else(|Raised| {
        object::clear();
        exception.to_text()
    })
}

impl Interpreter for Python {
    fn connect(&mut self, caller: Arc<dyn Caller>) {
        process::calls(caller);
    }

    fn load(&mut self, load: &Load) -> Result<Description, LoadError> {
        let load = serde_json::to_string(load).unwrap_or_default();
        self.call(c"load", &[&load]).and_then(description)
    }

    fn init(&mut self) -> Result<Description, LoadError> {
        self.call(c"init", &[]).and_then(description)
    }

    fn fire(&mut self, event: &str, details: &Value) -> Result<Value, String> {
        self.call(c"fire", &[event, &details.to_string()]).map_err(|error| error.text)
    }

    fn shape(&mut self, name: Option<&str>) -> Result<(), String> {
        let name = json!({ "name": name }).to_string();
        self.call(c"shape", &[&name]).map(drop).map_err(|error| error.text)
    }

    fn tick(&mut self, state: &Value) -> Result<Option<Tick>, String> {
        let tick = self.call(c"tick", &[&state.to_string()]).map_err(|error| error.text)?;
        serde_json::from_value(tick).map_err(|error| format!("tick() returned no load: {error}"))
    }

    fn message(&mut self, message: &Value) -> Result<(), String> {
        self.call(c"message", &[&message.to_string()]).map(drop).map_err(|error| error.text)
    }

    fn deliverer(&mut self) -> Deliver {
        self.with_lock(core::remember_interpreter);
        let mut own = None;
        Box::new(move |message| {
            let own = own.get_or_insert_with(core::OtherThread::enter);
            // What a listener raises it has logged.
            let _ = own.with_lock(|| call(c"message", &[&message.to_string()]));
        })
    }

    fn fork(&mut self, _: BorrowedFd<'_>) -> io::Result<Forked> {
        self.with_lock(|| {
            let frozen = import(c"gc").and_then(|gc| gc.attr(c"freeze")?.call(&[]));
            if frozen.is_err() {
                object::clear();
            }
            // SAFETY: this thread holds the lock, and the interpreter is told before and after. Of this
            // program no other thread runs in a host that forks, nor in a fork server.
            let child = unsafe {
                (api().PyOS_BeforeFork)();
                let child = libc::fork();
                match child {
                    0 => (api().PyOS_AfterFork_Child)(),
                    _ => (api().PyOS_AfterFork_Parent)(),
                }
                child
            };
            match child {
                -1 => Err(io::Error::last_os_error()),
                0 => Ok(Forked::Child),
                child => {
                    let child = Pid::from_raw(child);
                    Ok(Forked::Parent(
                        child.ok_or_else(|| io::Error::other("fork gave no number"))?,
                    ))
                }
            }
        })
    }

    fn actions(&mut self, core: usize, cores: usize) -> Result<Arc<dyn Actions>, String> {
        process::is_core(core, cores);
        let details = json!({ "core": core, "cores": cores }).to_string();
        self.with_lock(|| {
            core::remember_interpreter();
            call(c"core", &[&details])
        })
        .map_err(|error| error.text)?;
        Ok(Arc::new(PythonActions))
    }
}
