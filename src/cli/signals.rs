//! Ctrl-C and SIGTERM: the first stops the run, the second the process.

use std::io;
use std::process;
use std::sync::Arc;
use std::thread;

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::{Handle, Signals};

use super::terminal::Terminal;
use crate::control::Control;
use crate::log::Log;

/// From now on the first signal asks the run to stop, with everything written as usual, and the
/// second ends the process at once, with the exit code of a process that the signal killed and the
/// terminal as it was.
pub(super) fn stop_on_signals(
    control: &Arc<Control>,
    log: &Log,
    terminal: Option<Terminal>,
) -> io::Result<Handle> {
    let mut signals = Signals::new([SIGINT, SIGTERM])?;
    let handle = signals.handle();
    let (control, log) = (control.clone(), log.clone());
    thread::Builder::new().name("gregaria-signals".into()).spawn(move || {
        for signal in signals.forever() {
            let name = if signal == SIGINT { "SIGINT" } else { "SIGTERM" };
            if control.is_stopping() {
                log.error("main", format_args!("Got {name} again, exiting at once"));
                terminal.iter().for_each(Terminal::restore);
                process::exit(128 + signal);
            }
            log.info("main", format_args!("Got {name}, stopping; once more exits at once"));
            control.stop();
        }
    })?;
    Ok(handle)
}
