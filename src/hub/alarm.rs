//! What a timer can be set for: to end one wait, or to interrupt a greenlet wherever it waits then.
#![forbid(unsafe_code)]

use std::cell::Cell;
use std::rc::Rc;

use super::waiter::Waiter;
use crate::greenlet::counted::Link;

/// What a timer is set for.
pub(crate) enum Due {
    /// The deadline of one wait.
    Wake(Waiter),
    /// A timeout.
    Ring(Rc<Alarm>),
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
