//! Signals: which end the run with all reports, which end the process at once, and which suspend it.
//!
//! | signal | what happens |
//! |---|---|
//! | SIGINT (Ctrl-C), SIGTERM | the run ends, with all reports; a second one ends the process |
//! | SIGHUP (the terminal was closed) | the run ends, and further ones change nothing: a shell and the kernel both send it. Ignored under `nohup` |
//! | SIGQUIT (Ctrl-\\), and with a terminal all others that end a process | the default action, after the terminal's settings are restored |
//! | SIGTSTP (Ctrl-Z) | the process is suspended, after the terminal's settings are restored |
//! | SIGXFSZ | nothing: as in Python, the write fails, and the report has an error |
//!
//! SIGKILL, SIGSTOP and crashes cannot be handled.

use std::io;
use std::process;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use libc::c_int;
use signal_hook::consts::signal::*;
use signal_hook::iterator::{Handle, Signals};
use signal_hook::low_level::{emulate_default_handler, signal_name};

use super::job_control;
use super::terminal::Terminal;
use crate::control::Control;
use crate::log::Log;
use crate::report::file;

/// Signals that end a process by default, besides those in the table above.
const DEADLY: [c_int; 12] = [
    SIGUSR1,
    SIGUSR2,
    SIGALRM,
    SIGVTALRM,
    SIGPROF,
    SIGXCPU,
    SIGABRT,
    SIGTRAP,
    SIGSYS,
    SIGIO,
    libc::SIGPWR,
    libc::SIGSTKFLT,
];

/// How long the end of the process waits for a report that is being written.
const WRITES_END: Duration = Duration::from_secs(1);

/// Starts a thread that handles signals as in the table above. The first signal that ends a run calls
/// `stop`. One that comes when `is_stopping` returns true ends the process at once, with the exit code of
/// a process that the signal killed.
pub(super) fn on_signals(
    log: &Log,
    terminal: Option<Terminal>,
    is_stopping: impl Fn() -> bool + Send + 'static,
    stop: impl Fn() + Send + 'static,
) -> io::Result<Handle> {
    let of_terminal: &[c_int] = if terminal.is_some() { &[SIGTSTP] } else { &[] };
    let deadly: &[c_int] = if terminal.is_some() { &DEADLY } else { &[] };
    let hangup: &[c_int] = if job_control::is_ignored(SIGHUP) { &[] } else { &[SIGHUP] };
    let always = [SIGINT, SIGTERM, SIGQUIT, SIGXFSZ];
    let mut signals = Signals::new([&always[..], hangup, of_terminal, deadly].concat())?;
    let handle = signals.handle();
    let log = log.clone();
    thread::Builder::new().name("gregaria-signals".into()).spawn(move || {
        for signal in signals.forever() {
            let name = signal_name(signal).unwrap_or("a signal");
            match signal {
                SIGXFSZ => {}
                SIGTSTP => terminal.iter().for_each(|terminal| terminal.lend(job_control::suspend)),
                SIGHUP if is_stopping() => {}
                SIGHUP => {
                    log.info("main", format_args!("Got {name}, stopping"));
                    stop();
                }
                SIGINT | SIGTERM if !is_stopping() => {
                    log.info("main", format_args!("Got {name}, stopping; once more exits at once"));
                    stop();
                }
                SIGINT | SIGTERM => {
                    log.error("main", format_args!("Got {name} again, exiting at once"));
                    leave(&terminal, || process::exit(128 + signal));
                }
                _ => leave(&terminal, || {
                    let _ = emulate_default_handler(signal);
                    process::exit(128 + signal);
                }),
            }
        }
    })?;
    Ok(handle)
}

/// Restores the terminal and ends the process, with no report half-written.
fn leave(terminal: &Option<Terminal>, exit: impl FnOnce()) {
    terminal.iter().for_each(Terminal::restore);
    let _no_more = file::pause(WRITES_END);
    exit();
}

/// Handles signals for one run. The first one that ends it also calls `interrupted`.
pub(super) fn stop_on_signals(
    control: &Arc<Control>,
    log: &Log,
    terminal: Option<Terminal>,
    interrupted: impl Fn() + Send + 'static,
) -> io::Result<Handle> {
    let (asked, control) = (control.clone(), control.clone());
    let stop = move || {
        interrupted();
        control.stop();
    };
    on_signals(log, terminal, move || asked.is_stopping(), stop)
}
