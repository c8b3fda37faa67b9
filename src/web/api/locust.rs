//! The handlers of Locust's routes. [`locust`](crate::web::locust) makes the texts of their responses.

use std::io::Read;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use futures_util::stream::iter;
use serde_json::Value;
use tokio::time::timeout;

use super::run::{NotStarted, read_json};
use super::{error_response, json_response};
use crate::files;
use crate::page::Theme;
use crate::report::csv::{render_exceptions, render_failures, render_stats, render_status_codes};
use crate::report::html;
use crate::report::view::{View, tasks};
use crate::scenario::{ClassSettings, SettingError};
use crate::stats::Snapshot;
use crate::web::form::{self, FieldError, LoadChange, StartForm};
use crate::web::locust::{self, Download};
use crate::web::{App, RunHandle};

/// How long a stop request waits for the end of the run, beyond the stop timeout of its users.
const STOP_PATIENCE: Duration = Duration::from_secs(5);
/// How much of a file is read at once.
const CHUNK: usize = 64 * 1024;
/// The content policy of the HTML report: its inline scripts may draw and load nothing.
const REPORT_POLICY: &str = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; \
     img-src data:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/// Handles `POST /swarm`: starts a run, or changes the load of the active one.
pub(in crate::web) async fn swarm(State(app): State<Arc<App>>, body: Bytes) -> Response {
    let (host, form) = (app.host(), app.live.form());
    let is_users = form["load"] == "users";
    let declared = form["parameters"].as_array().into_iter().flatten();
    let declared: Vec<&str> = declared.filter_map(|one| one["name"].as_str()).collect();
    let shapes = form["shapes"].as_array().into_iter().flatten();
    let shapes: Vec<&str> = shapes.filter_map(|name| name.as_str()).collect();
    let refused = |message: &str| json(&locust::refused(message, host.as_deref()));
    let start = locust::swarm(&body, &declared, &shapes).and_then(|start| {
        // A rate needs neither users nor a spawn rate.
        let needs_numbers = is_users && start.rate.is_none();
        if needs_numbers { locust::has_numbers(&start).map(|()| start) } else { Ok(start) }
    });
    let start = match start {
        Ok(start) => start,
        Err(refusal) => return refused(&refusal.to_string()),
    };
    let outcome = match app.live.running() {
        Some(_) => app.change(&start),
        None => app.begin(start.clone()).await,
    };
    match outcome {
        Ok(()) => {
            let host = app.host();
            let shape = app.live.running().and_then(|run| run.shape());
            json(&locust::started(&start, host.as_deref(), shape))
        }
        Err(message) => refused(&message),
    }
}

/// Handles `GET /stop`, `POST /stop`: answered when the run has ended.
pub(in crate::web) async fn stop(State(app): State<Arc<App>>) -> Response {
    if let Some(RunHandle { plan, .. }) = app.live.running() {
        let mut changes = app.live.changes();
        app.stop();
        let ended =
            async { while app.live.running().is_some() && changes.changed().await.is_ok() {} };
        // The response is the same where the run takes longer to stop.
        let _ = timeout(plan.stop_timeout + STOP_PATIENCE, ended).await;
    }
    json(&locust::stopped())
}

/// Handles `GET /stats/reset`, `POST /stats/reset`: the response is `ok`, with or without a run to
/// reset, as Locust's is.
pub(in crate::web) async fn reset(State(app): State<Arc<App>>) -> &'static str {
    let _ = app.reset();
    "ok"
}

/// Handles `GET /stats/requests`.
pub(in crate::web) async fn requests(State(app): State<Arc<App>>) -> Response {
    let json = app.publisher.show(|view| locust::stats_requests(view.snapshot, view.state.word()));
    self::json(&json)
}

/// Handles `GET /stats/requests/csv`.
pub(in crate::web) async fn requests_csv(State(app): State<Arc<App>>) -> Response {
    app.table("requests", render_stats)
}

/// Handles `GET /api/v1/status_codes.csv`: a table that Locust does not have.
pub(in crate::web) async fn status_codes_csv(State(app): State<Arc<App>>) -> Response {
    app.table("status_codes", render_status_codes)
}

/// Handles `GET /stats/failures/csv`.
pub(in crate::web) async fn failures_csv(State(app): State<Arc<App>>) -> Response {
    app.table("failures", render_failures)
}

/// Handles `GET /exceptions/csv`.
pub(in crate::web) async fn exceptions_csv(State(app): State<Arc<App>>) -> Response {
    app.table("exceptions", render_exceptions)
}

/// Handles `GET /stats/requests_full_history/csv`: the file that `--csv-full-history` has written
/// so far.
pub(in crate::web) async fn history_csv(State(app): State<Arc<App>>) -> Response {
    let file = app.full_history.as_deref().map(files::open);
    let Some(Ok(mut file)) = file else {
        return (StatusCode::NOT_FOUND, locust::NO_HISTORY).into_response();
    };
    let named = app.publisher.show(|view| download(view).table("requests_full_history"));
    let mut chunk = vec![0; CHUNK];
    let chunks = std::iter::from_fn(move || match file.read(&mut chunk) {
        Ok(0) => None,
        Ok(length) => Some(Ok(Bytes::copy_from_slice(&chunk[..length]))),
        Err(error) => Some(Err(error)),
    });
    let head = [(CONTENT_TYPE, locust::CSV), (CONTENT_DISPOSITION, &named)];
    (head, Body::from_stream(iter(chunks))).into_response()
}

/// Handles `GET /stats/report?theme=dark|light&download=1`.
pub(in crate::web) async fn report(State(app): State<Arc<App>>, uri: Uri) -> Response {
    let (mut theme, mut is_download) = (Theme::System, false);
    for (name, value) in form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()) {
        match (&*name, &*value) {
            ("theme", "dark") => theme = Theme::Dark,
            ("theme", "light") => theme = Theme::Light,
            ("download", value) => is_download = !value.is_empty(),
            _ => {}
        }
    }
    let (named, html) =
        app.publisher.show(|view| (download(view).report(), html::render(view, theme)));
    let head =
        [(CONTENT_TYPE, "text/html; charset=utf-8"), (CONTENT_SECURITY_POLICY, REPORT_POLICY)];
    match is_download {
        true => (head, [(CONTENT_DISPOSITION, named)], html).into_response(),
        false => (head, html).into_response(),
    }
}

/// Handles `GET /exceptions`.
pub(in crate::web) async fn exceptions(State(app): State<Arc<App>>) -> Response {
    json(&app.publisher.show(|view| locust::exceptions(view.snapshot)))
}

/// Handles `GET /tasks`.
pub(in crate::web) async fn task_ratios(State(app): State<Arc<App>>) -> Response {
    let ratios = |view: &View<'_>| {
        let running = view.snapshot.map_or(&[][..], |snapshot| &snapshot.users);
        tasks(view.workload, running)
    };
    json(&app.publisher.show(ratios))
}

/// Handles `GET /logs`.
pub(in crate::web) async fn logs(State(app): State<Arc<App>>) -> Response {
    json(&locust::logs(&app.log.recent()))
}

/// Handles `GET /worker-count`.
pub(in crate::web) async fn worker_count() -> Response {
    json(&locust::worker_count())
}

/// Handles `POST /user`: sets something of a class, from the next run on. Refused settings are answered with
/// 422 and errors as those of `/api/v1` are.
pub(in crate::web) async fn edit_user(State(app): State<Arc<App>>, body: Bytes) -> Response {
    let settings = read_json(&body).and_then(|json| match json {
        Value::Object(object) => ClassSettings::of(&object).map_err(wrong_setting),
        _ => Err(vec![FieldError::new("", "expected a JSON object")]),
    });
    match settings.and_then(|settings| app.live.set_class(settings).map_err(wrong_setting)) {
        Ok(()) => json_response(StatusCode::CREATED, "{}"),
        Err(wrong) => error_response(StatusCode::UNPROCESSABLE_ENTITY, &wrong),
    }
}

fn wrong_setting(error: SettingError) -> Vec<FieldError> {
    vec![FieldError::new(error.key, error.message)]
}

impl App {
    async fn begin(&self, start: StartForm) -> Result<(), String> {
        // A rate of 0 is valid only while a run is active.
        if let Some(Err(message)) = start.rate.map(form::rate) {
            return Err(format!("rate: {message}"));
        }
        match self.start(start).await {
            Ok(_) => Ok(()),
            Err(NotStarted::Wrong(errors)) => Err(as_text(&errors)),
            Err(NotStarted::Busy) => Err("a run is about to start".to_owned()),
            Err(NotStarted::Ending) => Err("the program is ending".to_owned()),
        }
    }

    fn change(&self, start: &StartForm) -> Result<(), String> {
        let run = self.changeable()?;
        let edit = match (start.users, start.rate) {
            (_, Some(rate)) => LoadChange::Rate(rate),
            (Some(users), None) => LoadChange::Users(users, start.spawn_rate),
            (None, None) => return Err("there is neither user_count nor rate".to_owned()),
        };
        self.edit(&run, edit).map_err(|errors| as_text(&errors))
    }

    /// Returns the host that all requests go to, if there is only one.
    fn host(&self) -> Option<String> {
        self.publisher.show(|view| one_host(view).map(str::to_owned))
    }

    /// Makes the download of a table of the run so far; of an empty table before the first run.
    fn table(&self, kind: &str, render: fn(&Snapshot) -> Vec<u8>) -> Response {
        let (named, table) = self.publisher.show(|view| {
            let table =
                view.snapshot.map_or_else(|| render(&Snapshot::before_the_run(Vec::new())), render);
            (download(view).table(kind), table)
        });
        let head = [(CONTENT_TYPE, locust::CSV), (CONTENT_DISPOSITION, &*named)];
        (head, table).into_response()
    }
}

fn json(json: &Value) -> Response {
    json_response(StatusCode::OK, json.to_string())
}

fn as_text(errors: &[FieldError]) -> String {
    let one = |error: &FieldError| match &*error.field {
        "" => error.message.clone(),
        field => format!("{field}: {}", error.message),
    };
    errors.iter().map(one).collect::<Vec<_>>().join("; ")
}

fn download<'v>(view: &View<'v>) -> Download<'v> {
    let started_at = view.snapshot.map_or(UNIX_EPOCH, |snapshot| snapshot.started_at);
    Download { started_at, scenario: &view.facts.scenario, host: one_host(view) }
}

fn one_host<'v>(view: &View<'v>) -> Option<&'v str> {
    let host = &*view.facts.host;
    (!host.is_empty() && !host.contains(", ")).then_some(host)
}
