//! The state of a channel under its monitor: the items, their limit, and the waits on either side. Pure, and tried by
//! `tests/loom`.
//!
//! ```text
//!   SENDERS  ->  [ item | item | item | .. up to `capacity` ]  ->  RECEIVERS
//!
//!   capacity 0   each item belongs to a sender that waits until it is taken: it carries the sender's rank
//! ```
#![forbid(unsafe_code)]

use std::collections::VecDeque;
use std::mem;

use super::monitor::{Monitored, QueueId, Wake};
use super::queue::SharedQueue;

pub(crate) const SENDERS: QueueId = QueueId(0);
pub(crate) const RECEIVERS: QueueId = QueueId(1);

pub(crate) struct ChannelState<T, W> {
    items: VecDeque<SentItem<T>>,
    capacity: usize,
    /// Handles of each kind that are alive.
    senders: usize,
    receivers: usize,
    at_senders: SharedQueue<W>,
    at_receivers: SharedQueue<W>,
    /// Senders whose items were taken, and that were not told yet.
    taken: VecDeque<u64>,
}

struct SentItem<T> {
    value: T,
    /// Of the sender that waits until the item is taken.
    rank: Option<u64>,
}

/// What became of a try to send, if it is over.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Sent {
    Done,
    /// All receivers are gone, and the value was not sent.
    Disconnected,
}

impl<T, W> ChannelState<T, W> {
    /// With one handle of each kind.
    pub(crate) fn new(capacity: usize) -> ChannelState<T, W> {
        ChannelState {
            items: VecDeque::new(),
            capacity,
            senders: 1,
            receivers: 1,
            at_senders: SharedQueue::new(),
            at_receivers: SharedQueue::new(),
            taken: VecDeque::new(),
        }
    }

    /// Puts the value there if it can, or if its sender may wait there for a receiver; otherwise leaves it in `value`. A waiting
    /// sender comes again with its rank. `None` means that it must wait.
    pub(crate) fn send(&mut self, value: &mut Option<T>, rank: Option<u64>) -> Option<Sent> {
        if value.is_none() {
            return self.is_taken(rank, value);
        }
        if self.receivers == 0 {
            return Some(Sent::Disconnected);
        }
        if self.capacity == 0 {
            self.put(value, Some(rank?));
            return None;
        }
        (self.items.len() < self.capacity).then(|| {
            self.put(value, None);
            Sent::Done
        })
    }

    /// Puts the value there if that needs no wait.
    pub(crate) fn try_send(&mut self, value: &mut Option<T>) -> Option<Sent> {
        if self.receivers == 0 {
            return Some(Sent::Disconnected);
        }
        // Without capacity, a waiting receiver must be there to take it.
        let room = match self.capacity {
            0 => self.at_receivers.present(),
            capacity => capacity,
        };
        (self.items.len() < room).then(|| {
            self.put(value, None);
            Sent::Done
        })
    }

    /// Takes back the value of the waiting sender with this rank, if no receiver has taken it.
    pub(crate) fn withdraw(&mut self, rank: u64) -> Option<T> {
        let place = self.items.iter().position(|item| item.rank == Some(rank))?;
        self.items.remove(place).map(|item| item.value)
    }

    /// The first item; `Some(None)` when none will come.
    pub(crate) fn receive(&mut self) -> Option<Option<T>> {
        match self.items.pop_front() {
            Some(item) => {
                self.taken.extend(item.rank);
                Some(Some(item.value))
            }
            None => (self.senders == 0).then_some(None),
        }
    }

    pub(crate) fn add_sender(&mut self) {
        self.senders += 1;
    }

    pub(crate) fn add_receiver(&mut self) {
        self.receivers += 1;
    }

    pub(crate) fn remove_sender(&mut self) {
        self.senders -= 1;
    }

    /// The items that no receiver will take come out, to be dropped when the monitor is free.
    pub(crate) fn remove_receiver(&mut self) -> Vec<T> {
        self.receivers -= 1;
        if self.receivers > 0 {
            return Vec::new();
        }
        // Waiting senders get theirs back.
        let mut lost = Vec::new();
        for item in mem::take(&mut self.items) {
            match item.rank {
                Some(_) => self.items.push_back(item),
                None => lost.push(item.value),
            }
        }
        lost
    }

    pub(crate) fn len(&self) -> usize {
        if self.capacity == 0 {
            0
        } else {
            self.items.len()
        }
    }

    pub(crate) fn capacity(&self) -> usize {
        self.capacity
    }

    fn put(&mut self, value: &mut Option<T>, rank: Option<u64>) {
        if let Some(value) = value.take() {
            self.items.push_back(SentItem { value, rank });
        }
    }

    /// For a sender that has put its item there and waits.
    fn is_taken(&mut self, rank: Option<u64>, value: &mut Option<T>) -> Option<Sent> {
        let is_there = self.items.iter().any(|item| item.rank == rank);
        if !is_there {
            return Some(Sent::Done);
        }
        if self.receivers > 0 {
            return None;
        }
        *value = self.withdraw(rank?);
        Some(Sent::Disconnected)
    }
}

impl<T, W: Wake> Monitored for ChannelState<T, W> {
    type Waker = W;

    fn queue(&mut self, side: QueueId) -> &mut SharedQueue<W> {
        if side == SENDERS {
            &mut self.at_senders
        } else {
            &mut self.at_receivers
        }
    }

    fn next_to_wake(&mut self) -> Option<W> {
        while let Some(rank) = self.taken.pop_front() {
            if let Some(waker) = self.at_senders.wake_ranked(rank) {
                return Some(waker);
            }
        }
        let room = self.capacity.saturating_sub(self.items.len());
        if (self.receivers == 0 || room > self.at_senders.woken())
            && let Some(waker) = self.at_senders.wake_first()
        {
            return Some(waker);
        }
        if self.senders == 0 || self.items.len() > self.at_receivers.woken() {
            return self.at_receivers.wake_first();
        }
        None
    }
}
