//! Signals: what ends a run with everything written, what ends the process at once, and what stops it
//! for a while.
//!
//! | signal | what happens |
//! |---|---|
//! | SIGINT (Ctrl-C), SIGTERM | the end of the run, with all reports; once more, of the process |
//! | SIGHUP (the terminal was closed) | the end of the run, however often it comes: a shell and the kernel both send it. Ignored under `nohup` |
//! | SIGQUIT (Ctrl-\\), and with a terminal whatever else ends a process | as everywhere, with the terminal as it was |
//! | SIGTSTP (Ctrl-Z) | the process stops, with the terminal as it was |
//! | SIGXFSZ | nothing: the file that is too large is an error of its report, as in Python |
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

/// What ends a process that does not ask for it, besides those in the table above.
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

/// How long a report that is being written keeps the process from its end.
const WRITES_END: Duration = Duration::from_secs(1);

/// From now on the first signal that asks for an end calls `stop`, which is to end things with
/// everything written as usual, and one for which `is_stopping` is so ends the process at once, with the
/// exit code of a process that the signal killed and the terminal as it was.
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

/// Ends the process, with the terminal as it was and no report half-written.
fn leave(terminal: &Option<Terminal>, exit: impl FnOnce()) {
    terminal.iter().for_each(Terminal::restore);
    let _no_more = file::pause(WRITES_END);
    exit();
}

/// The same for one run.
pub(super) fn stop_on_signals(
    control: &Arc<Control>,
    log: &Log,
    terminal: Option<Terminal>,
) -> io::Result<Handle> {
    let (asked, control) = (control.clone(), control.clone());
    on_signals(log, terminal, move || asked.is_stopping(), move || control.stop())
}
