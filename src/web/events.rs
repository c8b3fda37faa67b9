//! `/api/v1/events`: the run as server-sent events (HTML Standard, section 9.2).
//!
//! A stream sends the latest event whenever its client can take one. A slow client misses events, and
//! nothing waits for it. A client that never reads costs its socket's buffers and a reference to one
//! event.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use futures_util::stream::unfold;
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::timeout;

use super::form::FieldError;
use super::publisher::Event;
use super::{App, api};

/// The interval of comments that keep a stream without events alive: shorter than the idle timeouts of
/// usual proxies.
const KEEP_ALIVE: Duration = Duration::from_secs(10);

/// The most streams at once: fewer than the most connections, so that a run can always be stopped.
pub(super) const STREAMS_MAX: usize = 200;

/// The stream of one client.
struct EventStream {
    app: Arc<App>,
    _permit: OwnedSemaphorePermit,
    events: watch::Receiver<Event>,
    /// The run of the last event; `None` before the first.
    run: Option<u64>,
    is_over: bool,
}

pub(super) async fn events(State(app): State<Arc<App>>) -> Response {
    let Ok(permit) = app.streams.clone().try_acquire_owned() else {
        let fault = FieldError::new("", "too many pages are open: close one");
        return api::error_response(StatusCode::SERVICE_UNAVAILABLE, &[fault]);
    };
    let events = app.publisher.events();
    let stream = EventStream { app, _permit: permit, events, run: None, is_over: false };
    let events = unfold(stream, |mut stream| async {
        let event = stream.next().await?;
        Some((Ok::<_, Infallible>(event), stream))
    });
    ([(CONTENT_TYPE, "text/event-stream")], Body::from_stream(events)).into_response()
}

impl EventStream {
    async fn next(&mut self) -> Option<Bytes> {
        if self.is_over {
            return None;
        }
        if self.run.is_none() {
            // The `hello` event has everything so far.
            self.events.mark_unchanged();
            return Some(self.hello());
        }
        match timeout(KEEP_ALIVE, self.events.changed()).await {
            Err(_) => Some(Bytes::from_static(b":\n\n")),
            Ok(Err(_)) => None,
            Ok(Ok(())) => Some(self.latest()),
        }
    }

    fn latest(&mut self) -> Bytes {
        let event = self.events.borrow_and_update().clone();
        self.is_over = event.is_last;
        if self.run == Some(event.run) { event.text } else { self.hello() }
    }

    fn hello(&mut self) -> Bytes {
        let (run, hello) = self.app.publisher.hello();
        self.run = Some(run);
        hello
    }
}
