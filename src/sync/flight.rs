//! Requests under way, side by side.

use std::collections::VecDeque;

use futures_util::{StreamExt as _, future::BoxFuture, stream::FuturesUnordered};

/// Bytes that the answers of requests under way may come to together, as far as earlier ones tell.
const BUDGET: usize = 32 << 20;

/// Requests under way, and what came for some of them while there was other work.
pub(super) struct Flight<'e, T> {
    under_way: FuturesUnordered<BoxFuture<'e, T>>,
    came: VecDeque<T>,
    /// Bytes that an answer is expected to have: those of the largest, which is forgotten little by little.
    weight: usize,
}

impl<'e, T> Flight<'e, T> {
    pub(super) fn new() -> Self {
        Self { under_way: FuturesUnordered::new(), came: VecDeque::new(), weight: 0 }
    }

    /// Returns whether another request may go out where `most` may be under way: fewer if answers are large, but one
    /// always. What came and was not taken counts as well.
    pub(super) fn has_room(&self, most: usize) -> bool {
        let fit = BUDGET / self.weight.max(1);
        self.under_way.len() + self.came.len() < most.min(fit).max(1)
    }

    /// Takes note of an answer of so many `bytes`.
    pub(super) fn weigh(&mut self, bytes: usize) {
        self.weight = bytes.max(self.weight - self.weight / 8);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_answers_leave_room_for_fewer_and_are_forgotten() {
        let mut flight: Flight<'_, ()> = Flight::new();
        let room = |flight: &mut Flight<'_, ()>, most| {
            flight.under_way.clear();
            while flight.has_room(most) {
                flight.push(Box::pin(std::future::pending()));
            }
            flight.under_way.len()
        };
        assert_eq!(room(&mut flight, 8), 8, "nothing is known of their size");
        flight.weigh(1 << 20);
        assert_eq!(room(&mut flight, 8), 8);
        assert_eq!(room(&mut flight, 64), 32);
        flight.weigh(10 << 20);
        assert_eq!(room(&mut flight, 8), 3);
        flight.weigh(64 << 20);
        assert_eq!(room(&mut flight, 8), 1, "one is always asked for");
        for _ in 0..40 {
            flight.weigh(1 << 20);
        }
        assert_eq!(room(&mut flight, 64), 32);
    }
}
