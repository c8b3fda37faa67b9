//! The files of the page: HTML, scripts and styles.

use std::sync::{Arc, LazyLock};

use axum::body::Bytes;
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::App;
use crate::options;
use crate::page;
use crate::report::columns;

/// A file of the page, with its entity tag.
struct Asset {
    content_type: &'static str,
    text: Bytes,
    tag: String,
}

static SCRIPT: LazyLock<Asset> = LazyLock::new(|| {
    let script = page::app_js(&columns::for_page().to_string(), &labels().to_string());
    Asset::new("text/javascript; charset=utf-8", script)
});
static THEME: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("text/javascript; charset=utf-8", page::theme_js()));
static STYLE: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("text/css; charset=utf-8", page::app_css()));

pub(super) async fn page(State(app): State<Arc<App>>) -> Response {
    let html = page::live(&app.guard.base_path);
    ([(CONTENT_TYPE, "text/html; charset=utf-8")], html).into_response()
}

pub(super) async fn script(headers: HeaderMap) -> Response {
    SCRIPT.answer(&headers)
}

pub(super) async fn theme(headers: HeaderMap) -> Response {
    THEME.answer(&headers)
}

pub(super) async fn style(headers: HeaderMap) -> Response {
    STYLE.answer(&headers)
}

/// Returns the labels of the start form's fields by their names.
fn labels() -> Value {
    let labels = options::fields().map(|(_, field)| (field.name.to_owned(), field.label.into()));
    Value::Object(labels.collect())
}

impl Asset {
    fn new(content_type: &'static str, text: impl Into<Bytes>) -> Self {
        let text = text.into();
        let digest = Sha256::digest(&text);
        let tag: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        Asset { content_type, text, tag: format!("\"{tag}\"") }
    }

    /// Makes the response, which has no body where the browser has this version (RFC 9110 section
    /// 13.1.2).
    fn answer(&'static self, headers: &HeaderMap) -> Response {
        let caching = [(CACHE_CONTROL, "no-cache"), (ETAG, &*self.tag)];
        if headers.get(IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == self.tag.as_bytes()) {
            return (StatusCode::NOT_MODIFIED, caching).into_response();
        }
        (caching, [(CONTENT_TYPE, self.content_type)], self.text.clone()).into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By its name, and under the label that the table of options gives it.
    #[test]
    fn the_form_has_every_field_of_the_options() {
        let form = concat!(
            include_str!("../page/script/form.js"),
            include_str!("../page/script/classes.js"),
        );
        let quoted = |text: &str| Value::from(text).to_string();
        for (_, field) in options::fields() {
            assert!(form.contains(&quoted(field.name)), "{}", field.name);
            assert!(!form.contains(&quoted(field.label)), "{}", field.label);
        }
        let script = page::app_js("{}", &labels().to_string());
        assert!(script.contains("\"users\":\"Number of users (peak concurrency)\""));
    }
}
