//! Channels without room: a sender and a receiver are matched when both are there, and both waits are decided at once.
//!
//! ```text
//!                        the waiting counterpart is
//!   newcomer             a plain call                            an arm of a select
//!   recv, recv arm       its item is taken, its wait is over     its select is woken, and makes the item; this receiver
//!                                                                waits for that alone: it is bound
//!   send                 the item is put into the queue, and reserved for that receiver
//!   send arm             that receiver is bound; the select makes the item, and gives it to that receiver
//! ```
//! A newcomer is matched with the first wait of the other side that can still be woken and is not bound. So two counterparts
//! that can be woken never both wait, except for two arms of one select, which never meet.
//!
//! A receiver that is given an item runs before its sender resumes, where the sender may be left: got 0, put 0, got 1, put 1.
//!
//! If the item does not come (a panic, a kill, a `break`), its receiver is undecided again, in its old place. If a bound
//! receiver waits no more, its item goes to the next one, or stays in the queue until one comes.
//!
//! # Invariant
//! For each select that was woken as a sender and has not run yet, `bound` has one entry.
#![forbid(unsafe_code)]

use std::cell::RefCell;
use std::collections::VecDeque;
use std::mem;

use super::ends::Items;
use super::shared::Channel;
use crate::error::SendTimeoutError;
use crate::hub::{Deadline, Resource, Wait, WaitRequest, Waker, draw_rank, yield_if_allowed};
use crate::list::Scan;
use crate::waiting::{WaitReason, WakeReason};

pub(super) struct Pairing<T> {
    /// The items of plain senders that wait, each with the rank of its sender, in that order.
    offers: RefCell<VecDeque<(u64, T)>>,
    /// The receivers that are bound to selects which were called, in the order of the calls.
    bound: RefCell<VecDeque<Waker>>,
}

impl<T> Pairing<T> {
    pub(super) fn new() -> Pairing<T> {
        Pairing {
            offers: RefCell::new(VecDeque::new()),
            bound: RefCell::new(VecDeque::new()),
        }
    }

    #[inline]
    fn take_offer(&self, rank: u64) -> Option<T> {
        let mut offers = self.offers.borrow_mut();
        if offers.front()?.0 == rank {
            return offers.pop_front().map(|(_, item)| item);
        }
        let index = offers.binary_search_by_key(&rank, |offer| offer.0).ok()?;
        offers.remove(index).map(|(_, item)| item)
    }

    #[inline]
    fn has_offer(&self, rank: u64) -> bool {
        let offers = self.offers.borrow();
        let is_first = offers.front().is_some_and(|first| first.0 == rank);
        is_first || offers.binary_search_by_key(&rank, |offer| offer.0).is_ok()
    }
}

/// The first sender that a receiver can be matched with.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum NextSender {
    Plain,
    Select,
}

impl<T> Items<T> {
    /// The first undecided sender, seen by a receiver that does not wait.
    pub(super) fn first_sender(&self) -> Option<NextSender> {
        self.settle();
        let mut first = None;
        self.senders.take_first(|_, rank| {
            first = Some(match self.pairing.has_offer(rank) {
                true => NextSender::Plain,
                false => NextSender::Select,
            });
            Scan::Stop
        });
        first
    }

    /// Takes the item of the first undecided sender, if that is a plain one.
    #[inline]
    pub(super) fn take_offer(&self) -> Option<T> {
        if self.senders.acquirers().is_empty() {
            return None;
        }
        self.settle();
        let mut taken = None;
        let mut is_plain = |rank| {
            taken = self.pairing.take_offer(rank);
            taken.is_some()
        };
        let sender = self.senders.take_front_if(&mut is_plain);
        // Before it there may be some that have ended.
        let sender = sender.or_else(|| {
            self.senders.take_first(|_, rank| match is_plain(rank) {
                true => Scan::Take,
                false => Scan::Stop,
            })
        });
        sender?.wake();
        taken
    }

    /// Binds a receiver that begins to wait to the first undecided sender, which is a select: that is woken. False if
    /// there is none: then those are told that look for a receiver.
    #[inline(never)]
    pub(super) fn pair_with_select(&self, receiver: &Wait) -> bool {
        if !self.senders.wake_next() {
            self.senders.notify_observers();
            return false;
        }
        self.push_bound(&receiver.waker());
        true
    }

    /// The first receiver that is bound to a select which was woken is taken by the first such select that runs.
    pub(super) fn pop_bound(&self) -> Option<Waker> {
        loop {
            let first = self.pairing.bound.borrow_mut().pop_front()?;
            if first.can_be_woken() {
                return Some(first);
            }
        }
    }

    /// A bound receiver still waits.
    pub(super) fn has_bound_receiver(&self) -> bool {
        let bound = self.pairing.bound.borrow();
        bound.iter().any(Waker::can_be_woken)
    }

    /// Binds the first undecided receiver to a select that comes as a sender.
    pub(super) fn bind_receiver(&self) -> Option<Waker> {
        let mut bound = None;
        self.receivers.take_first(|receiver, _| {
            bound = receiver.bind();
            Scan::Stop
        });
        bound
    }

    /// Gives an item to the receiver that was bound for it; to the next one, if that waits no more.
    pub(super) fn deliver(&self, receiver: Waker, item: T) {
        // Before items that are there because their receivers were gone.
        let place = self.receivers.reserved();
        self.queue.borrow_mut().insert(place, item);
        self.len.set(self.len.get() + 1);
        if !self.receivers.wake(receiver) {
            self.wake_waiters();
        }
    }

    /// A select that was woken does not send: the last receiver that was bound to one is undecided again.
    pub(super) fn release_bound(&self) {
        while self.pairing.bound.borrow().len() > self.senders.reserved() {
            let last = self.pairing.bound.borrow_mut().pop_back();
            last.into_iter().for_each(|last| self.unbind(last));
        }
    }

    /// An item does not come: its receiver is undecided again, and gets what has come meanwhile.
    pub(super) fn unbind(&self, receiver: Waker) {
        if let Some(receiver) = receiver.unbind() {
            self.match_waiting(receiver);
        }
    }

    /// Matches those on both sides that wait, before one that comes is matched with either: a select that was bound in another
    /// channel, and is undecided again, was not there for what has come here meanwhile.
    #[inline(always)]
    pub(super) fn settle(&self) {
        if self.senders.has_acquirer() && self.receivers.has_acquirer() {
            self.settle_slow();
        }
    }

    #[cold]
    #[inline(never)]
    fn settle_slow(&self) {
        let mut skipped = 0;
        while let Some(receiver) = self.undecided_receiver(skipped) {
            if !self.match_waiting(receiver) {
                skipped += 1;
            }
        }
    }

    /// The first receiver that can be woken, after `skip` others.
    fn undecided_receiver(&self, mut skip: usize) -> Option<Waker> {
        let mut found = None;
        self.receivers.take_first(|receiver, _| {
            if skip > 0 {
                skip -= 1;
                return Scan::Leave;
            }
            found = Some(receiver.clone());
            Scan::Stop
        });
        found
    }

    /// Matches an undecided receiver with the first sender that is. False if there is none but itself.
    fn match_waiting(&self, receiver: Waker) -> bool {
        if self.has_unreserved() {
            self.receivers.wake(receiver);
            return true;
        }
        let mut item = None;
        let sender = self.senders.take_first(|sender, rank| {
            if sender.is_of_same_greenlet(&receiver) {
                return Scan::Leave;
            }
            item = self.pairing.take_offer(rank);
            Scan::Take
        });
        let Some(sender) = sender else {
            return false;
        };
        match item {
            Some(item) => {
                sender.wake();
                self.deliver(receiver, item);
            }
            None => {
                self.senders.wake(sender);
                self.push_bound(&receiver);
            }
        }
        true
    }

    fn push_bound(&self, receiver: &Waker) {
        let bound = receiver.bind();
        self.pairing.bound.borrow_mut().extend(bound);
    }
}

impl<T> Channel<T> {
    /// Sends through a rendezvous channel: to the first receiver that waits, or to one that comes.
    #[inline(never)]
    #[track_caller]
    pub(super) fn send_through_pairing(
        &self,
        item: T,
        deadline: Deadline,
    ) -> Result<(), SendTimeoutError<T>> {
        if self.room.has_unreserved() {
            self.items().put(item);
            yield_if_allowed();
            return Ok(());
        }
        let offer = QueuedOffer::new(self.items(), item);
        let mut request = WaitRequest::new("send", WaitReason::SEND, deadline);
        request.set_rank(offer.rank);
        loop {
            self.room.announce_acquirer();
            let list = self.room.queue().acquirers();
            let woken = request.in_list(list);
            let error = if !offer.is_there() {
                mem::forget(offer);
                return Ok(());
            } else if self.is_closed() {
                SendTimeoutError::Disconnected
            } else if woken == WakeReason::TimedOut {
                SendTimeoutError::Timeout
            } else {
                continue;
            };
            if let Some(item) = offer.take_back() {
                return Err(error(item));
            }
        }
    }

    /// Takes what the first sender has. Where that is a select, it runs first, and makes the item; `None` where the running
    /// greenlet may not be left for that.
    #[inline(never)]
    #[track_caller]
    pub(super) fn receive_offer(&self) -> Option<T> {
        let items = self.items();
        match items.first_sender()? {
            NextSender::Plain => items.take_offer(),
            NextSender::Select => {
                let mut request =
                    WaitRequest::new("try_recv", WaitReason::RECEIVE, Deadline::NEVER);
                let _reservation = request.pair_now(items)?;
                self.take()
            }
        }
    }
}

/// The item of a sender that waits. It is taken back if the sender cannot wait any longer.
struct QueuedOffer<'a, T> {
    items: &'a Items<T>,
    rank: u64,
}

impl<'a, T> QueuedOffer<'a, T> {
    fn new(items: &'a Items<T>, item: T) -> QueuedOffer<'a, T> {
        let rank = draw_rank();
        items.pairing.offers.borrow_mut().push_back((rank, item));
        QueuedOffer { items, rank }
    }

    fn is_there(&self) -> bool {
        self.items.pairing.has_offer(self.rank)
    }

    fn take_back(&self) -> Option<T> {
        self.items.pairing.take_offer(self.rank)
    }
}

impl<T> Drop for QueuedOffer<'_, T> {
    fn drop(&mut self) {
        drop(self.take_back());
    }
}
