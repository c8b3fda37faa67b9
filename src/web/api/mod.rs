//! `/api/v1`: what the page shows as JSON, and what it asks for.

pub(super) mod locust;
mod run;

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

pub(super) use run::{edit, reset, start, stop};

use super::App;
use super::start::Fault;
use crate::report::json::render_run;
use crate::report::view::View;
use crate::stats::EntryKey;

/// `GET /view`.
pub(super) async fn view(State(app): State<Arc<App>>) -> Response {
    answer(StatusCode::OK, app.board.view())
}

/// `GET /history`, or `GET /history?method=GET&name=/x`.
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
        (None, None) => answer(StatusCode::OK, app.board.history().to_string()),
        (method, name) => {
            let key =
                EntryKey { method: method.unwrap_or_default(), name: name.unwrap_or_default() };
            match app.board.history_of(&key) {
                Some(history) => answer(StatusCode::OK, history.to_string()),
                None => faults(StatusCode::NOT_FOUND, &[Fault::of("name", "no such entry")]),
            }
        }
    }
}

/// `GET /form`.
pub(super) async fn form(State(app): State<Arc<App>>) -> Response {
    answer(StatusCode::OK, app.live.form().to_string())
}

/// `GET /run.json`: what `--json-file` writes, of the run as it stands.
pub(super) async fn run_json(State(app): State<Arc<App>>) -> Response {
    let render = |view: &View<'_>| Some(render_run(view.snapshot?, view.facts.seed));
    match app.board.show(render) {
        Some(json) => answer(StatusCode::OK, json),
        None => faults(StatusCode::NOT_FOUND, &[Fault::of("", "there was no run yet")]),
    }
}

/// `GET /openapi.json`.
pub(super) async fn description() -> Response {
    answer(StatusCode::OK, include_str!("openapi.json"))
}

/// JSON.
fn answer(status: StatusCode, json: impl Into<Bytes>) -> Response {
    (status, [(CONTENT_TYPE, "application/json")], json.into()).into_response()
}

/// Why there is no answer, beside what of the request.
pub(super) fn faults(status: StatusCode, faults: &[Fault]) -> Response {
    let one = |fault: &Fault| json!({ "field": fault.field, "message": fault.message });
    let faults: Value = faults.iter().map(one).collect();
    answer(status, json!({ "errors": faults }).to_string())
}
