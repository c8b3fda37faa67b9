//! `/api/v1/events`: the run as server-sent events (HTML Standard, section 9.2).
//!
//! A page is sent one event when it can take one, which is then the latest. What it was too slow for
//! it does not get, and nothing waits for it: a page that never reads holds what its socket does, and
//! a reference to the event that comes next.

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

use super::board::Frame;
use super::start::Fault;
use super::{App, api};

/// How often a stream with nothing to tell says that it is still there: less than what middleboxes
/// call idle.
const STILL_HERE: Duration = Duration::from_secs(10);

/// The most streams at once: fewer than there are connections, so that one is left to stop a run.
pub(super) const STREAMS_MAX: usize = 200;

/// The stream of one page.
struct Reader {
    app: Arc<App>,
    _place: OwnedSemaphorePermit,
    frames: watch::Receiver<Frame>,
    /// The run that the page knows; none yet.
    knows: Option<u64>,
    is_over: bool,
}

pub(super) async fn events(State(app): State<Arc<App>>) -> Response {
    let Ok(place) = app.streams.clone().try_acquire_owned() else {
        let fault = Fault::of("", "too many pages are open: close one");
        return api::faults(StatusCode::SERVICE_UNAVAILABLE, &[fault]);
    };
    let frames = app.board.frames();
    let reader = Reader { app, _place: place, frames, knows: None, is_over: false };
    let events = unfold(reader, |mut reader| async {
        let event = reader.next().await?;
        Some((Ok::<_, Infallible>(event), reader))
    });
    ([(CONTENT_TYPE, "text/event-stream")], Body::from_stream(events)).into_response()
}

impl Reader {
    async fn next(&mut self) -> Option<Bytes> {
        if self.is_over {
            return None;
        }
        if self.knows.is_none() {
            // It is all in the greeting.
            self.frames.mark_unchanged();
            return Some(self.greet());
        }
        match timeout(STILL_HERE, self.frames.changed()).await {
            Err(_) => Some(Bytes::from_static(b":\n\n")),
            Ok(Err(_)) => None,
            Ok(Ok(())) => Some(self.latest()),
        }
    }

    fn latest(&mut self) -> Bytes {
        let frame = self.frames.borrow_and_update().clone();
        self.is_over = frame.is_last;
        if self.knows == Some(frame.run) { frame.event } else { self.greet() }
    }

    fn greet(&mut self) -> Bytes {
        let (run, hello) = self.app.board.hello();
        self.knows = Some(run);
        hello
    }
}
