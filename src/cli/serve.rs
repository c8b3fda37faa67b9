//! `gregaria serve`: the tutorial's API on the built-in server.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use super::{Error, ServeArgs, milestones, print, signals};
use crate::control::Control;
use crate::cores::allowed_cores;
use crate::log::{Level, Log};
use crate::reactor::preflight;
use crate::target::{Close, Options, Pathology, Server};

/// How often the command checks whether to stop.
const STOP_CHECK: Duration = Duration::from_millis(50);

/// Serves until the first Ctrl-C or SIGTERM, then prints counts.
pub(super) fn serve(args: &ServeArgs) -> Result<u8, Error> {
    let control = Arc::new(Control::default());
    let log = Log::new(Level::Info, None)?;
    let signals = signals::stop_on_signals(&control, &log, None, || ())?;
    milestones::chosen(&preflight::choose(args.io)?, &log);
    let server = Server::start(options(args)?)?;
    let address = server.address();
    print(&format!("Serving GET /, /users, /status at http://{address} (Ctrl-C stops)\n"))?;
    while !control.is_stopping() {
        std::thread::sleep(STOP_CHECK);
    }
    let counters = server.stop()?;
    signals.close();
    print(&format!(
        "Requests: {}, responses: {}, connections: {}\n",
        counters.requests, counters.responses, counters.connections
    ))?;
    Ok(0)
}

fn options(args: &ServeArgs) -> Result<Options, Error> {
    let allowed = allowed_cores();
    let cores = match &args.cores {
        None => allowed,
        Some(cores) => cores
            .0
            .iter()
            .map(|&core| {
                let known = allowed.iter().find(|id| id.id == core).copied();
                known.ok_or_else(|| format!("core {core} cannot be used"))
            })
            .collect::<Result<_, _>>()?,
    };
    let close = match args.close_after.or(args.close.then_some(1)) {
        None => Close::Never,
        Some(answers) if args.close_silently => Close::Silent(answers),
        Some(answers) => Close::Announced(answers),
    };
    Ok(Options {
        cores,
        io: args.io,
        address: SocketAddr::new(args.bind, args.port),
        pathology: pathology(args),
        error_rate: args.error_rate,
        drop_rate: args.drop_rate,
        close,
        idle_timeout: args.idle_timeout,
        seed: args.seed,
    })
}

fn pathology(args: &ServeArgs) -> Pathology {
    Pathology {
        delay: args.delay,
        slow_start: args.slow_start,
        bimodal: args.bimodal.map(|bimodal| bimodal.seed(args.seed)),
        stall: args.stall,
        stop: args.stop_at,
    }
}
