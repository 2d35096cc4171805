//! The two lines of a channel: who waits for an item, and who waits for room for one.
//!
//! ```text
//!               senders' line            queue             receivers' line
//!   send -> [ s1, s2, ... ] --room--> [ i1, i2 ] --items--> [ r1, r2, ... ] -> recv
//!
//!   items available: those in the queue
//!   room available:  capacity less those; in a rendezvous channel, the receivers that wait
//! ```
#![forbid(unsafe_code)]

use std::cell::Cell;

use crate::hub::{Line, Supply};

/// The items' side, and with it all that the other side needs to know.
pub(super) struct Items {
    len: Cell<usize>,
    capacity: usize,
    receivers: Line,
    senders: Line,
}

/// The senders' side.
pub(super) struct Room {
    pub(super) items: Items,
}

impl Room {
    pub(super) const fn new(capacity: usize) -> Room {
        Room {
            items: Items {
                len: Cell::new(0),
                capacity,
                receivers: Line::new(),
                senders: Line::new(),
            },
        }
    }

    #[inline(always)]
    pub(super) fn capacity(&self) -> usize {
        self.items.capacity
    }

    /// Nothing is ever in the queue but what a sender holds out that waits until it is taken.
    #[inline(always)]
    pub(super) fn is_rendezvous(&self) -> bool {
        self.items.capacity == 0
    }
}

impl Items {
    #[inline(always)]
    pub(super) fn len(&self) -> usize {
        self.len.get()
    }

    /// To be called after the queue has grown by one: the next receiver is called.
    #[inline(always)]
    pub(super) fn add_one(&self) {
        self.len.set(self.len.get() + 1);
        self.serve();
    }

    /// To be called when the queue has become shorter.
    #[inline(always)]
    pub(super) fn remove(&self, count: usize) {
        self.len.set(self.len.get() - count);
    }
}

impl Supply for Items {
    #[inline(always)]
    fn line(&self) -> &Line {
        &self.receivers
    }

    #[inline(always)]
    fn available(&self) -> usize {
        self.len.get()
    }

    /// A receiver that is about to wait in a rendezvous channel is room for one more: the first in the senders' line is
    /// called, and finds it waiting when it runs.
    #[inline(always)]
    fn expect(&self) {
        if self.capacity == 0 {
            let called = self.senders.called();
            if self.receivers.count_parked(called) >= called {
                self.senders.call_next();
            }
        }
    }
}

impl Supply for Room {
    #[inline(always)]
    fn line(&self) -> &Line {
        &self.items.senders
    }

    #[inline(always)]
    fn available(&self) -> usize {
        if self.is_rendezvous() {
            return self.parked_receivers();
        }
        self.items.capacity - self.items.len.get()
    }
}

impl Room {
    /// How many receivers wait whom nothing was promised: counted as far as anybody needs to know.
    #[inline(never)]
    fn parked_receivers(&self) -> usize {
        let most = self.items.senders.called() + 1;
        self.items.receivers.count_parked(most)
    }
}
