//! A core process: plans the run, makes one core's share of its load, and ships its statistics.
//!
//! Beside the core's own thread it has three: the first one, on which Python's events are fired; one that
//! sends what goes to the command; one that receives what comes from it. None of them is pinned, and the
//! last two never wait for Python.

mod link;

use std::process::ExitCode;
use std::sync::Arc;
use std::thread;

use crossbeam_channel::{Receiver, Sender, bounded, unbounded};
use serde_json::{Value, json};

use self::link::{Link, News, Order};
use super::connection::Connection;
use super::interpreter::Interpreter;
use super::message::{FromCore, ToCore};
use crate::control::Control;
use crate::executor;
use crate::run::{self, INTERVALS_WAITING};
use crate::stats::{Ending, Interval, Versioned};

/// The event of a run that begins to end.
const STOPPING: &str = "test_stopping";

/// Runs a core process to its end.
pub(super) fn main(connection: Connection, interpreter: &mut dyn Interpreter) -> ExitCode {
    let control = Arc::new(Control::default());
    let (outbox, outgoing) = unbounded();
    let (ship, shipped) = bounded(INTERVALS_WAITING);
    let link = Arc::new(Link::new(outbox));
    let Ok(sender) = connection.share() else { return ExitCode::FAILURE };
    let relay = Relay { connection: sender, control: control.clone(), told: None };
    let news = control.news();
    let relay = thread::spawn(move || relay.run(&outgoing, &shipped, &news));
    let ran = Core { control, link: link.clone() }.run(connection, ship, interpreter);
    let code = match ran {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            link.send(FromCore::Failed(reason));
            ExitCode::FAILURE
        }
    };
    // Everything that is still to go has gone before the process ends.
    link.close();
    let _ = relay.join();
    code
}

struct Core {
    control: Arc<Control>,
    link: Arc<Link>,
}

impl Core {
    fn run(
        &self,
        connection: Connection,
        intervals: Sender<Interval>,
        interpreter: &mut dyn Interpreter,
    ) -> Result<(), String> {
        let assignment = match connection.receive().map_err(|error| error.to_string())? {
            Some(ToCore::Plan(assignment)) => *assignment,
            Some(_) | None => return Err("the command has sent no plan".to_owned()),
        };
        let (core, cores) = (assignment.core, assignment.cores);
        if assignment.expects_changes {
            self.control.expect_changes();
        }
        let (give, orders) = unbounded();
        let (link, control) = (self.link.clone(), self.control.clone());
        thread::spawn(move || link.receive(&connection, &control, &give));
        interpreter.connect(self.link.clone());
        let actions = interpreter.actions(core, cores)?;
        self.link.send(FromCore::Initialised);
        let plan = assignment.plan(&*actions).map_err(|error| error.to_string())?;
        run::preflight(&plan).map_err(|error| error.to_string())?;
        let plan = Arc::new(plan);
        let ready = executor::prepare(&plan, &self.control, core..core + 1, intervals)
            .map_err(|error| error.to_string())?;
        let backend = ready.backend;
        let (done, ended) = bounded::<()>(0);
        let mut ready = Some((ready, done));
        let mut running = None;
        let mut is_stopping = false;
        // The core's thread drops `done` when it has ended; before the start nothing does.
        loop {
            crossbeam_channel::select! {
                recv(orders) -> order => match order {
                    Ok(Order::TestStart(details)) => {
                        self.fire(interpreter, "test_start", &details);
                        self.link.send(FromCore::Ready { backend });
                    }
                    Ok(Order::Begin(at)) => if let Some((cores, done)) = ready.take() {
                        running = Some(thread::spawn(move || {
                            let _done = done;
                            cores.begin(at).join()
                        }));
                    },
                    Ok(Order::Tell(news)) => is_stopping |= self.tell(interpreter, news),
                    Err(_) => return Err("the command has ended".to_owned()),
                },
                recv(ended) -> _ => break,
            }
        }
        let joined = running.map_or(Ok(Ok(())), thread::JoinHandle::join);
        let rest = orders.try_iter().filter_map(|order| match order {
            Order::Tell(news) => Some(news),
            Order::TestStart(_) | Order::Begin(_) => None,
        });
        rest.for_each(|news| is_stopping |= self.tell(interpreter, news));
        // The core may have ended before the command could tell.
        if !is_stopping {
            self.fire(interpreter, STOPPING, &json!({}));
        }
        self.fire(interpreter, "test_stop", &json!({}));
        self.link.send(FromCore::Stopped);
        self.fire(interpreter, "quitting", &json!({}));
        self.fire(interpreter, "quit", &json!({}));
        match joined {
            Ok(ended) => ended.map_err(|error| error.to_string()),
            Err(_) => Err(executor::Error::Panicked.to_string()),
        }
    }

    /// Tells listeners something. Returns whether it is that the run begins to end.
    fn tell(&self, interpreter: &mut dyn Interpreter, news: News) -> bool {
        match news {
            News::Event(name, details) => {
                self.fire(interpreter, &name, &details);
                name == STOPPING
            }
            News::Message(message) => {
                // What a listener raises it has logged.
                let _ = interpreter.message(&message);
                false
            }
        }
    }

    /// Fires an event of this process. What its listeners raise they have logged.
    fn fire(&self, interpreter: &mut dyn Interpreter, event: &str, details: &Value) {
        let _ = interpreter.fire(event, details);
    }
}

/// Sends what goes to the command.
struct Relay {
    connection: Connection,
    control: Arc<Control>,
    /// What ended the core, if the command knows it.
    told: Option<Ending>,
}

impl Relay {
    fn run(
        mut self,
        outgoing: &Receiver<FromCore>,
        intervals: &Receiver<Interval>,
        news: &Receiver<()>,
    ) {
        let mut intervals = intervals.clone();
        loop {
            crossbeam_channel::select! {
                recv(intervals) -> interval => match interval {
                    Ok(interval) => self.ship(interval),
                    Err(_) => intervals = crossbeam_channel::never(),
                },
                recv(outgoing) -> message => match message {
                    Ok(message) => self.send(&message),
                    Err(_) => break,
                },
                recv(news) -> _ => self.tell_ending(),
            }
        }
        // A core that broke may never drop its sender.
        let rest: Vec<_> = intervals.try_iter().collect();
        rest.into_iter().for_each(|interval| self.ship(interval));
    }

    fn ship(&mut self, interval: Interval) {
        self.tell_ending();
        self.send(&FromCore::Interval(Box::new(Versioned::new(interval))));
    }

    /// Tells what the core has decided itself. A stop comes from the command.
    fn tell_ending(&mut self) {
        let ending = self.control.ending().filter(|ending| *ending != Ending::Stop);
        if let Some(ending) = ending
            && self.told.replace(ending) != Some(ending)
        {
            self.send(&FromCore::Ending(ending));
        }
    }

    /// Sends a message. Where the command is gone, the thread that receives notices it.
    fn send(&self, message: &FromCore) {
        let _ = self.connection.send(message);
    }
}
