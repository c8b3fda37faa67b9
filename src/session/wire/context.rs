//! What all sessions of a core share.

use std::cell::{OnceCell, RefCell, RefMut};
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

/// The most buffers of finished responses that are kept for the next: 64 of at most 64 KiB.
const SPARE_MAX: usize = 64;
pub(super) const SPARE_BYTES_MAX: usize = 64 * 1024;

/// How many different breaks inside bodies a core tells with their bytes. A server that breaks off
/// anywhere would otherwise fill the table of failures, and all other failures would have no row.
const PROGRESS_MAX: usize = 50;

const PROGRESS_MAX_OF_ENTRY: usize = 5;

/// One core's reactor, statistics and spare memory, as its sessions use them.
#[derive(Debug)]
pub struct Context {
    /// Where all input and output of the core happens.
    pub reactor: Rc<Reactor>,
    /// Where every finished request of the core is counted.
    pub recorder: RefCell<Recorder>,
    /// How much of a response is put up with.
    pub limits: http1::Limits,
    pub(in crate::session) origins: Origins,
    local_addresses: LocalAddresses,
    pub(in crate::session) budget: Budget,
    pub(in crate::session) decoders: RefCell<Decoders>,
    uploads: RefCell<Vec<(Arc<[u8]>, KeptBytes)>>,
    /// By entry, whose requests are all of one method.
    known_heads: RefCell<Vec<KnownHead>>,
    spare: RefCell<Vec<Vec<u8>>>,
    /// Requests that were made on the way, for the memory of later ones.
    #[expect(clippy::vec_box, reason = "they are moved in and out as boxes")]
    sent: RefCell<Vec<Box<Rendered>>>,
    /// The same moment by both clocks, so that cookies need not ask for the time.
    made: (Instant, Duration),
    /// Interruptions inside bodies that were reported with their numbers of bytes.
    reported: RefCell<Vec<(EntryId, BodyProgress)>>,
    secrets: OnceCell<Arc<Secrets>>,
}

impl Context {
    /// A core's context. Its connections come from these addresses, and go to those that this
    /// resolver finds.
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
            known_heads: RefCell::default(),
            spare: RefCell::default(),
            sent: RefCell::default(),
            made: (reactor_now, unix_time),
            reported: RefCell::default(),
            secrets: OnceCell::new(),
        })
    }

    /// Lets no more requests be made than these.
    pub fn limit_requests(&self, requests: u32) {
        self.budget.limit(requests);
    }

    /// Sets the secrets that are masked in excerpts of responses. Only the first call counts.
    pub fn set_secrets(&self, secrets: Arc<Secrets>) {
        let _ = self.secrets.set(secrets);
    }

    /// What is kept out of what is kept of responses.
    pub(in crate::session) fn secrets(&self) -> Arc<Secrets> {
        self.secrets.get().cloned().unwrap_or_default()
    }

    /// Completes when as many requests have been made as may be; never where there is no limit.
    pub async fn requests_spent(&self) {
        self.budget.spent().await;
    }

    /// When it was made, before anything was wanted of the core.
    pub(in crate::session) fn ready_since(&self) -> Instant {
        self.made.0
    }

    /// The time of the reactor's last turn, since the Unix epoch.
    pub(in crate::session) fn unix_time(&self) -> Duration {
        let (instant, since_epoch) = self.made;
        since_epoch + self.reactor.now().saturating_duration_since(instant)
    }

    /// Remembers where a host is, so that no request has to look it up.
    pub fn know(&self, target: &ResolvedUrl) {
        self.origins.know(target);
    }

    /// What connections are made with.
    pub(in crate::session) fn network(&self) -> Network<'_> {
        let Context { reactor, recorder, local_addresses, limits, .. } = self;
        Network { reactor, recorder, resolver: self.origins.resolver(), local_addresses, limits }
    }

    /// The head that the last response of an entry had.
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

    /// The bytes of an upload, kept by the reactor from the first time on; none where as many as may be
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

    /// An empty buffer for a response, with the memory of an earlier one where there is any.
    pub(in crate::session) fn spare(&self) -> Vec<u8> {
        self.spare.borrow_mut().pop().unwrap_or_default()
    }

    /// A request to be written: an earlier one, for its memory, where there is any.
    pub(in crate::session) fn unwritten(&self, defaults: &Defaults) -> Box<Rendered> {
        let earlier = self.sent.borrow_mut().pop();
        earlier.unwrap_or_else(|| Box::new(Rendered::unwritten(defaults.origin.clone())))
    }

    /// Takes a request back that was made on the way and has been answered.
    pub(in crate::session) fn recycle_request(&self, mut rendered: Box<Rendered>) {
        let is_small =
            matches!(&rendered.text, Text::Own(text) if text.capacity() <= SPARE_BYTES_MAX);
        let mut sent = self.sent.borrow_mut();
        if is_small && sent.len() < SPARE_MAX {
            rendered.separate_body = None;
            sent.push(rendered);
        }
    }

    pub(in crate::session) fn recycle(&self, mut buffer: Vec<u8>) {
        let mut spare = self.spare.borrow_mut();
        let is_worth_it = (1..=SPARE_BYTES_MAX).contains(&buffer.capacity());
        if is_worth_it && spare.len() < SPARE_MAX {
            buffer.clear();
            spare.push(buffer);
        }
    }
}

/// A request that was started and has not ended: dropped before its end, it counts as cancelled.
pub(in crate::session) struct InFlight<'c> {
    context: &'c Context,
    entry: EntryId,
}

impl<'c> InFlight<'c> {
    pub(in crate::session) fn new(context: &'c Context, entry: EntryId) -> Self {
        InFlight { context, entry }
    }

    /// The request has ended, and its sample is recorded by whoever says so.
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
