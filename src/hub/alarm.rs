//! What a timer can be set for: to end one wait, to interrupt a greenlet wherever it waits then, or to wake whoever waits for
//! that moment.
#![forbid(unsafe_code)]

use std::cell::Cell;
use std::rc::Rc;

use super::ready::Ready;
use super::waiter::{WaitList, Waiter};
use crate::greenlet::counted::Link;

/// What a timer is set for.
pub(crate) enum Due {
    /// The deadline of one wait.
    Wake(Waiter),
    /// A timeout.
    Ring(Rc<Alarm>),
    /// A moment that anybody may wait for.
    Tell(Rc<Bell>),
}

/// A timeout, as its timer and its owner both know it.
pub(crate) struct Alarm {
    /// Whose timeout this is.
    pub(super) greenlet: Link,
    pub(super) id: u64,
    pub(super) rung: Cell<bool>,
}

impl Alarm {
    /// The timeout of a greenlet, with this id.
    pub(crate) fn new(greenlet: Link, id: u64) -> Alarm {
        Alarm {
            greenlet,
            id,
            rung: Cell::new(false),
        }
    }

    /// Its time has come, since it was set last.
    pub(crate) fn has_rung(&self) -> bool {
        self.rung.get()
    }

    /// Its time is yet to come.
    pub(crate) fn reset(&self) {
        self.rung.set(false);
    }

    /// Its time has come without a timer.
    pub(crate) fn ring_now(&self) {
        self.rung.set(true);
    }
}

/// A moment, as its timer and those who wait for it know it.
pub(crate) struct Bell {
    rung: Cell<bool>,
    waiters: WaitList,
}

impl Bell {
    pub(crate) fn new() -> Bell {
        Bell {
            rung: Cell::new(false),
            waiters: WaitList::new(),
        }
    }

    /// The moment has come, since the timer was set last.
    pub(crate) fn has_rung(&self) -> bool {
        self.rung.get()
    }

    /// The moment is yet to come.
    pub(crate) fn reset(&self) {
        self.rung.set(false);
    }

    /// Who waits for it.
    pub(crate) fn waiters(&self) -> &WaitList {
        &self.waiters
    }

    /// The moment has come.
    pub(super) fn ring(&self, ready: &Ready) {
        self.rung.set(true);
        self.waiters.wake_all_into(ready);
    }
}
