//! The routes of the web server, their limits and their access rules.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{DefaultBodyLimit, FromRequest, Request, State};
use axum::handler::Handler;
use axum::http::header::{
    ALLOW, CACHE_CONTROL, CONNECTION, CONTENT_SECURITY_POLICY, HOST, LOCATION, REFERRER_POLICY,
    SET_COOKIE, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, Uri};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, any};
use tokio::time::timeout;

use super::api::locust;
use super::form::FieldError;
use super::guard::Verdict;
use super::rule::Rule;
use super::{App, api, assets, events};

/// The longest body of a request, in bytes.
const BODY_MAX: usize = 256 * 1024;
/// The time limit of a request's body.
const BODY_TIMEOUT: Duration = Duration::from_secs(10);

/// The default headers of every response. They keep browsers from running anything that a server under
/// test has sent, and from showing the page inside another (Content Security Policy Level 3).
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

/// A path, its access rule and its handler.
struct Route {
    path: &'static str,
    rule: Rule,
    handler: MethodRouter<Arc<App>>,
}

impl Route {
    /// Makes the route of the page itself. Other sites may link to it.
    fn page<T: 'static>(path: &'static str, handler: impl Handler<T, Arc<App>>) -> Self {
        Route { path, rule: Rule::page(), handler: any(handler) }
    }

    /// Makes a route that changes nothing.
    fn read<T: 'static>(path: &'static str, handler: impl Handler<T, Arc<App>>) -> Self {
        Route { path, rule: Rule::read(), handler: any(handler) }
    }

    /// Makes a route that changes the run.
    fn change<T: 'static>(path: &'static str, handler: impl Handler<T, Arc<App>>) -> Self {
        Route { path, rule: Rule::change(), handler: any(handler) }
    }

    /// Makes a route that changes the run by GET as well, as Locust has it.
    fn change_by_get<T: 'static>(path: &'static str, handler: impl Handler<T, Arc<App>>) -> Self {
        Route { path, rule: Rule::change_by_get(), handler: any(handler) }
    }
}

/// Returns all routes below the base path. Both the router and the guard are made from this list.
fn routes() -> Vec<Route> {
    vec![
        Route::page("/", assets::page),
        Route::read("/assets/app.js", assets::script),
        Route::read("/assets/theme.js", assets::theme),
        Route::read("/assets/app.css", assets::style),
        Route::read("/api/v1/events", events::events),
        Route::read("/api/v1/view", api::view),
        Route::read("/api/v1/history", api::history),
        Route::read("/api/v1/form", api::form),
        Route::read("/api/v1/run.json", api::run_json),
        Route::read("/api/v1/status_codes.csv", locust::status_codes_csv),
        Route::read("/api/v1/openapi.json", api::description),
        Route::change("/api/v1/runs", api::start),
        Route::change("/api/v1/run/load", api::edit),
        Route::change("/api/v1/run/stop", api::stop),
        Route::change("/api/v1/run/reset", api::reset),
        Route::change("/swarm", locust::swarm),
        Route::change_by_get("/stop", locust::stop),
        Route::change_by_get("/stats/reset", locust::reset),
        Route::read("/stats/requests", locust::requests),
        Route::read("/stats/requests/csv", locust::requests_csv),
        Route::read("/stats/requests_full_history/csv", locust::history_csv),
        Route::read("/stats/failures/csv", locust::failures_csv),
        Route::read("/stats/report", locust::report),
        Route::read("/exceptions", locust::exceptions),
        Route::read("/exceptions/csv", locust::exceptions_csv),
        Route::read("/tasks", locust::task_ratios),
        Route::read("/logs", locust::logs),
        Route::read("/worker-count", locust::worker_count),
        Route::change("/user", locust::edit_user),
    ]
}

/// Returns every path below the base path, with its methods.
pub fn paths() -> Vec<(&'static str, &'static [Method])> {
    routes().into_iter().map(|route| (route.path, route.rule.methods)).collect()
}

/// Makes the router: every handler behind the guard and the limits of the body.
pub(super) fn router(app: &Arc<App>) -> Router {
    let base_path = &app.guard.base_path;
    // The guard gets the rule of the matched route, so it cannot interpret a path differently.
    let guarded = |rule: Rule, handler: MethodRouter<Arc<App>>| {
        handler.layer(from_fn(read_body)).layer(from_fn_with_state((app.clone(), rule), guard))
    };
    let mut router = Router::new();
    for Route { path, rule, handler } in routes() {
        let handler = guarded(rule, handler);
        if path == "/" && !base_path.is_empty() {
            router = router.route(base_path, handler.clone());
        }
        router = router.route(&format!("{base_path}{path}"), handler);
    }
    let not_found =
        any(
            |uri: Uri| async move { refusal(&uri, StatusCode::NOT_FOUND, "there is nothing here") },
        );
    router
        .fallback_service(guarded(Rule::not_found(), not_found).with_state(app.clone()))
        .layer(from_fn(add_headers))
        .with_state(app.clone())
}

/// Answers the request if the guard lets it pass.
async fn guard(
    State((app, rule)): State<(Arc<App>, Rule)>,
    mut request: Request,
    next: Next,
) -> Response {
    // The host of an absolute request target replaces the `Host` header (RFC 9112 section 3.2.2).
    if let Some(authority) = request.uri().authority() {
        match HeaderValue::from_str(authority.as_str()) {
            Ok(host) => drop(request.headers_mut().insert(HOST, host)),
            Err(_) => drop(request.headers_mut().remove(HOST)),
        }
    }
    let (parts, body) = request.into_parts();
    match app.guard.judge(&parts, rule) {
        Verdict::Pass => next.run(Request::from_parts(parts, body)).await,
        Verdict::Redirect { to, cookie } => {
            (StatusCode::SEE_OTHER, [(LOCATION, to), (SET_COOKIE, cookie)]).into_response()
        }
        Verdict::Refuse(status, reason) => refusal(&parts.uri, status, &reason),
        Verdict::MethodNotAllowed => {
            let reason = format!("only {} may be used here", rule.allow());
            let refusal = refusal(&parts.uri, StatusCode::METHOD_NOT_ALLOWED, &reason);
            ([(ALLOW, rule.allow())], refusal).into_response()
        }
    }
}

/// Makes the response of a refused request: JSON below `/api/v1/`, text elsewhere.
fn refusal(uri: &Uri, status: StatusCode, reason: &str) -> Response {
    if uri.path().contains("/api/v1/") {
        return api::error_response(status, &[FieldError::new("", reason)]);
    }
    (status, format!("{reason}\n")).into_response()
}

/// Reads the whole body before the handler runs. Refuses one that is too long or too slow.
async fn read_body(request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    // A `Content-Length` above the limit is refused without reading the body.
    if body.size_hint().lower() > BODY_MAX as u64 {
        let refusal = refusal(&parts.uri, StatusCode::PAYLOAD_TOO_LARGE, "the body is too long");
        return ([(CONNECTION, "close")], refusal).into_response();
    }
    let mut unread = Request::new(body);
    DefaultBodyLimit::max(BODY_MAX).apply(&mut unread);
    match timeout(BODY_TIMEOUT, Bytes::from_request(unread, &())).await {
        Ok(Ok(bytes)) => next.run(Request::from_parts(parts, Body::from(bytes))).await,
        Ok(Err(error)) => refusal(&parts.uri, error.status(), &error.body_text()),
        Err(_) => refusal(&parts.uri, StatusCode::REQUEST_TIMEOUT, "the body did not come in time"),
    }
}

async fn add_headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    for (name, value) in HEADERS {
        response.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}
