//! `/api/v1`: the interface of the page's scripts, in JSON.

mod description;
pub(super) mod locust;
mod run;

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

pub use description::openapi;
pub(super) use run::{edit, reset, start, stop};

use super::App;
use super::form::FieldError;
use crate::report::json::render_run;
use crate::report::view::View;
use crate::stats::EntryKey;

/// Handles `GET /view`.
pub(super) async fn view(State(app): State<Arc<App>>) -> Response {
    json_response(StatusCode::OK, app.publisher.view())
}

/// Handles `GET /history`, or `GET /history?method=GET&name=/x`.
pub(super) async fn history(State(app): State<Arc<App>>, uri: Uri) -> Response {
    let pairs = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
    let (mut method, mut name) = (None, None);
    for (key, value) in pairs {
        match &*key {
            "method" => method = Some(value.into_owned()),
            "name" => name = Some(value.into_owned()),
            _ => {}
        }
    }
    match (method, name) {
        (None, None) => json_response(StatusCode::OK, app.publisher.history().to_string()),
        (method, name) => {
            let key =
                EntryKey { method: method.unwrap_or_default(), name: name.unwrap_or_default() };
            match app.publisher.history_of(&key) {
                Some(history) => json_response(StatusCode::OK, history.to_string()),
                None => error_response(
                    StatusCode::NOT_FOUND,
                    &[FieldError::new("name", "no such entry")],
                ),
            }
        }
    }
}

/// Handles `GET /form`.
pub(super) async fn form(State(app): State<Arc<App>>) -> Response {
    json_response(StatusCode::OK, app.live.form().to_string())
}

/// Handles `GET /run.json`: what `--json-file` would write of the run so far.
pub(super) async fn run_json(State(app): State<Arc<App>>) -> Response {
    let render = |view: &View<'_>| Some(render_run(view.snapshot?, view.facts.seed));
    match app.publisher.show(render) {
        Some(json) => json_response(StatusCode::OK, json),
        None => {
            error_response(StatusCode::NOT_FOUND, &[FieldError::new("", "there was no run yet")])
        }
    }
}

/// Handles `GET /openapi.json`.
pub(super) async fn description() -> Response {
    json_response(StatusCode::OK, openapi())
}

/// Makes a JSON response.
fn json_response(status: StatusCode, json: impl Into<Bytes>) -> Response {
    (status, [(CONTENT_TYPE, "application/json")], json.into()).into_response()
}

/// Makes the JSON response of a refused request: one message for each field that is wrong.
pub(super) fn error_response(status: StatusCode, faults: &[FieldError]) -> Response {
    let one = |fault: &FieldError| json!({ "field": fault.field, "message": fault.message });
    let faults: Value = faults.iter().map(one).collect();
    json_response(status, json!({ "errors": faults }).to_string())
}
