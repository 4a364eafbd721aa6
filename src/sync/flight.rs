//! Requests under way, side by side.

use std::collections::VecDeque;

use futures_util::{StreamExt as _, future::BoxFuture, stream::FuturesUnordered};

/// Requests under way, and what came for some of them while there was other work.
pub(super) struct Flight<'e, T> {
    under_way: FuturesUnordered<BoxFuture<'e, T>>,
    came: VecDeque<T>,
}

impl<'e, T> Flight<'e, T> {
    pub(super) fn new() -> Self {
        Self { under_way: FuturesUnordered::new(), came: VecDeque::new() }
    }

    /// Returns how many there are, with those whose answers came and were not taken.
    pub(super) fn len(&self) -> usize {
        self.under_way.len() + self.came.len()
    }

    pub(super) fn push(&mut self, request: BoxFuture<'e, T>) {
        self.under_way.push(request);
    }

    /// Returns what came first; `None` if there are none. Dropping the future loses nothing.
    pub(super) async fn next(&mut self) -> Option<T> {
        match self.came.pop_front() {
            Some(came) => Some(came),
            None => self.under_way.next().await,
        }
    }

    /// Carries out `work` while the requests go on: one of them may hold the turn that a request of `work` waits for.
    pub(super) async fn beside<R>(&mut self, work: impl Future<Output = R>) -> R {
        let mut work = std::pin::pin!(work);
        loop {
            tokio::select! {
                biased;
                done = &mut work => return done,
                Some(came) = self.under_way.next() => self.came.push_back(came),
            }
        }
    }
}
