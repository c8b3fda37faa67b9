//! Starting, changing and stopping a run.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};

use super::{error_response, json_response};
use crate::control::{Change, Refused};
use crate::scenario::LoadShape;
use crate::web::action::Action;
use crate::web::form::{FieldError, LoadChange, StartForm};
use crate::web::{App, RunHandle};

/// Handles `POST /runs`.
pub(in crate::web) async fn start(State(app): State<Arc<App>>, body: Bytes) -> Response {
    let start = match read_json(&body).and_then(|form| StartForm::from_json(&form)) {
        Ok(start) => start,
        Err(wrong) => return error_response(StatusCode::UNPROCESSABLE_ENTITY, &wrong),
    };
    match app.start(start).await {
        Ok(number) => json_response(StatusCode::CREATED, json!({ "run": number }).to_string()),
        Err(NotStarted::Busy) => conflict("a run is on: stop it first"),
        Err(NotStarted::Wrong(wrong)) => error_response(StatusCode::UNPROCESSABLE_ENTITY, &wrong),
        Err(NotStarted::Ending) => error_response(
            StatusCode::SERVICE_UNAVAILABLE,
            &[FieldError::new("", "the program is ending")],
        ),
    }
}

/// Handles `POST /run/load`.
pub(in crate::web) async fn edit(State(app): State<Arc<App>>, body: Bytes) -> Response {
    let run = match app.changeable() {
        Ok(run) => run,
        Err(reason) => return conflict(reason),
    };
    let edit = read_json(&body).and_then(|form| LoadChange::from_json(&form));
    match edit.and_then(|edit| app.edit(&run, edit)) {
        Ok(()) => json_response(StatusCode::OK, "{}"),
        Err(wrong) => error_response(StatusCode::UNPROCESSABLE_ENTITY, &wrong),
    }
}

/// Handles `POST /run/stop`.
pub(in crate::web) async fn stop(State(app): State<Arc<App>>) -> Response {
    if app.stop() { json_response(StatusCode::OK, "{}") } else { conflict(NO_RUN) }
}

/// Handles `POST /run/reset`.
pub(in crate::web) async fn reset(State(app): State<Arc<App>>) -> Response {
    match app.reset() {
        Ok(()) => json_response(StatusCode::OK, "{}"),
        Err(reason) => conflict(reason),
    }
}

const NO_RUN: &str = "no run is on: there is nothing to change, and its numbers stay as they are";
const STOPPING: &str = "the run is stopping: it cannot be changed any more";

fn conflict(message: &str) -> Response {
    error_response(StatusCode::CONFLICT, &[FieldError::new("", message)])
}

/// Reads a body as JSON. An empty body is an empty form.
pub(super) fn read_json(body: &[u8]) -> Result<Value, Vec<FieldError>> {
    if body.is_empty() {
        return Ok(json!({}));
    }
    serde_json::from_slice(body)
        .map_err(|error| vec![FieldError::new("", format!("expected a JSON object: {error}"))])
}

/// Why no run was started.
pub(in crate::web) enum NotStarted {
    /// A run is active.
    Busy,
    /// The form is wrong.
    Wrong(Vec<FieldError>),
    /// The command is ending.
    Ending,
}

impl App {
    /// Starts a run and returns its number.
    pub(in crate::web) async fn start(&self, form: StartForm) -> Result<u64, NotStarted> {
        if !self.live.claim() {
            return Err(NotStarted::Busy);
        }
        let (action, reply) = Action::start(form);
        if self.actions.send(action).is_err() {
            self.live.release();
            return Err(NotStarted::Ending);
        }
        match reply.await {
            Ok(started) => started.map_err(NotStarted::Wrong),
            Err(_) => Err(NotStarted::Ending),
        }
    }

    /// Returns the active run if it can be changed. A run that is stopping cannot: it starts no more
    /// users, and a reset would throw its results away.
    pub(in crate::web) fn changeable(&self) -> Result<RunHandle, &'static str> {
        match self.live.running() {
            None => Err(NO_RUN),
            Some(run) if run.control.is_stopping() => Err(STOPPING),
            Some(run) => Ok(run),
        }
    }

    /// Changes the load of the run.
    pub(in crate::web) fn edit(
        &self,
        run: &RunHandle,
        edit: LoadChange,
    ) -> Result<(), Vec<FieldError>> {
        let (changed, change) = match edit {
            LoadChange::Users(users, spawn_rate) => {
                let rate = spawn_rate.unwrap_or_else(|| run.spawn_rate());
                (run.control.set_users(users, rate), Change::Users { users, spawn_rate: rate })
            }
            LoadChange::Rate(rate) => (run.control.set_rate(rate), Change::Rate(rate)),
        };
        changed.map_err(|refused| vec![fault(&refused, change)])?;
        self.log.info("runners", change);
        self.live.notify();
        Ok(())
    }

    /// Stops the active run; returns `false` where there is none.
    pub(in crate::web) fn stop(&self) -> bool {
        let was_active = self.live.stop();
        if was_active {
            self.log.info("web", "Stopping, as the page asks");
        }
        was_active
    }

    /// Resets the statistics of the active run, or of the last one.
    ///
    /// # Errors
    ///
    /// Returns why they cannot be reset.
    pub(in crate::web) fn reset(&self) -> Result<(), &'static str> {
        match self.changeable() {
            Ok(run) => {
                run.control.reset();
                self.live.notify();
            }
            Err(NO_RUN) if self.live.reset() => {}
            Err(reason) => return Err(reason),
        }
        self.log.info("web", "Resetting stats, as the page asks");
        Ok(())
    }
}

impl RunHandle {
    /// Names what sets the number of users where the start form does not: `shape` or `rate`.
    pub(super) fn shape(&self) -> Option<&'static str> {
        match (&self.plan.arrivals, &self.plan.shape) {
            (None, LoadShape::Ramp { .. }) => None,
            (None, _) => Some("shape"),
            (Some(_), _) => self.plan.scenario.load.arrivals.as_ref().map(|_| "rate"),
        }
    }

    /// Returns the spawn rate for a change that names none. A load shape has Locust's default.
    fn spawn_rate(&self) -> f64 {
        match self.plan.shape {
            LoadShape::Ramp { spawn_rate, .. } => spawn_rate,
            _ => 1.0,
        }
    }
}

fn fault(refused: &Refused, change: Change) -> FieldError {
    let field = match (refused, change) {
        (Refused::IsOpen | Refused::TooManyUsers(_), _) => "users",
        (Refused::IsClosed, _) | (Refused::Rate(_), Change::Rate(_)) => "rate",
        (Refused::Rate(_), Change::Users { .. }) => "spawn_rate",
    };
    FieldError::new(field, refused)
}
