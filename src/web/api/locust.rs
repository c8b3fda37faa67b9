//! Locust's routes: its requests in, our run's answers out. What they say is in
//! [`locust`](crate::web::locust).

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

use super::answer;
use super::run::NotStarted;
use crate::files;
use crate::page::Theme;
use crate::report::csv::{render_exceptions, render_failures, render_stats, render_status_codes};
use crate::report::html;
use crate::report::view::{View, tasks};
use crate::stats::Snapshot;
use crate::web::locust::{self, Download};
use crate::web::start::{self, Edit, Fault, Start};
use crate::web::{App, Run};

/// The most that a stop is waited for, beyond the time that users have to finish.
const STOP_PATIENCE: Duration = Duration::from_secs(5);
/// How much of a file is read at once.
const PIECE: usize = 64 * 1024;
/// The HTML report brings its own scripts, and may do nothing with them but draw.
const REPORT_POLICY: &str = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; \
     img-src data:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/// `POST /swarm`: starts a run, or gives the one that is on other numbers.
pub(in crate::web) async fn swarm(State(app): State<Arc<App>>, body: Bytes) -> Response {
    let (host, form) = (app.host(), app.live.form());
    let is_users = form["load"] == "users";
    let declared = form["parameters"].as_array().into_iter().flatten();
    let declared: Vec<&str> = declared.filter_map(|one| one["name"].as_str()).collect();
    let refused = |message: &str| json(&locust::refused(message, host.as_deref()));
    let start = locust::swarm(&body, &declared).and_then(|start| {
        // A rate has none of them.
        let needs_numbers = is_users && start.rate.is_none();
        if needs_numbers { locust::has_numbers(&start).map(|()| start) } else { Ok(start) }
    });
    let start = match start {
        Ok(start) => start,
        Err(refusal) => return refused(&refusal.to_string()),
    };
    let followed = match app.live.running() {
        Some(_) => app.change(&start),
        None => app.begin(start.clone()).await,
    };
    match followed {
        Ok(()) => {
            let host = app.host();
            let shape = app.live.running().and_then(|run| run.shape());
            json(&locust::started(&start, host.as_deref(), shape))
        }
        Err(message) => refused(&message),
    }
}

/// `GET /stop`, `POST /stop`: answered when the run has ended.
pub(in crate::web) async fn stop(State(app): State<Arc<App>>) -> Response {
    if let Some(Run { plan, .. }) = app.live.running() {
        let mut changes = app.live.changes();
        app.stop();
        let ended =
            async { while app.live.running().is_some() && changes.changed().await.is_ok() {} };
        // Whatever keeps it, the answer says what was asked for.
        let _ = timeout(plan.stop_timeout + STOP_PATIENCE, ended).await;
    }
    json(&locust::stopped())
}

/// `GET /stats/reset`, `POST /stats/reset`: Locust's answer has no other word, whether there was a run
/// to reset or not.
pub(in crate::web) async fn reset(State(app): State<Arc<App>>) -> &'static str {
    let _ = app.reset();
    "ok"
}

/// `GET /stats/requests`.
pub(in crate::web) async fn requests(State(app): State<Arc<App>>) -> Response {
    let json = app.board.show(|view| locust::stats_requests(view.snapshot, view.state.word()));
    self::json(&json)
}

/// `GET /stats/requests/csv`.
pub(in crate::web) async fn requests_csv(State(app): State<Arc<App>>) -> Response {
    app.table("requests", render_stats)
}

/// `GET /api/v1/status_codes.csv`: a table that Locust does not have.
pub(in crate::web) async fn status_codes_csv(State(app): State<Arc<App>>) -> Response {
    app.table("status_codes", render_status_codes)
}

/// `GET /stats/failures/csv`.
pub(in crate::web) async fn failures_csv(State(app): State<Arc<App>>) -> Response {
    app.table("failures", render_failures)
}

/// `GET /exceptions/csv`.
pub(in crate::web) async fn exceptions_csv(State(app): State<Arc<App>>) -> Response {
    app.table("exceptions", render_exceptions)
}

/// `GET /stats/requests_full_history/csv`: the file that `--csv-full-history` has written so far.
pub(in crate::web) async fn history_csv(State(app): State<Arc<App>>) -> Response {
    let file = app.full_history.as_deref().map(files::open);
    let Some(Ok(mut file)) = file else {
        return (StatusCode::NOT_FOUND, locust::NO_HISTORY).into_response();
    };
    let named = app.board.show(|view| download(view).table("requests_full_history"));
    let mut piece = vec![0; PIECE];
    let pieces = std::iter::from_fn(move || match file.read(&mut piece) {
        Ok(0) => None,
        Ok(length) => Some(Ok(Bytes::copy_from_slice(&piece[..length]))),
        Err(error) => Some(Err(error)),
    });
    let head = [(CONTENT_TYPE, locust::CSV), (CONTENT_DISPOSITION, &named)];
    (head, Body::from_stream(iter(pieces))).into_response()
}

/// `GET /stats/report?theme=dark|light&download=1`.
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
    let (named, html) = app.board.show(|view| (download(view).report(), html::render(view, theme)));
    let head =
        [(CONTENT_TYPE, "text/html; charset=utf-8"), (CONTENT_SECURITY_POLICY, REPORT_POLICY)];
    match is_download {
        true => (head, [(CONTENT_DISPOSITION, named)], html).into_response(),
        false => (head, html).into_response(),
    }
}

/// `GET /exceptions`.
pub(in crate::web) async fn exceptions(State(app): State<Arc<App>>) -> Response {
    json(&app.board.show(|view| locust::exceptions(view.snapshot)))
}

/// `GET /tasks`.
pub(in crate::web) async fn task_ratios(State(app): State<Arc<App>>) -> Response {
    let ratios = |view: &View<'_>| {
        let running = view.snapshot.map_or(&[][..], |snapshot| &snapshot.users);
        tasks(view.scenario, running)
    };
    json(&app.board.show(ratios))
}

/// `GET /logs`.
pub(in crate::web) async fn logs(State(app): State<Arc<App>>) -> Response {
    json(&locust::logs(&app.log.recent()))
}

/// `GET /worker-count`.
pub(in crate::web) async fn worker_count() -> Response {
    json(&locust::worker_count())
}

/// `POST /user`.
pub(in crate::web) async fn edit_user() -> Response {
    (StatusCode::NOT_IMPLEMENTED, locust::NO_USER_EDIT).into_response()
}

impl App {
    async fn begin(&self, start: Start) -> Result<(), String> {
        // A run that is on may go on at 0.
        if let Some(Err(message)) = start.rate.map(start::rate) {
            return Err(format!("rate: {message}"));
        }
        match self.start(start).await {
            Ok(_) => Ok(()),
            Err(NotStarted::Wrong(faults)) => Err(said(&faults)),
            Err(NotStarted::Busy) => Err("a run is about to start".to_owned()),
            Err(NotStarted::Ending) => Err("the program is ending".to_owned()),
        }
    }

    fn change(&self, start: &Start) -> Result<(), String> {
        let run = self.steered()?;
        let edit = match (start.users, start.rate) {
            (_, Some(rate)) => Edit::Rate(rate),
            (Some(users), None) => Edit::Users(users, start.spawn_rate),
            (None, None) => return Err("there is neither user_count nor rate".to_owned()),
        };
        self.edit(&run, edit).map_err(|faults| said(&faults))
    }

    /// Where all requests go, if that is one host.
    fn host(&self) -> Option<String> {
        self.board.show(|view| one_host(view).map(str::to_owned))
    }

    /// A table of the run so far; without one, of nothing.
    fn table(&self, kind: &str, render: fn(&Snapshot) -> Vec<u8>) -> Response {
        let (named, table) = self.board.show(|view| {
            let table =
                view.snapshot.map_or_else(|| render(&Snapshot::before_the_run(Vec::new())), render);
            (download(view).table(kind), table)
        });
        let head = [(CONTENT_TYPE, locust::CSV), (CONTENT_DISPOSITION, &*named)];
        (head, table).into_response()
    }
}

fn json(json: &Value) -> Response {
    answer(StatusCode::OK, json.to_string())
}

fn said(faults: &[Fault]) -> String {
    let one = |fault: &Fault| match &*fault.field {
        "" => fault.message.clone(),
        field => format!("{field}: {}", fault.message),
    };
    faults.iter().map(one).collect::<Vec<_>>().join("; ")
}

fn download<'v>(view: &View<'v>) -> Download<'v> {
    let started_at = view.snapshot.map_or(UNIX_EPOCH, |snapshot| snapshot.started_at);
    Download { started_at, scenario: &view.facts.scenario, host: one_host(view) }
}

fn one_host<'v>(view: &View<'v>) -> Option<&'v str> {
    let host = &*view.facts.host;
    (!host.is_empty() && !host.contains(", ")).then_some(host)
}
