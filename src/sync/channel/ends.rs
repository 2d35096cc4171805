//! The two sides of a channel: its items with the queue of receivers, and its room with the queue of senders.
//!
//! ```text
//!               senders                  buffer            receivers
//!   send -> [ s1, s2, ... ] --room--> [ i1, i2 ] --items--> [ r1, r2, ... ] -> recv
//!
//!   items available: those in the queue
//!   room available:  capacity less those, and less what waits behind an item that is still being made (`making`)
//! ```
//! A channel without room has the same two queues, and other rules: see `rendezvous`.
#![forbid(unsafe_code)]

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::mem;

use super::pairing::Pairing;
use super::unsettled::Unsettled;
use crate::hub::{Resource, Wait, WaitQueue};

/// The items' side, and with it all that the other side needs to know.
pub(super) struct Items<T> {
    pub(super) len: Cell<usize>,
    pub(super) capacity: usize,
    pub(super) receivers: WaitQueue,
    pub(super) senders: WaitQueue,
    pub(super) queue: RefCell<VecDeque<T>>,
    pub(super) unsettled: Unsettled<T>,
    pub(super) pairing: Pairing<T>,
}

/// The senders' side.
pub(super) struct Room<T> {
    pub(super) items: Items<T>,
}

impl<T> Room<T> {
    pub(super) fn new(capacity: usize) -> Room<T> {
        Room {
            items: Items {
                len: Cell::new(0),
                capacity,
                receivers: WaitQueue::new(),
                senders: WaitQueue::new(),
                queue: RefCell::new(VecDeque::new()),
                unsettled: Unsettled::new(),
                pairing: Pairing::new(),
            },
        }
    }

    #[inline(always)]
    pub(super) fn is_rendezvous(&self) -> bool {
        self.items.capacity == 0
    }

    /// There is room, and the only senders before this one have their places already, for items that are still being made.
    #[inline(always)]
    pub(super) fn has_room_behind(&self) -> bool {
        let called = self.items.senders.reserved();
        called > 0 && called == self.items.unsettled.places() && self.has_unreserved()
    }
}

impl<T> Items<T> {
    /// Nothing is there to be received: now, behind an item that is still being made, or chosen and perhaps given back.
    #[inline(always)]
    pub(super) fn is_empty(&self) -> bool {
        self.len.get() == 0 && self.unsettled.is_empty()
    }

    /// How many items were sent and not received.
    pub(super) fn count(&self) -> usize {
        self.len.get() + self.unsettled.len()
    }

    /// Puts an item last into the queue, and calls the next receiver. No item is being made.
    #[inline(always)]
    pub(super) fn put(&self, item: T) {
        self.keep(item);
        self.wake_waiters();
    }

    /// Puts an item in last: behind those that are still being made, if there are any.
    #[inline(always)]
    pub(super) fn put_in_place(&self, item: T) {
        if self.unsettled.being_made() == 0 {
            self.put(item);
        } else {
            self.unsettled.push(item);
        }
    }

    /// Puts an item last into the queue, and calls no receiver.
    #[inline(always)]
    pub(super) fn keep(&self, item: T) {
        self.queue.borrow_mut().push_back(item);
        self.len.set(self.len.get() + 1);
    }

    /// Puts an item first into the queue again, and calls the next receiver.
    pub(super) fn give_back(&self, item: T) {
        self.queue.borrow_mut().push_front(item);
        self.len.set(self.len.get() + 1);
        self.wake_waiters();
    }

    /// Takes the first item out of the queue.
    #[inline(always)]
    pub(super) fn pop(&self) -> Option<T> {
        let item = self.queue.borrow_mut().pop_front()?;
        self.len.set(self.len.get() - 1);
        Some(item)
    }

    /// Takes the first item out that is reserved for no receiver. Woken receivers take the items before it.
    #[inline]
    pub(super) fn pop_unreserved(&self) -> Option<T> {
        let called = self.receivers.reserved();
        if called == 0 {
            return self.pop();
        }
        let item = self.queue.borrow_mut().remove(called)?;
        self.len.set(self.len.get() - 1);
        Some(item)
    }

    /// Takes all items out of the channel.
    pub(super) fn take_all(&self) -> impl Iterator<Item = T> + use<T> {
        let items = mem::take(&mut *self.queue.borrow_mut());
        self.len.set(0);
        items.into_iter().chain(self.unsettled.take_all())
    }
}

impl<T> Resource for Items<T> {
    #[inline(always)]
    fn queue(&self) -> &WaitQueue {
        &self.receivers
    }

    #[inline(always)]
    fn available(&self) -> usize {
        self.len.get()
    }

    #[inline(always)]
    fn pair(&self, receiver: &Wait) -> bool {
        self.capacity == 0 && self.pair_with_select(receiver)
    }

    /// A receiver that waits in a rendezvous channel is what a sender looks for.
    #[inline(always)]
    fn announce_acquirer(&self) {
        if self.capacity == 0 {
            self.senders.notify_observers();
        }
    }
}

impl<T> Resource for Room<T> {
    #[inline(always)]
    fn queue(&self) -> &WaitQueue {
        &self.items.senders
    }

    #[inline(always)]
    fn available(&self) -> usize {
        self.items.capacity
            - self.items.len.get().min(self.items.capacity)
            - self.items.unsettled.len()
    }

    #[inline(always)]
    fn has_unreserved(&self) -> bool {
        let items = &self.items;
        let taken = items.len.get() + items.unsettled.len() + items.senders.reserved();
        if taken < items.capacity {
            return true;
        }
        self.is_rendezvous() && {
            items.settle();
            items.receivers.has_wakeable()
        }
    }

    /// Where no sender was woken no item is being made, so nothing waits behind one.
    #[inline(always)]
    fn is_uncontended(&self) -> bool {
        self.items.senders.reserved() == 0 && self.items.capacity > self.items.len.get()
    }

    #[inline(always)]
    fn still_has(&self) -> bool {
        if self.is_rendezvous() {
            return self.items.has_bound_receiver();
        }
        self.available() > 0
    }

    #[inline(always)]
    fn pair(&self, _sender: &Wait) -> bool {
        self.announce_acquirer();
        false
    }

    /// A sender that waits in a rendezvous channel is what a receiver looks for.
    #[inline(always)]
    fn announce_acquirer(&self) {
        if self.is_rendezvous() {
            self.items.receivers.notify_observers();
        }
    }

    #[inline(always)]
    fn reservation_ended(&self) {
        if self.is_rendezvous() {
            self.items.release_bound();
        } else {
            self.wake_waiters();
        }
    }

    /// Senders of a rendezvous channel are woken by receivers that come, one by each.
    #[inline(always)]
    fn wakes_waiters(&self) -> bool {
        !self.is_rendezvous()
    }
}
