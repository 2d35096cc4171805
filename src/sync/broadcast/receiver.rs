//! A receiving end of a broadcast channel.
#![forbid(unsafe_code)]

use std::cell::Cell;
use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::rc::Rc;
use std::time::Duration;

use super::Broadcast;
use super::ring::RingRead;
use crate::dropping::drop_all;
use crate::error::broadcast::{RecvError, RecvTimeoutError, TryRecvError};
use crate::hub::{Deadline, WaitPoint, WaitRequest};
use crate::waitable::{Sealed, WaitTarget, Waitable};
use crate::waiting::{WaitReason, WakeReason};

/// A receiver of a broadcast channel: see [`channel`](super::channel). It is no `Clone`, since it would not be clear what a clone has
/// yet to receive: [`resubscribe`](Receiver::resubscribe) makes one for what comes from now on.
pub struct Receiver<T> {
    shared: Rc<Broadcast<T>>,
    /// The position of the item that it receives next.
    next: Cell<u64>,
}

impl<T> Receiver<T> {
    pub(super) fn new(shared: &Rc<Broadcast<T>>) -> Receiver<T> {
        let receivers = &shared.receivers;
        receivers.set(receivers.get() + 1);
        let next = shared.ring.borrow().end();
        Receiver {
            shared: shared.clone(),
            next: Cell::new(next),
        }
    }

    /// A receiver of the same channel for all that is sent from now on.
    #[must_use]
    pub fn resubscribe(&self) -> Receiver<T> {
        Receiver::new(&self.shared)
    }

    /// How many items were sent that it has not received, with those that it has missed.
    #[must_use]
    pub fn len(&self) -> usize {
        let unseen = self.shared.ring.borrow().end() - self.next.get();
        unseen as usize
    }

    /// The receiver has received all items.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// There is no sender left. Items may be.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.shared.senders.get() == 0
    }

    /// Both receive from the same channel.
    #[must_use]
    pub fn same_channel(&self, other: &Receiver<T>) -> bool {
        Rc::ptr_eq(&self.shared, &other.shared)
    }
}

impl<T: Clone> Receiver<T> {
    /// Receives the next item, and waits until there is one.
    ///
    /// Waits; see [where a call may not wait](crate::hub#where-a-call-may-not-wait).
    ///
    /// # Errors
    /// [`RecvError`]: the channel is closed, or the items in between were dropped since it was too slow.
    ///
    /// # Panics
    /// With what the item's `clone` panics with; it counts as received.
    #[track_caller]
    pub fn recv(&self) -> Result<T, RecvError> {
        match self.receive(Deadline::NEVER) {
            Ok(item) => Ok(item),
            Err(RecvTimeoutError::Lagged(count)) => Err(RecvError::Lagged(count)),
            Err(RecvTimeoutError::Closed | RecvTimeoutError::Timeout) => Err(RecvError::Closed),
        }
    }

    /// As [`recv`](Receiver::recv), for as long as `limit` at most.
    ///
    /// Waits; see [where a call may not wait](crate::hub#where-a-call-may-not-wait).
    ///
    /// # Errors
    /// [`RecvTimeoutError`]
    #[track_caller]
    pub fn recv_timeout(&self, limit: Duration) -> Result<T, RecvTimeoutError> {
        self.receive(Deadline::after(limit))
    }

    /// Receives the next item if there is one. Never waits.
    ///
    /// # Errors
    /// [`TryRecvError`]
    ///
    /// # Panics
    /// With what the item's `clone` panics with; it counts as received.
    pub fn try_recv(&self) -> Result<T, TryRecvError> {
        match self.take()? {
            Some(item) => Ok(item),
            None if self.is_closed() => Err(TryRecvError::Closed),
            None => Err(TryRecvError::Empty),
        }
    }

    #[track_caller]
    fn receive(&self, deadline: Deadline) -> Result<T, RecvTimeoutError> {
        let mut request = WaitRequest::new("receive", WaitReason::BROADCAST, deadline);
        let mut is_over = false;
        loop {
            if let Some(item) = self.take()? {
                return Ok(item);
            }
            if self.is_closed() {
                return Err(RecvTimeoutError::Closed);
            }
            if is_over {
                return Err(RecvTimeoutError::Timeout);
            }
            is_over = request.in_list(&self.shared.waiters) == WakeReason::TimedOut;
        }
    }

    fn take(&self) -> Result<Option<T>, RecvError> {
        let next = self.next.get();
        let found = self.shared.ring.borrow_mut().receive(next);
        match found {
            RingRead::End => Ok(None),
            RingRead::Dropped(first) => {
                self.next.set(first);
                Err(RecvError::Lagged(first - next))
            }
            RingRead::Item(item) => {
                self.next.set(next + 1);
                Ok(Some(Rc::unwrap_or_clone(item)))
            }
        }
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        let Broadcast {
            ring, receivers, ..
        } = &*self.shared;
        receivers.set(receivers.get() - 1);
        let over = ring.borrow_mut().leave(self.next.get());
        drop_all(over);
    }
}

impl<T> Sealed for Receiver<T> {}

/// Ready while there is an item or a [lag](RecvError::Lagged) to receive, and when none can ever come.
impl<T> Waitable for Receiver<T> {
    fn wait_target(&self) -> WaitTarget<'_> {
        WaitTarget {
            ready: !self.is_empty() || self.is_closed(),
            point: WaitPoint::List(&self.shared.waiters),
            reason: WaitReason::BROADCAST,
        }
    }
}

// What a panic leaves behind in a channel is what was sent: nothing half changed can be seen through a handle.
impl<T> UnwindSafe for Receiver<T> {}
impl<T> RefUnwindSafe for Receiver<T> {}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver")
            .field("len", &self.len())
            .finish_non_exhaustive()
    }
}
