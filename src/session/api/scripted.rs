//! What a session does for users whose tasks are written in another language.

use std::time::{Duration, Instant};

use super::pending::PendingRequest;
use super::response::Response;
use super::session::Session;
use super::unanswered::Made;
use crate::credentials::{hidden, stripped};
use crate::session::identity::client_state::Cookies;
use crate::session::request::base_url::BaseUrl;
use crate::stats::{Clocks, Outcome, Sample};

impl Session {
    /// Makes a request that was built before.
    pub(crate) async fn make_pending(&self, request: PendingRequest) -> Made<Box<Response>> {
        self.make(request).await
    }

    /// Makes another session of the same user, for what it does at the same time. It begins with the same
    /// cookies, and has connections of its own.
    pub(crate) fn sibling(&self) -> Session {
        let rng = fastrand::Rng::with_seed(self.user.random());
        let sibling = Session::new(self.context.clone(), self.class.clone(), self.user(), rng);
        sibling.with_cookies_of(self)
    }

    /// Takes the cookies of another session of the user.
    pub(crate) fn with_cookies_of(self, session: &Session) -> Session {
        let own = session.user.with_client_state(|state| state.clone());
        self.user.client_state.set(own);
        self
    }

    /// Calls a function with the user's cookies.
    pub(crate) fn with_cookies<T>(&self, with: impl FnOnce(&mut Cookies<'_>) -> T) -> T {
        let (host, now) = (&self.class.defaults().base.host, self.context.unix_time());
        self.user.with_client_state(|state| with(&mut Cookies::new(state, host, now)))
    }

    /// Returns the time since the Unix epoch, as of the core's turn.
    pub(crate) fn unix_time(&self) -> Duration {
        self.context.unix_time()
    }

    /// Returns whether this is the base URL of the user's class.
    pub(crate) fn is_base(&self, url: &str) -> bool {
        BaseUrl::parse(url).is_ok_and(|url| url == self.class.defaults().base)
    }

    /// Returns the path of the base URL, which every path begins with.
    pub(crate) fn base_path(&self) -> &str {
        &self.class.defaults().base.path
    }

    /// Counts a sample that the task has taken by itself.
    pub(crate) fn count(
        &self,
        kind: &str,
        name: &str,
        took: Duration,
        bytes: u64,
        failure: Option<&str>,
    ) {
        let (kind, name) = (stripped(kind), stripped(name));
        let failure = failure.map(|text| {
            let text = hidden(text);
            self.context.secrets().mask_text(&text).to_string()
        });
        let outcome = failure.as_deref().map_or(Outcome::Success, Outcome::Failure);
        let ended = Instant::now();
        let started = ended.checked_sub(took).unwrap_or(ended);
        let clocks = Clocks::new(None, started, ended);
        let mut recorder = self.context.recorder.borrow_mut();
        let entry = recorder.entry(&kind, &name);
        recorder.record(Sample { entry, clocks, body_bytes: bytes, status: None, outcome });
    }

    /// Notes that a line of the task held its core up.
    pub(crate) fn held_up(&self, place: &str, lasting: Duration) {
        self.context.recorder.borrow_mut().held_up(place, lasting);
    }

    /// Counts an error of the task that is no request.
    pub(crate) fn count_exception(&self, message: &str, traceback: &str) {
        let (message, traceback) = (hidden(message), hidden(traceback));
        self.context.recorder.borrow_mut().exception(&message, &traceback);
    }
}
