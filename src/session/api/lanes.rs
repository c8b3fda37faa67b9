//! Several requests of one user at the same time.

use std::cell::Cell;
use std::pin::Pin;
use std::task::Poll;

use super::check::Check;
use super::counted::RequestFailed;
use super::pending::PendingRequest;
use super::response::Response;
use super::session::{Session, Sharing};
use crate::session::wire::context::Context;
use crate::session::wire::exchange::Connections;
use crate::session::wire::prepared::Prepared;

/// The connections of a user beyond those that it needs for one request at a time. Each lane makes
/// one request after the other. Made when something is parallel for the first time, so that a user
/// without such a thing has no room for them.
#[derive(Debug, Default)]
#[expect(clippy::box_collection, reason = "a pointer instead of three words, in every user")]
pub(in crate::session) struct Lanes(Option<Box<Vec<Connections>>>);

impl Lanes {
    /// Closes their connections and gives them back.
    pub(in crate::session) fn close(&mut self) {
        self.0 = None;
    }

    /// One that is free, or a new one.
    pub(in crate::session) fn pop(&mut self, context: &Context) -> Connections {
        let free = self.0.as_mut().and_then(|lanes| lanes.pop());
        free.unwrap_or_else(|| Connections::new(context))
    }

    /// Gives one back.
    pub(in crate::session) fn push(&mut self, lane: Connections) {
        self.0.get_or_insert_default().push(lane);
    }

    /// So many of them.
    fn take(&mut self, count: usize, sharing: &Sharing<'_>) -> &mut [Connections] {
        let lanes = self.0.get_or_insert_default();
        while lanes.len() < count {
            lanes.push(Connections::new(sharing.context));
        }
        &mut lanes[..count]
    }
}

impl Session {
    /// Makes requests at the same time over as many connections, as a browser does, six for one:
    /// each connection takes the next request whenever it is free. Comes back with the last
    /// response; the responses are in the order of the requests, each as
    /// [`RequestBuilder::send`](crate::session::RequestBuilder::send) gives it.
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
        self.share_out(waiting, width, async |sharing, connections, (request, response)| {
            if let Some(request) = request.take() {
                *response = Some(request.make(sharing, connections).await);
            }
        })
        .await;
        responses.into_iter().flatten().collect()
    }

    /// Makes constant requests at the same time, at most so many, and judges each response by its
    /// checks.
    pub async fn run_parallel_steps<'r>(
        &mut self,
        steps: impl Iterator<Item = (&'r Prepared, &'r [Check])>,
        width: usize,
    ) {
        self.share_out(steps, width, async |sharing, connections, (prepared, checks)| {
            sharing.run_step(connections, prepared, checks).await;
        })
        .await;
    }

    /// Lets as many lanes work until nothing is left to take; the first is that of the single
    /// requests. What they do is dropped with this.
    async fn share_out<T>(
        &mut self,
        work: impl Iterator<Item = T>,
        width: usize,
        make: impl AsyncFn(Sharing<'_>, &mut Connections, T),
    ) {
        let (sharing, first, lanes) = self.split();
        let work = Cell::new(Some(work));
        let next = || {
            let mut left = work.take()?;
            let next = left.next();
            work.set(Some(left));
            next
        };
        let lanes = lanes.take(width - 1, &sharing).iter_mut();
        let lane = async |connections: &mut Connections| {
            while let Some(request) = next() {
                make(sharing, connections, request).await;
            }
        };
        all(std::iter::once(first).chain(lanes).map(lane)).await;
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
