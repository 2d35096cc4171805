//! Who waits: one greenlet in one of its waits, and a list of such, first come, first served.
#![forbid(unsafe_code)]

use super::ready::Ready;
use crate::greenlet::counted::AnyRef;
use crate::list::List;
use crate::waiting::Woken;

/// A greenlet and the ticket of one of its waits. Ending that wait later than that changes nothing.
#[derive(Clone)]
pub(crate) struct Waiter {
    greenlet: AnyRef,
    ticket: u64,
}

/// The greenlets that wait for one thing. Nodes lie in their frames: waiting takes no memory.
pub(crate) struct WaitList {
    pub(super) waiters: List<Waiter>,
}

impl Waiter {
    #[inline(always)]
    pub(super) fn new(greenlet: AnyRef, ticket: u64) -> Waiter {
        Waiter { greenlet, ticket }
    }

    /// Ends the wait and puts the greenlet into the queue, unless the wait had ended before or something
    /// else was first.
    #[inline(always)]
    pub(super) fn end(self, why: Woken, ready: &Ready) {
        if self.greenlet.wait().wake(self.ticket, why) {
            ready.push(self.greenlet);
        }
    }
}

impl WaitList {
    pub(crate) const fn new() -> WaitList {
        WaitList {
            waiters: List::new(),
        }
    }

    /// Wakes all who wait now, in the order in which they came.
    #[inline(always)]
    pub(super) fn wake_all_into(&self, ready: &Ready) {
        while let Some(waiter) = self.waiters.pop_front() {
            waiter.end(Woken::Called, ready);
        }
    }
}
