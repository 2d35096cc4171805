//! The sending end of a broadcast channel.
#![forbid(unsafe_code)]

use std::cell::{Cell, RefCell};
use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::rc::Rc;

use super::ring::Ring;
use super::{Broadcast, Receiver};
use crate::error::SendError;
use crate::hub::WaitList;

/// The sending end of a broadcast channel: see [`channel`](super::channel). Clones send to the same channel; it closes when the
/// last one is dropped.
pub struct Sender<T> {
    shared: Rc<Broadcast<T>>,
}

impl<T> Sender<T> {
    /// A sender without a receiver: [`subscribe`](Sender::subscribe) makes some.
    ///
    /// # Panics
    /// If `capacity` is zero.
    #[must_use]
    #[track_caller]
    pub fn new(capacity: usize) -> Sender<T> {
        assert!(
            capacity > 0,
            "a broadcast channel has room for one item at least"
        );
        Sender {
            shared: Rc::new(Broadcast {
                ring: RefCell::new(Ring::new(capacity)),
                senders: Cell::new(1),
                receivers: Cell::new(0),
                waiters: WaitList::new(),
            }),
        }
    }

    /// Sends an item to all receivers there are now. Never waits: without room for it the oldest item goes. Gives the number of
    /// receivers, of which some may never receive it.
    ///
    /// # Errors
    /// [`SendError`] with `item` if there is no receiver. A later one may succeed, since more can [subscribe](Sender::subscribe).
    pub fn send(&self, item: T) -> Result<usize, SendError<T>> {
        let receivers = self.receiver_count();
        if receivers == 0 {
            return Err(SendError(item));
        }
        let item = Rc::new(item);
        let oldest = self.shared.ring.borrow_mut().push(item, receivers);
        if !self.shared.waiters.is_empty() {
            self.shared.waiters.wake_all();
        }
        drop(oldest);
        Ok(receivers)
    }

    /// A new receiver, for all that is sent from now on.
    #[must_use]
    pub fn subscribe(&self) -> Receiver<T> {
        Receiver::new(&self.shared)
    }

    /// How many items some receiver has yet to receive.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shared.ring.borrow().len()
    }

    /// There is no item that a receiver has yet to receive.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many receivers there are.
    #[must_use]
    pub fn receiver_count(&self) -> usize {
        self.shared.receivers.get()
    }

    /// Both send to the same channel.
    #[must_use]
    pub fn same_channel(&self, other: &Sender<T>) -> bool {
        Rc::ptr_eq(&self.shared, &other.shared)
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Sender<T> {
        let senders = &self.shared.senders;
        senders.set(senders.get() + 1);
        let shared = self.shared.clone();
        Sender { shared }
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        let Broadcast {
            senders, waiters, ..
        } = &*self.shared;
        senders.set(senders.get() - 1);
        if senders.get() == 0 && !waiters.is_empty() {
            waiters.wake_all();
        }
    }
}

// What a panic leaves behind in a channel is what was sent: nothing half changed can be seen through a handle.
impl<T> UnwindSafe for Sender<T> {}
impl<T> RefUnwindSafe for Sender<T> {}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender")
            .field("len", &self.len())
            .finish_non_exhaustive()
    }
}
