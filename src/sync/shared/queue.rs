//! Who waits at one side of a monitor, first come, first called. Pure data under the monitor's lock.
//!
//! ```text
//!   waiting: [(4, w), (6, w)]     ranks 4 and 6 wait; 3 and 5 were called, and have not come back to the monitor yet
//!   called: 2                     for each of these, something is there, or will be said
//! ```
//! Everybody who enters leaves once: whether it was called or not, gives up, or has gone to other things.
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

    /// A place for whoever is about to wait, behind everybody else's. It stays its own for as long as it comes again.
    pub(crate) fn draw_rank(&mut self) -> u64 {
        self.last_rank += 1;
        self.last_rank
    }

    /// Waits from now on.
    pub(crate) fn enter(&mut self, rank: u64, waker: W) {
        let place = self.waiting.partition_point(|(other, _)| *other < rank);
        self.waiting.insert(place, (rank, waker));
    }

    /// Waits no longer. True if it was called.
    pub(crate) fn leave(&mut self, rank: u64) -> bool {
        let found = self.take(rank).is_some();
        if !found {
            self.called -= 1;
        }
        !found
    }

    /// Calls the first, if anybody waits: whoever gets the waker wakes it.
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
