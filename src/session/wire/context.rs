//! What the sessions of a core share.

use std::borrow::Cow;
use std::cell::{Cell, OnceCell, RefCell, RefMut};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use super::render::Defaults;
use super::rendered::{Rendered, Text};
use crate::http1::{self, KnownHead};
use crate::reactor::{KeptBytes, Reactor};
use crate::session::body::decoding::Decoders;
use crate::session::budget::Budget;
use crate::session::connection::local_addresses::LocalAddresses;
use crate::session::connection::network::Network;
use crate::session::connection::origin::Origins;
use crate::session::connection::resolved::ResolvedUrl;
use crate::session::connection::resolver::Resolver;
use crate::session::failure::{BodyProgress, Failure};
use crate::session::identity::secrets::Secrets;
use crate::session::request::upload::Upload;
use crate::stats::{EntryId, Recorder};

/// The most spare buffers that are kept for later requests and responses: 64 of at most 64 KiB.
const SPARE_MAX: usize = 64;
pub(super) const SPARE_BYTES_MAX: usize = 64 * 1024;

/// How many different interruptions inside bodies a core reports with their numbers of bytes. A server
/// that breaks off anywhere would otherwise fill the table of failures, and others would have no row.
const PROGRESS_MAX: usize = 50;

/// The same for one entry.
const PROGRESS_MAX_OF_ENTRY: usize = 5;

/// One core's reactor, statistics and spare memory, as its sessions use them.
#[derive(Debug)]
pub struct Context {
    /// The reactor of the core, for all input and output.
    pub reactor: Rc<Reactor>,
    /// The recorder of the core, which counts every finished request.
    pub recorder: RefCell<Recorder>,
    /// The limits on responses.
    pub limits: http1::Limits,
    pub(in crate::session) origins: Origins,
    local_addresses: LocalAddresses,
    pub(in crate::session) budget: Budget,
    pub(in crate::session) decoders: RefCell<Decoders>,
    uploads: RefCell<Vec<(Arc<[u8]>, KeptBytes)>>,
    /// The last head of each entry, whose requests all have one method.
    known_heads: RefCell<Vec<KnownHead>>,
    spare: RefCell<Vec<Vec<u8>>>,
    /// Used requests, whose memory later ones take.
    #[expect(clippy::vec_box, reason = "they are moved in and out as boxes")]
    sent: RefCell<Vec<Box<Rendered>>>,
    /// When the context was made, by the monotonic clock and since the Unix epoch. The time for cookies is
    /// calculated from both.
    made: (Instant, Duration),
    /// Whether a task is being polled: what is dropped meanwhile is dropped by the task itself, and not
    /// because its user stops.
    pub(crate) is_task_running: Cell<bool>,
    /// Interruptions inside bodies that were reported with their numbers of bytes.
    reported: RefCell<Vec<(EntryId, BodyProgress)>>,
    secrets: OnceCell<Arc<Secrets>>,
}

impl Context {
    /// Makes a core's context. Its connections come from these local addresses, and names are looked up by
    /// this resolver.
    pub fn new(
        reactor: Rc<Reactor>,
        recorder: Recorder,
        local_addresses: LocalAddresses,
        resolver: Resolver,
    ) -> Rc<Self> {
        let origins = Origins::new(resolver, recorder.core());
        let reactor_now = reactor.now();
        let unix_time =
            SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Rc::new(Context {
            reactor,
            recorder: RefCell::new(recorder),
            limits: http1::Limits::default(),
            origins,
            local_addresses,
            budget: Budget::default(),
            decoders: RefCell::default(),
            uploads: RefCell::default(),
            is_task_running: Cell::new(false),
            known_heads: RefCell::default(),
            spare: RefCell::default(),
            sent: RefCell::default(),
            made: (reactor_now, unix_time),
            reported: RefCell::default(),
            secrets: OnceCell::new(),
        })
    }

    /// Limits the number of requests.
    pub fn limit_requests(&self, requests: u32) {
        self.budget.limit(requests);
    }

    /// Sets the secrets that are masked in excerpts of responses. Only the first call counts.
    pub fn set_secrets(&self, secrets: Arc<Secrets>) {
        let _ = self.secrets.set(secrets);
    }

    /// Returns the secrets that are masked in excerpts of responses.
    pub(in crate::session) fn secrets(&self) -> Arc<Secrets> {
        self.secrets.get().cloned().unwrap_or_default()
    }

    /// Completes when the limit of requests is reached and all have ended; never if there is no limit.
    pub async fn requests_spent(&self) {
        self.budget.spent().await;
    }

    /// Returns when the context was made, before the first request of the core.
    pub(in crate::session) fn ready_since(&self) -> Instant {
        self.made.0
    }

    /// Returns the time of the reactor's last turn, since the Unix epoch.
    pub(in crate::session) fn unix_time(&self) -> Duration {
        let (instant, since_epoch) = self.made;
        since_epoch + self.reactor.now().saturating_duration_since(instant)
    }

    /// Adds the addresses of a host, so that no request has to look it up.
    pub fn know(&self, target: &ResolvedUrl) {
        self.origins.know(target);
    }

    /// Returns what connections are made with.
    pub(in crate::session) fn network(&self) -> Network<'_> {
        let Context { reactor, recorder, local_addresses, limits, .. } = self;
        Network { reactor, recorder, resolver: self.origins.resolver(), local_addresses, limits }
    }

    /// Returns the head that the last response of an entry had.
    pub(in crate::session) fn known_head(&self, entry: EntryId) -> RefMut<'_, KnownHead> {
        let index = entry.0 as usize;
        let mut heads = self.known_heads.borrow_mut();
        if heads.len() <= index {
            heads.resize_with(index + 1, KnownHead::default);
        }
        RefMut::map(heads, |heads| &mut heads[index])
    }

    /// Returns the text that a failure is counted under.
    pub(in crate::session) fn failure_text(&self, entry: EntryId, failure: &Failure) -> String {
        let Some(progress) = failure.progress() else { return failure.to_string() };
        let mut reported = self.reported.borrow_mut();
        let this = (entry, progress);
        if reported.contains(&this) {
            return failure.to_string();
        }
        let of_entry = reported.iter().filter(|(other, _)| *other == entry).count();
        if reported.len() == PROGRESS_MAX || of_entry == PROGRESS_MAX_OF_ENTRY {
            return failure.general_text();
        }
        reported.push(this);
        failure.to_string()
    }

    /// Has the reactor keep the bytes of an upload, from its first use on. Returns `None` if `most` others
    /// are kept already.
    pub(in crate::session) fn keep_upload(
        &self,
        upload: &Upload,
        most: usize,
    ) -> Option<KeptBytes> {
        let mut uploads = self.uploads.borrow_mut();
        let bytes = upload.shared();
        if let Some((_, kept)) = uploads.iter().find(|(known, _)| Arc::ptr_eq(known, bytes)) {
            return Some(*kept);
        }
        (uploads.len() < most).then(|| {
            let kept = self.reactor.keep_shared(bytes.clone());
            uploads.push((bytes.clone(), kept));
            kept
        })
    }

    /// Returns an empty buffer, a spare one if there is any.
    pub(in crate::session) fn spare(&self) -> Vec<u8> {
        self.spare.borrow_mut().pop().unwrap_or_default()
    }

    /// Returns a request to render into: a used one, for its memory, if there is any.
    pub(in crate::session) fn unwritten(&self, defaults: &Defaults) -> Box<Rendered> {
        let earlier = self.sent.borrow_mut().pop();
        earlier.unwrap_or_else(|| Box::new(Rendered::unwritten(defaults.origin.clone())))
    }

    /// Keeps the memory of a request that has ended for later ones.
    pub(in crate::session) fn recycle_request(&self, mut rendered: Box<Rendered>) {
        let is_small =
            matches!(&rendered.text, Text::Own(text) if text.capacity() <= SPARE_BYTES_MAX);
        let mut sent = self.sent.borrow_mut();
        if is_small && sent.len() < SPARE_MAX {
            rendered.separate_body = None;
            sent.push(rendered);
        }
    }

    /// Returns an empty text with the memory of an earlier buffer.
    pub(in crate::session) fn spare_text(&self) -> String {
        String::from_utf8(self.spare()).unwrap_or_default()
    }

    /// Keeps the memory of a text that is not borrowed.
    pub(in crate::session) fn recycle_text(&self, text: Cow<'_, str>) {
        if let Cow::Owned(text) = text {
            self.recycle(text.into_bytes());
        }
    }

    /// Keeps a buffer for later requests and responses.
    pub(in crate::session) fn recycle(&self, mut buffer: Vec<u8>) {
        let mut spare = self.spare.borrow_mut();
        let is_worth_it = (1..=SPARE_BYTES_MAX).contains(&buffer.capacity());
        if is_worth_it && spare.len() < SPARE_MAX {
            buffer.clear();
            spare.push(buffer);
        }
    }
}

/// A request that has started and not ended. If it is dropped, the request counts as cancelled.
pub(in crate::session) struct InFlight<'c> {
    context: &'c Context,
    entry: EntryId,
}

impl<'c> InFlight<'c> {
    pub(in crate::session) fn new(context: &'c Context, entry: EntryId) -> Self {
        InFlight { context, entry }
    }

    /// Notes that the request has ended. The caller records its sample.
    pub(in crate::session) fn ended(self) {
        self.context.budget.ended();
        std::mem::forget(self);
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.context.budget.ended();
        self.context.recorder.borrow_mut().cancel(self.entry);
    }
}
