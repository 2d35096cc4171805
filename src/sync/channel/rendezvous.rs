//! Channels without room: a sender and a receiver are matched when both are there, and both waits are decided at once.
//!
//! ```text
//!                        the counterpart that waits is
//!   there comes          a plain call                            an arm of a select
//!   recv, recv arm       its item is taken, its wait is over     its select is called, and makes the item; this receiver
//!                                                                waits for that alone: it is bound
//!   send                 the item is put into the queue, and promised to that receiver
//!   send arm             that receiver is bound; the select makes the item, and gives it to that receiver
//! ```
//! What comes is matched with the first in the line of the other side that is undecided: it waits, and is not bound. So two
//! undecided counterparts never both wait, except for two arms of one select, which never meet.
//!
//! A receiver that is given an item runs before its sender goes on, where the sender may be left: got 0, put 0, got 1, put 1.
//!
//! If the item does not come (a panic, a kill, a `break`), its receiver is undecided again, in its old place. If a bound
//! receiver waits no more, its item goes to the next one, or stays in the queue until one comes.
//!
//! # Invariant
//! For each select that was called as a sender and has not run yet, `bound` has one entry.
#![forbid(unsafe_code)]

use std::cell::RefCell;
use std::collections::VecDeque;
use std::mem;
use std::panic::Location;

use super::shared::Shared;
use super::sides::Items;
use crate::error::SendTimeoutError;
use crate::hub::{Nanos, Parking, Supply, Waiter, draw_rank, give_way, meet_now, refuse};
use crate::list::Scan;
use crate::waiting::{WaitReason, Woken};

pub(super) struct Meeting<T> {
    /// The items of plain senders that wait, each with the rank of its sender, in that order.
    offers: RefCell<VecDeque<(u64, T)>>,
    /// The receivers that are bound to selects which were called, in the order of the calls.
    bound: RefCell<VecDeque<Waiter>>,
}

impl<T> Meeting<T> {
    pub(super) fn new() -> Meeting<T> {
        Meeting {
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
pub(super) enum FirstSender {
    Plain,
    Select,
}

impl<T> Items<T> {
    /// The first undecided sender, seen by a receiver that does not wait.
    pub(super) fn first_sender(&self) -> Option<FirstSender> {
        self.settle();
        let mut first = None;
        self.senders.take_first(|_, rank| {
            first = Some(match self.meeting.has_offer(rank) {
                true => FirstSender::Plain,
                false => FirstSender::Select,
            });
            Scan::Stop
        });
        first
    }

    /// Takes the item of the first undecided sender, if that is a plain one.
    #[inline]
    pub(super) fn take_offer(&self) -> Option<T> {
        if self.senders.takers().is_empty() {
            return None;
        }
        self.settle();
        let mut taken = None;
        let mut is_plain = |rank| {
            taken = self.meeting.take_offer(rank);
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

    /// Binds a receiver that begins to wait to the first undecided sender, which is a select: that is called. False if
    /// there is none: then those are told that look for a receiver.
    #[inline(never)]
    pub(super) fn meet_select(&self, receiver: &Parking) -> bool {
        if !self.senders.call_next() {
            self.senders.tell_lookers();
            return false;
        }
        self.push_bound(&receiver.waiter());
        true
    }

    /// The first receiver that is bound to a select which was called is taken by the first such select that runs.
    pub(super) fn pop_bound(&self) -> Option<Waiter> {
        loop {
            let first = self.meeting.bound.borrow_mut().pop_front()?;
            if first.is_undecided() {
                return Some(first);
            }
        }
    }

    /// A bound receiver still waits.
    pub(super) fn has_bound_receiver(&self) -> bool {
        let bound = self.meeting.bound.borrow();
        bound.iter().any(Waiter::is_undecided)
    }

    /// Binds the first undecided receiver to a select that comes as a sender.
    pub(super) fn bind_receiver(&self) -> Option<Waiter> {
        let mut bound = None;
        self.receivers.take_first(|receiver, _| {
            bound = receiver.bind();
            Scan::Stop
        });
        bound
    }

    /// Gives an item to the receiver that was bound for it; to the next one, if that waits no more.
    pub(super) fn deliver(&self, receiver: Waiter, item: T) {
        // Before items that are there because their receivers were gone.
        let place = self.receivers.called();
        self.queue.borrow_mut().insert(place, item);
        self.len.set(self.len.get() + 1);
        if !self.receivers.call(receiver) {
            self.serve();
        }
    }

    /// A select that was called does not send: the last receiver that was bound to one is undecided again.
    pub(super) fn release_bound(&self) {
        while self.meeting.bound.borrow().len() > self.senders.called() {
            let last = self.meeting.bound.borrow_mut().pop_back();
            last.into_iter().for_each(|last| self.unbind(last));
        }
    }

    /// An item does not come: its receiver is undecided again, and gets what has come meanwhile.
    pub(super) fn unbind(&self, receiver: Waiter) {
        if let Some(receiver) = receiver.unbind() {
            self.match_waiting(receiver);
        }
    }

    /// Matches those on both sides that wait, before one that comes is matched with either: a select that was bound in another
    /// channel, and is undecided again, was not there for what has come here meanwhile.
    #[inline(always)]
    pub(super) fn settle(&self) {
        if self.senders.has_taker() && self.receivers.has_taker() {
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

    /// The first undecided receiver after so many others.
    fn undecided_receiver(&self, mut skip: usize) -> Option<Waiter> {
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
    fn match_waiting(&self, receiver: Waiter) -> bool {
        if self.is_free() {
            self.receivers.call(receiver);
            return true;
        }
        let mut item = None;
        let sender = self.senders.take_first(|sender, rank| {
            if sender.is_of_same_greenlet(&receiver) {
                return Scan::Leave;
            }
            item = self.meeting.take_offer(rank);
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
                self.senders.call(sender);
                self.push_bound(&receiver);
            }
        }
        true
    }

    fn push_bound(&self, receiver: &Waiter) {
        let bound = receiver.bind();
        self.meeting.bound.borrow_mut().extend(bound);
    }
}

impl<T> Shared<T> {
    /// Sends through a rendezvous channel: to the first receiver that waits, or to one that comes.
    #[inline(never)]
    pub(super) fn send_in_turn(
        &self,
        item: T,
        deadline: Option<Nanos>,
        place: &'static Location<'static>,
    ) -> Result<(), SendTimeoutError<T>> {
        if self.room.is_free() {
            self.items().put(item);
            give_way(place);
            return Ok(());
        }
        let offer = Offer::new(self.items(), item);
        loop {
            self.room.announce();
            let list = self.room.line().takers();
            let woken = list.wait_until(WaitReason::SEND, place, deadline, &mut Some(offer.rank));
            let woken = woken.unwrap_or_else(|why| refuse(why, "send", place));
            let error = if !offer.is_there() {
                mem::forget(offer);
                return Ok(());
            } else if self.is_closed() {
                SendTimeoutError::Disconnected
            } else if woken == Woken::TimedOut {
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
    pub(super) fn receive_offer(&self, place: &'static Location<'static>) -> Option<T> {
        let items = self.items();
        match items.first_sender()? {
            FirstSender::Plain => items.take_offer(),
            FirstSender::Select => {
                let _claim = meet_now(items, WaitReason::RECEIVE, place)?;
                self.take()
            }
        }
    }
}

/// The item of a sender that waits. It is taken back if the sender cannot wait any longer.
struct Offer<'a, T> {
    items: &'a Items<T>,
    rank: u64,
}

impl<'a, T> Offer<'a, T> {
    fn new(items: &'a Items<T>, item: T) -> Offer<'a, T> {
        let rank = draw_rank();
        items.meeting.offers.borrow_mut().push_back((rank, item));
        Offer { items, rank }
    }

    fn is_there(&self) -> bool {
        self.items.meeting.has_offer(self.rank)
    }

    fn take_back(&self) -> Option<T> {
        self.items.meeting.take_offer(self.rank)
    }
}

impl<T> Drop for Offer<'_, T> {
    fn drop(&mut self) {
        drop(self.take_back());
    }
}
