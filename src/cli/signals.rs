//! Ctrl-C and SIGTERM: the first stops what runs, the second the process.

use std::io;
use std::process;
use std::sync::Arc;
use std::thread;

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::{Handle, Signals};

use super::terminal::Terminal;
use crate::control::Control;
use crate::log::Log;

/// From now on the first signal calls `stop`, which is to end things with everything written as
/// usual, and one for which `is_stopping` is so ends the process at once, with the exit code of a
/// process that the signal killed and the terminal as it was.
pub(super) fn on_signals(
    log: &Log,
    terminal: Option<Terminal>,
    is_stopping: impl Fn() -> bool + Send + 'static,
    stop: impl Fn() + Send + 'static,
) -> io::Result<Handle> {
    let mut signals = Signals::new([SIGINT, SIGTERM])?;
    let handle = signals.handle();
    let log = log.clone();
    thread::Builder::new().name("gregaria-signals".into()).spawn(move || {
        for signal in signals.forever() {
            let name = if signal == SIGINT { "SIGINT" } else { "SIGTERM" };
            if is_stopping() {
                log.error("main", format_args!("Got {name} again, exiting at once"));
                terminal.iter().for_each(Terminal::restore);
                process::exit(128 + signal);
            }
            log.info("main", format_args!("Got {name}, stopping; once more exits at once"));
            stop();
        }
    })?;
    Ok(handle)
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
