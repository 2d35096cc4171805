//! The waits in one queue of a monitor, first come, first woken. Pure data under the monitor's lock.
//!
//! ```text
//!   waiting: [(4, w), (6, w)]     ranks 4 and 6 wait; 3 and 5 were woken, and have not come back to the monitor yet
//!   woken: 2                      for each of these, something is there
//! ```
//! Each wait that enters leaves once: woken or not, given up, or unwinding.
#![forbid(unsafe_code)]

use std::collections::VecDeque;

pub(crate) struct SharedQueue<W> {
    /// By rank.
    waiting: VecDeque<(u64, W)>,
    called: usize,
    last_rank: u64,
}

impl<W> SharedQueue<W> {
    pub(crate) const fn new() -> SharedQueue<W> {
        SharedQueue {
            waiting: VecDeque::new(),
            called: 0,
            last_rank: 0,
        }
    }

    /// A rank for a new wait, behind all others. A waiter keeps it when it enters again.
    pub(crate) fn draw_rank(&mut self) -> u64 {
        self.last_rank += 1;
        self.last_rank
    }

    /// Waits from now on.
    pub(crate) fn enter(&mut self, rank: u64, waker: W) {
        let place = self.waiting.partition_point(|(other, _)| *other < rank);
        self.waiting.insert(place, (rank, waker));
    }

    /// Waits no longer. True if it was woken.
    pub(crate) fn leave(&mut self, rank: u64) -> bool {
        let found = self.take(rank).is_some();
        if !found {
            self.called -= 1;
        }
        !found
    }

    /// Takes out the first wait, if there is one; the caller wakes it.
    pub(crate) fn wake_first(&mut self) -> Option<W> {
        let (_, waker) = self.waiting.pop_front()?;
        self.called += 1;
        Some(waker)
    }

    /// Calls this one, if it waits.
    pub(crate) fn wake_ranked(&mut self, rank: u64) -> Option<W> {
        let waker = self.take(rank)?;
        self.called += 1;
        Some(waker)
    }

    /// How many were called and have not left.
    pub(crate) fn woken(&self) -> usize {
        self.called
    }

    /// How many have entered and not left.
    pub(crate) fn present(&self) -> usize {
        self.waiting.len() + self.called
    }

    fn take(&mut self, rank: u64) -> Option<W> {
        let place = self
            .waiting
            .binary_search_by_key(&rank, |(other, _)| *other);
        self.waiting.remove(place.ok()?).map(|(_, waker)| waker)
    }
}
