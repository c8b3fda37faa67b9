//! Starting, changing and stopping a run.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};

use super::{answer, faults};
use crate::control::{Change, Refused};
use crate::scenario::LoadShape;
use crate::web::order::Order;
use crate::web::start::{Edit, Fault, Start};
use crate::web::{App, Run};

/// `POST /runs`.
pub(in crate::web) async fn start(State(app): State<Arc<App>>, body: Bytes) -> Response {
    let start = match read(&body).and_then(|form| Start::from_json(&form)) {
        Ok(start) => start,
        Err(wrong) => return faults(StatusCode::UNPROCESSABLE_ENTITY, &wrong),
    };
    match app.start(start).await {
        Ok(number) => answer(StatusCode::CREATED, json!({ "run": number }).to_string()),
        Err(NotStarted::Busy) => conflict("a run is on: stop it first"),
        Err(NotStarted::Wrong(wrong)) => faults(StatusCode::UNPROCESSABLE_ENTITY, &wrong),
        Err(NotStarted::Ending) => {
            faults(StatusCode::SERVICE_UNAVAILABLE, &[Fault::of("", "the program is ending")])
        }
    }
}

/// `POST /run/load`.
pub(in crate::web) async fn edit(State(app): State<Arc<App>>, body: Bytes) -> Response {
    let run = match app.steered() {
        Ok(run) => run,
        Err(reason) => return conflict(reason),
    };
    let edit = read(&body).and_then(|form| Edit::from_json(&form));
    match edit.and_then(|edit| app.edit(&run, edit)) {
        Ok(()) => answer(StatusCode::OK, "{}"),
        Err(wrong) => faults(StatusCode::UNPROCESSABLE_ENTITY, &wrong),
    }
}

/// `POST /run/stop`.
pub(in crate::web) async fn stop(State(app): State<Arc<App>>) -> Response {
    if app.stop() { answer(StatusCode::OK, "{}") } else { conflict(NO_RUN) }
}

/// `POST /run/reset`.
pub(in crate::web) async fn reset(State(app): State<Arc<App>>) -> Response {
    match app.reset() {
        Ok(()) => answer(StatusCode::OK, "{}"),
        Err(reason) => conflict(reason),
    }
}

const NO_RUN: &str = "no run is on: there is nothing to change, and its numbers stay as they are";
const STOPPING: &str = "the run is stopping: it cannot be changed any more";

fn conflict(message: &str) -> Response {
    faults(StatusCode::CONFLICT, &[Fault::of("", message)])
}

/// A body of JSON; nothing is an empty form.
fn read(body: &[u8]) -> Result<Value, Vec<Fault>> {
    if body.is_empty() {
        return Ok(json!({}));
    }
    serde_json::from_slice(body)
        .map_err(|error| vec![Fault::of("", format!("expected a JSON object: {error}"))])
}

/// Why no run was started.
pub(in crate::web) enum NotStarted {
    /// One is on.
    Busy,
    /// It cannot be as it was asked for.
    Wrong(Vec<Fault>),
    /// Nobody starts any more.
    Ending,
}

impl App {
    /// Has a run started: its number.
    pub(in crate::web) async fn start(&self, start: Start) -> Result<u64, NotStarted> {
        if !self.live.claim() {
            return Err(NotStarted::Busy);
        }
        let (order, answer) = Order::start(start);
        if self.orders.send(order).is_err() {
            self.live.release();
            return Err(NotStarted::Ending);
        }
        match answer.await {
            Ok(started) => started.map_err(NotStarted::Wrong),
            Err(_) => Err(NotStarted::Ending),
        }
    }

    /// The run that is on, as long as it may be changed: of one that stops, a reset would throw the
    /// results away, and no user comes any more.
    pub(in crate::web) fn steered(&self) -> Result<Run, &'static str> {
        match self.live.running() {
            None => Err(NO_RUN),
            Some(run) if run.control.is_stopping() => Err(STOPPING),
            Some(run) => Ok(run),
        }
    }

    /// Changes the load of a run.
    pub(in crate::web) fn edit(&self, run: &Run, edit: Edit) -> Result<(), Vec<Fault>> {
        let (changed, change) = match edit {
            Edit::Users(users, spawn_rate) => {
                let rate = spawn_rate.unwrap_or_else(|| run.spawn_rate());
                (run.control.set_users(users, rate), Change::Users { users, spawn_rate: rate })
            }
            Edit::Rate(rate) => (run.control.set_rate(rate), Change::Rate(rate)),
        };
        changed.map_err(|refused| vec![fault(&refused, change)])?;
        self.log.info("runners", change);
        self.live.touch();
        Ok(())
    }

    /// Stops the run; whether one was on.
    pub(in crate::web) fn stop(&self) -> bool {
        let was_on = self.live.stop();
        if was_on {
            self.log.info("web", "Stopping, as the page asks");
        }
        was_on
    }

    /// Begins the statistics anew, of the run that is on or of the one that is over, or says why not.
    pub(in crate::web) fn reset(&self) -> Result<(), &'static str> {
        match self.steered() {
            Ok(run) => {
                run.control.reset();
                self.live.touch();
            }
            Err(NO_RUN) if self.live.reset() => {}
            Err(reason) => return Err(reason),
        }
        self.log.info("web", "Resetting stats, as the page asks");
        Ok(())
    }
}

impl Run {
    /// What decides how many users there are, where it is not who starts the run.
    pub(super) fn shape(&self) -> Option<&'static str> {
        match (&self.plan.arrivals, &self.plan.shape) {
            (None, LoadShape::Ramp { .. }) => None,
            (None, _) => Some("shape"),
            (Some(_), _) => self.plan.scenario.load.arrivals.as_ref().map(|_| "rate"),
        }
    }

    /// How users come and go where nobody says, of a shape as Locust has it without one.
    fn spawn_rate(&self) -> f64 {
        match self.plan.shape {
            LoadShape::Ramp { spawn_rate, .. } => spawn_rate,
            _ => 1.0,
        }
    }
}

fn fault(refused: &Refused, change: Change) -> Fault {
    let field = match (refused, change) {
        (Refused::IsOpen | Refused::TooManyUsers(_), _) => "users",
        (Refused::IsClosed, _) | (Refused::Rate(_), Change::Rate(_)) => "rate",
        (Refused::Rate(_), Change::Users { .. }) => "spawn_rate",
    };
    Fault::of(field, refused)
}
