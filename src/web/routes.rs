//! What there is below the base path.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{DefaultBodyLimit, FromRequest, Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONNECTION, CONTENT_SECURITY_POLICY, LOCATION, REFERRER_POLICY, SET_COOKIE,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use tokio::time::timeout;

use super::api::locust;
use super::guard::Verdict;
use super::{App, api, assets, events};

/// The longest body of a request.
const BODY_MAX: usize = 256 * 1024;
/// For all of a body.
const BODY_PATIENCE: Duration = Duration::from_secs(10);

/// What every answer says of itself, where it says nothing else: nothing that a server under test
/// answered may run or be shown elsewhere (Content Security Policy Level 3).
const HEADERS: [(HeaderName, &str); 4] = [
    (
        CONTENT_SECURITY_POLICY,
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
         connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    ),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (REFERRER_POLICY, "no-referrer"),
    (CACHE_CONTROL, "no-store"),
];

/// All that the page answers.
pub(super) fn router(app: &Arc<App>) -> Router {
    let at = |path: &str| format!("{}{path}", app.guard.base_path);
    let mut router = Router::new()
        .route(&at("/"), get(assets::page))
        .route(&at("/assets/app.js"), get(assets::script))
        .route(&at("/assets/theme.js"), get(assets::theme))
        .route(&at("/assets/app.css"), get(assets::style))
        .route(&at("/api/v1/events"), get(events::events))
        .route(&at("/api/v1/view"), get(api::view))
        .route(&at("/api/v1/history"), get(api::history))
        .route(&at("/api/v1/form"), get(api::form))
        .route(&at("/api/v1/run.json"), get(api::run_json))
        .route(&at("/api/v1/openapi.json"), get(api::description))
        .route(&at("/api/v1/runs"), post(api::start))
        .route(&at("/api/v1/run/load"), post(api::edit))
        .route(&at("/api/v1/run/stop"), post(api::stop))
        .route(&at("/api/v1/run/reset"), post(api::reset))
        .route(&at("/swarm"), post(locust::swarm))
        .route(&at("/stop"), get(locust::stop).post(locust::stop))
        .route(&at("/stats/reset"), get(locust::reset).post(locust::reset))
        .route(&at("/stats/requests"), get(locust::requests))
        .route(&at("/stats/requests/csv"), get(locust::requests_csv))
        .route(&at("/stats/requests_full_history/csv"), get(locust::history_csv))
        .route(&at("/stats/failures/csv"), get(locust::failures_csv))
        .route(&at("/stats/report"), get(locust::report))
        .route(&at("/exceptions"), get(locust::exceptions))
        .route(&at("/exceptions/csv"), get(locust::exceptions_csv))
        .route(&at("/tasks"), get(locust::task_ratios))
        .route(&at("/logs"), get(locust::logs))
        .route(&at("/worker-count"), get(locust::worker_count))
        .route(&at("/user"), post(locust::edit_user));
    if !app.guard.base_path.is_empty() {
        router = router.route(&at(""), get(assets::page));
    }
    router
        .fallback(|| async { (StatusCode::NOT_FOUND, "there is nothing here\n") })
        .layer(from_fn(whole))
        .layer(from_fn_with_state(app.clone(), guarded))
        .layer(from_fn(described))
        .with_state(app.clone())
}

/// Answers those only who may be answered.
async fn guarded(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    match app.guard.judge(&parts) {
        Verdict::Pass => next.run(Request::from_parts(parts, body)).await,
        Verdict::Welcome { to, cookie } => {
            (StatusCode::SEE_OTHER, [(LOCATION, to), (SET_COOKIE, cookie)]).into_response()
        }
        Verdict::Refuse(status, reason) => (status, format!("{reason}\n")).into_response(),
    }
}

/// Hands a request over when all of its body is there, if it is not too long and comes in time.
async fn whole(request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    // A body that is as long as it says it is need not be read to be too long.
    if body.size_hint().lower() > BODY_MAX as u64 {
        let close = [(CONNECTION, "close")];
        return (StatusCode::PAYLOAD_TOO_LARGE, close, "the body is too long\n").into_response();
    }
    let mut unread = Request::new(body);
    DefaultBodyLimit::max(BODY_MAX).apply(&mut unread);
    match timeout(BODY_PATIENCE, Bytes::from_request(unread, &())).await {
        Ok(Ok(bytes)) => next.run(Request::from_parts(parts, Body::from(bytes))).await,
        Ok(Err(rejection)) => rejection.into_response(),
        Err(_) => (StatusCode::REQUEST_TIMEOUT, "the body did not come in time\n").into_response(),
    }
}

async fn described(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    for (name, value) in HEADERS {
        response.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}
