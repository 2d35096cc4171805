//! What all handles of one channel share: the queue, its two sides, and how many handles there are.
//!
//! # Invariants
//! - `items.len()` is the length of the queue whenever anybody else's code may run, and nothing is borrowed then.
//! - The channel is closed for senders when no receiver is left, and for receivers when no sender and no item is left. Who
//!   waits in a line is told when that happens, and not before.
#![forbid(unsafe_code)]

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::mem;
use std::panic::Location;

use super::rendezvous::Offers;
use super::sides::{Items, Room};
use crate::error::{RecvTimeoutError, SendTimeoutError};
use crate::hub::{Nanos, Supply, Turn, refuse, wait_in_line};
use crate::waiting::Reason;

pub(super) struct Shared<T> {
    pub(super) room: Room,
    pub(super) queue: RefCell<VecDeque<T>>,
    /// Whose the items in the queue of a rendezvous channel are.
    pub(super) offers: Offers,
    senders: Cell<usize>,
    receivers: Cell<usize>,
}

impl<T> Shared<T> {
    /// With one sender and one receiver.
    pub(super) fn new(capacity: usize) -> Shared<T> {
        Shared {
            room: Room::new(capacity),
            queue: RefCell::new(VecDeque::new()),
            offers: Offers::new(),
            senders: Cell::new(1),
            receivers: Cell::new(1),
        }
    }

    #[inline(always)]
    pub(super) fn items(&self) -> &Items {
        &self.room.items
    }

    /// Nobody can ever receive anything.
    #[inline(always)]
    pub(super) fn has_no_receiver(&self) -> bool {
        self.receivers.get() == 0
    }

    /// Nothing can ever be received.
    #[inline(always)]
    pub(super) fn is_drained(&self) -> bool {
        self.senders.get() == 0 && self.items().len() == 0
    }

    /// Inlined, with its wait, where nothing is waited for but the switch: one call frame between two switches makes
    /// the processor guess their returns wrong.
    #[inline(always)]
    pub(super) fn send(
        &self,
        item: T,
        deadline: Option<Nanos>,
        place: &'static Location<'static>,
    ) -> Result<(), SendTimeoutError<T>> {
        if self.has_no_receiver() {
            return Err(SendTimeoutError::Disconnected(item));
        }
        if self.room.is_rendezvous() {
            return self.send_in_turn(item, deadline, place);
        }
        if self.room.is_open() {
            self.put(item);
            return Ok(());
        }
        match wait_in_line(&self.room, Reason::SEND, place, deadline, &mut None) {
            Ok(Turn::Mine(_claim)) if !self.has_no_receiver() => {
                self.put(item);
                Ok(())
            }
            Ok(Turn::Mine(_) | Turn::Told) => Err(SendTimeoutError::Disconnected(item)),
            Ok(Turn::TimedOut) => Err(SendTimeoutError::Timeout(item)),
            Err(why) => refuse(why, "send", place),
        }
    }

    /// Puts an item into the queue, which has room for it that is nobody else's.
    #[inline(always)]
    pub(super) fn put(&self, item: T) {
        self.queue.borrow_mut().push_back(item);
        self.items().add_one();
    }

    /// Inlined as `send` is.
    #[inline(always)]
    pub(super) fn receive(
        &self,
        deadline: Option<Nanos>,
        place: &'static Location<'static>,
    ) -> Result<T, RecvTimeoutError> {
        if self.items().is_open()
            && let Some(item) = self.take()
        {
            return Ok(item);
        }
        let mut rank = None;
        loop {
            if self.is_drained() {
                return Err(RecvTimeoutError::Disconnected);
            }
            match wait_in_line(self.items(), Reason::RECEIVE, place, deadline, &mut rank) {
                Ok(Turn::Mine(_claim)) => {
                    if let Some(item) = self.take() {
                        return Ok(item);
                    }
                    // The sender has taken it back: its time was over, or it was killed.
                }
                Ok(Turn::Told) => {}
                Ok(Turn::TimedOut) => return Err(RecvTimeoutError::Timeout),
                Err(why) => refuse(why, "receive", place),
            }
        }
    }

    /// Takes the first item, for whoever was promised one or finds one that was promised to nobody.
    #[inline(always)]
    pub(super) fn take(&self) -> Option<T> {
        let item = self.queue.borrow_mut().pop_front()?;
        self.items().remove(1);
        if self.room.is_rendezvous() {
            self.offers.take_first();
        } else {
            self.room.serve();
        }
        if self.is_drained() {
            self.items().line().tell_all();
        }
        Some(item)
    }

    pub(super) fn add_sender(&self) {
        self.senders.set(self.senders.get() + 1);
    }

    pub(super) fn remove_sender(&self) {
        self.senders.set(self.senders.get() - 1);
        if self.is_drained() {
            self.items().line().tell_all();
        }
    }

    pub(super) fn add_receiver(&self) {
        self.receivers.set(self.receivers.get() + 1);
    }

    /// With the last receiver goes what nobody can receive any more. Those who hold an item out take it back.
    pub(super) fn remove_receiver(&self) {
        self.receivers.set(self.receivers.get() - 1);
        if !self.has_no_receiver() {
            return;
        }
        self.room.line().tell_all();
        let left = if self.room.is_rendezvous() {
            self.take_ownerless()
        } else {
            mem::take(&mut *self.queue.borrow_mut())
        };
        self.items().remove(left.len());
        drop(left);
    }
}
