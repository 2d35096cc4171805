//! What all handles of one channel share: its two sides, and how many handles there are.
//!
//! # Invariants
//! - `len` is the length of the queue whenever users' code may run, and nothing is borrowed then.
//! - The channel is closed for senders when no receiver is left or one has closed it, and for receivers when no sender and no
//!   item is left. Waiting greenlets are notified when that happens, and not before.
#![forbid(unsafe_code)]

use std::cell::Cell;

use super::ends::{Items, Room};
use super::timed::TimedSource;
use crate::dropping::drop_all;
use crate::error::{RecvTimeoutError, SendTimeoutError, TryRecvError, TrySendError};
use crate::hub::{Acquired, Deadline, Reservation, Resource, WaitRequest};
use crate::waiting::WaitReason;

pub(super) struct Channel<T> {
    pub(super) room: Room<T>,
    senders: Cell<usize>,
    receivers: Cell<usize>,
    is_closed: Cell<bool>,
    /// It has ended when it is empty: no sender is left, or it was closed.
    is_ending: Cell<bool>,
    /// Something is to be done when an item was received: the channel may have ended, or the clock sends another one.
    follows_up_takes: Cell<bool>,
    /// What sends its items, if that is the clock.
    pub(super) timed_source: Option<Box<TimedSource>>,
    /// Items may come from elsewhere than the queue: from a sender that waits, or from the clock.
    pub(super) is_special: bool,
}

impl<T> Channel<T> {
    /// With one sender and one receiver.
    pub(super) fn new(capacity: usize) -> Channel<T> {
        Channel {
            room: Room::new(capacity),
            senders: Cell::new(1),
            receivers: Cell::new(1),
            is_closed: Cell::new(false),
            is_ending: Cell::new(false),
            follows_up_takes: Cell::new(false),
            timed_source: None,
            is_special: capacity == 0,
        }
    }

    /// With no sender and one receiver.
    pub(super) fn timed(timed_source: TimedSource) -> Channel<T> {
        Channel {
            senders: Cell::new(0),
            follows_up_takes: Cell::new(true),
            timed_source: Some(Box::new(timed_source)),
            is_special: true,
            ..Channel::new(1)
        }
    }

    /// With no sender and one receiver, and open all the same.
    pub(super) fn never() -> Channel<T> {
        Channel {
            senders: Cell::new(0),
            ..Channel::new(0)
        }
    }

    #[inline(always)]
    pub(super) fn items(&self) -> &Items<T> {
        &self.room.items
    }

    /// No item is accepted any more.
    #[inline(always)]
    pub(super) fn is_closed(&self) -> bool {
        self.is_closed.get()
    }

    /// Nothing can ever be received.
    #[inline(always)]
    pub(super) fn is_drained(&self) -> bool {
        self.is_ending.get() && self.items().is_empty()
    }

    /// Inlined, with its wait, where nothing is waited for but the switch: one call frame between two switches makes
    /// the processor guess their returns wrong.
    #[inline(always)]
    #[track_caller]
    pub(super) fn send(&self, item: T, deadline: Deadline) -> Result<(), SendTimeoutError<T>> {
        if self.is_closed() {
            return Err(SendTimeoutError::Disconnected(item));
        }
        if self.room.is_uncontended() {
            self.items().put(item);
            return Ok(());
        }
        if self.room.is_rendezvous() {
            return self.send_through_pairing(item, deadline);
        }
        if self.room.queue().reserved() > 0 {
            if self.room.has_room_behind() {
                self.items().put_in_place(item);
                return Ok(());
            }
            if let Some(_reservation) = Reservation::reserve_behind_others(&self.room) {
                return self.send_reserved_room(item);
            }
        }
        let mut request = WaitRequest::new("send", WaitReason::SEND, deadline);
        match request.in_queue(&self.room) {
            Acquired::Reserved(_reservation) => self.send_reserved_room(item),
            Acquired::Retry => Err(SendTimeoutError::Disconnected(item)),
            Acquired::TimedOut => Err(SendTimeoutError::Timeout(item)),
        }
    }

    /// Sends into room that was reserved.
    #[inline(always)]
    fn send_reserved_room(&self, item: T) -> Result<(), SendTimeoutError<T>> {
        if self.is_closed() {
            return Err(SendTimeoutError::Disconnected(item));
        }
        self.items().put_in_place(item);
        Ok(())
    }

    #[inline(always)]
    pub(super) fn try_send(&self, item: T) -> Result<(), TrySendError<T>> {
        if self.is_closed() {
            return Err(TrySendError::Disconnected(item));
        }
        if self.room.has_unreserved() {
            self.items().put_in_place(item);
            return Ok(());
        }
        Err(TrySendError::Full(item))
    }

    /// Inlined as `send` is.
    #[inline(always)]
    #[track_caller]
    pub(super) fn receive(&self, deadline: Deadline) -> Result<T, RecvTimeoutError> {
        if self.items().is_uncontended()
            && let Some(item) = self.take()
        {
            return Ok(item);
        }
        let mut request = WaitRequest::new("receive", WaitReason::RECEIVE, deadline);
        loop {
            if self.is_drained() {
                return Err(RecvTimeoutError::Disconnected);
            }
            if let Some(_reservation) = Reservation::reserve_behind_others(self.items())
                && let Some(item) = self.take()
            {
                return Ok(item);
            }
            if self.is_special
                && let Some(item) = self.receive_special()
            {
                return Ok(item);
            }
            match request.in_queue(self.items()) {
                Acquired::Reserved(_reservation) => {
                    if let Some(item) = self.take() {
                        return Ok(item);
                    }
                }
                // Its item did not come, and another may be there; or there is no sender any more.
                Acquired::Retry if self.items().is_uncontended() => {
                    if let Some(item) = self.take() {
                        return Ok(item);
                    }
                }
                Acquired::Retry => {}
                Acquired::TimedOut => return Err(RecvTimeoutError::Timeout),
            }
        }
    }

    #[inline(always)]
    #[track_caller]
    pub(super) fn try_receive(&self) -> Result<T, TryRecvError> {
        if self.items().is_uncontended()
            && let Some(item) = self.take()
        {
            return Ok(item);
        }
        self.try_receive_slow()
    }

    #[inline(never)]
    #[track_caller]
    fn try_receive_slow(&self) -> Result<T, TryRecvError> {
        let item = if self.is_ticking() || self.items().has_unreserved() {
            self.take_unreserved()
        } else if self.room.is_rendezvous() {
            self.receive_offer()
        } else {
            None
        };
        match item {
            Some(item) => Ok(item),
            None if self.is_drained() => Err(TryRecvError::Disconnected),
            None => Err(TryRecvError::Empty),
        }
    }

    #[inline(never)]
    fn receive_special(&self) -> Option<T> {
        if self.is_ticking() {
            return self.take();
        }
        self.items().take_offer()
    }

    /// Winds up the timed_source of an empty channel, if it has one. True if that has brought an item.
    #[inline(always)]
    pub(super) fn is_ticking(&self) -> bool {
        match &self.timed_source {
            Some(timed_source) => {
                if self.items().is_empty() {
                    timed_source.start_timer();
                }
                self.items().has_unreserved()
            }
            None => false,
        }
    }

    /// Takes the first item of the queue, for a receiver that one is reserved for, or where none is reserved for any other.
    #[inline(always)]
    pub(super) fn take(&self) -> Option<T> {
        let item = self.items().pop()?;
        self.after_take();
        Some(item)
    }

    /// Takes the first item of the queue that is reserved for no receiver.
    fn take_unreserved(&self) -> Option<T> {
        let item = self.items().pop_unreserved()?;
        self.after_take();
        Some(item)
    }

    /// Takes out the item that was reserved for a select, or found by it: of the queue, or of a waiting sender.
    pub(super) fn take_out(&self, is_reserved: bool) -> Option<T> {
        let items = self.items();
        if is_reserved {
            items.pop()
        } else if items.has_unreserved() {
            items.pop_unreserved()
        } else {
            items.take_offer()
        }
    }

    /// An item has gone: there is room for the next, or it was the last.
    #[inline(always)]
    pub(super) fn after_take(&self) {
        self.room.wake_waiters();
        if self.follows_up_takes.get() {
            self.follow_up_take();
        }
    }

    /// Those that wait now hear of the end, or of the clock's next item.
    #[inline(never)]
    fn follow_up_take(&self) {
        let queue = self.items().queue();
        if self.is_drained() {
            queue.notify_all();
        } else if let Some(timed_source) = &self.timed_source {
            timed_source.taken();
            if !queue.is_empty() {
                timed_source.start_timer();
            }
        }
    }

    pub(super) fn add_sender(&self) {
        self.senders.set(self.senders.get() + 1);
    }

    /// A sender is left.
    pub(super) fn has_sender(&self) -> bool {
        self.senders.get() > 0
    }

    pub(super) fn remove_sender(&self) {
        self.senders.set(self.senders.get() - 1);
        if self.senders.get() == 0 {
            self.end();
        }
    }

    pub(super) fn add_receiver(&self) {
        self.receivers.set(self.receivers.get() + 1);
    }

    /// With the last receiver goes what can never be received. Senders that hold an item out take it back.
    pub(super) fn remove_receiver(&self) {
        self.receivers.set(self.receivers.get() - 1);
        if self.receivers.get() == 0 {
            self.close();
            drop_all(self.items().take_all());
        }
    }

    /// Accepts nothing any more. What is in the channel can still be received.
    pub(super) fn close(&self) {
        if !self.is_closed.replace(true) {
            self.timed_source
                .as_deref()
                .inspect(|timed_source| timed_source.stop());
            self.room.queue().notify_all();
            self.end();
        }
    }

    /// Nothing comes any more. Receivers are told when the last item has gone.
    fn end(&self) {
        self.is_ending.set(true);
        self.follows_up_takes.set(true);
        if self.is_drained() {
            self.items().queue().notify_all();
        }
    }
}
