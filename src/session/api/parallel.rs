//! Several requests of one user at the same time.

use std::cell::Cell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::Poll;

use super::check::Check;
use super::pending::PendingRequest;
use super::response::Response;
use super::session::{Session, SessionClass, SessionRefs};
use super::unanswered::RequestFailed;
use crate::session::wire::context::Context;
use crate::session::wire::exchange::Connections;
use crate::session::wire::prepared::Prepared;

/// Further connections of a user, for requests that are made at the same time, and for those that reach
/// their server in another way. Each element carries one request after another. They are allocated when
/// they are first needed, because most users have no such requests.
#[derive(Debug, Default)]
pub(in crate::session) struct ParallelConnections(Option<Box<Further>>);

/// What there is of them.
#[derive(Debug, Default)]
struct Further {
    parallel: Vec<Connections>,
    /// Each with the variant of the class that it is for.
    varied: Vec<(Rc<SessionClass>, Connections)>,
}

impl ParallelConnections {
    /// Closes the connections and frees their memory.
    pub(in crate::session) fn close(&mut self) {
        self.0 = None;
    }

    /// Takes a free element, or makes a new one.
    pub(in crate::session) fn pop(&mut self, context: &Context) -> Connections {
        let free = self.0.as_mut().and_then(|further| further.parallel.pop());
        free.unwrap_or_else(|| Connections::new(context))
    }

    /// Gives an element back.
    pub(in crate::session) fn push(&mut self, connections: Connections) {
        self.0.get_or_insert_default().parallel.push(connections);
    }

    /// Takes a free element for this variant of the class, or makes a new one.
    pub(super) fn pop_varied(
        &mut self,
        class: &Rc<SessionClass>,
        context: &Context,
    ) -> Connections {
        let is_of = |(of, _): &(Rc<SessionClass>, Connections)| Rc::ptr_eq(of, class);
        let free = self.0.as_mut().and_then(|further| {
            let position = further.varied.iter().position(is_of)?;
            Some(further.varied.swap_remove(position).1)
        });
        free.unwrap_or_else(|| Connections::new(context))
    }

    /// Gives an element for this variant back.
    pub(super) fn push_varied(&mut self, class: Rc<SessionClass>, connections: Connections) {
        self.0.get_or_insert_default().varied.push((class, connections));
    }

    /// Returns so many elements.
    fn take(&mut self, count: usize, session: &SessionRefs<'_>) -> &mut [Connections] {
        let parallel = &mut self.0.get_or_insert_default().parallel;
        while parallel.len() < count {
            parallel.push(Connections::new(session.context));
        }
        &mut parallel[..count]
    }
}

impl Session {
    /// Makes requests at the same time over several connections, as a browser does over six: each
    /// connection takes the next request as soon as it is free. Returns when the last response is
    /// there. The responses are in the order of the requests, each as
    /// [`RequestBuilder::send`](crate::session::RequestBuilder::send) returns it.
    ///
    /// ```
    /// # use gregaria::session::{Session, status};
    /// # async fn task(session: &mut Session) {
    /// let page = ["/a.css", "/b.js", "/c.png"];
    /// let requests = page.map(|path| session.get(path).check(status(200)).later());
    /// for response in session.parallel(requests, 6).await.into_iter().flatten() {
    ///     println!("{}", response.status());
    /// }
    /// # }
    /// ```
    pub async fn parallel(
        &mut self,
        requests: impl IntoIterator<Item = PendingRequest>,
        connections: usize,
    ) -> Vec<Result<Response, RequestFailed>> {
        let mut requests: Vec<_> = requests.into_iter().map(Some).collect();
        let mut responses: Vec<_> = requests.iter().map(|_| None).collect();
        let width = connections.clamp(1, requests.len().max(1));
        let waiting = requests.iter_mut().zip(&mut responses);
        self.distribute(waiting, width, async |session, connections, (request, response)| {
            if let Some(request) = request.take() {
                let made = request.make(session, connections).await;
                *response = Some(made.map_err(|unanswered| unanswered.into_failed()));
            }
        })
        .await;
        responses.into_iter().flatten().collect()
    }

    #[doc(hidden)]
    /// Makes constant requests, at most `width` at the same time, and applies the checks of each to its
    /// response. Returns `false` if one of them failed.
    pub async fn run_parallel_steps<'r>(
        &mut self,
        steps: impl Iterator<Item = (&'r Prepared, &'r [Check])>,
        width: usize,
    ) -> bool {
        let all_succeed = Cell::new(true);
        self.distribute(steps, width, async |session, connections, (prepared, checks)| {
            if !session.run_step(connections, prepared, checks).await {
                all_succeed.set(false);
            }
        })
        .await;
        all_succeed.get()
    }

    /// Distributes the work among `width` sets of connections, of which the first is that of single
    /// requests. Unfinished work is dropped with this future.
    async fn distribute<T>(
        &mut self,
        work: impl Iterator<Item = T>,
        width: usize,
        make: impl AsyncFn(SessionRefs<'_>, &mut Connections, T),
    ) {
        let (session, first, parallel) = self.split();
        let work = Cell::new(Some(work));
        let next = || {
            let mut left = work.take()?;
            let next = left.next();
            work.set(Some(left));
            next
        };
        let parallel = parallel.take(width - 1, &session).iter_mut();
        let worker = async |connections: &mut Connections| {
            while let Some(request) = next() {
                make(session, connections, request).await;
            }
        };
        all(std::iter::once(first).chain(parallel).map(worker)).await;
    }
}

/// Runs futures in this task until each has ended.
async fn all(futures: impl Iterator<Item = impl Future<Output = ()>>) {
    let mut futures: Vec<Pin<Box<_>>> = futures.map(Box::pin).collect();
    std::future::poll_fn(|context| {
        futures.retain_mut(|future| future.as_mut().poll(context).is_pending());
        if futures.is_empty() { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}
