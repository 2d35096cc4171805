//! What a timer can be set for: to end one wait; or an alarm, which interrupts a greenlet wherever it waits then, or lets
//! those go on who wait for that moment.
#![forbid(unsafe_code)]

use std::cell::Cell;
use std::rc::{Rc, Weak};

use super::waiter::{WaitList, Waiter};
use crate::greenlet::counted::{AnyRef, Link};

/// What a timer is set for.
pub(crate) enum Due {
    /// The deadline of one wait: that of this greenlet, with this ticket.
    Wake {
        greenlet: AnyRef,
        ticket: u64,
    },
    Ring(Rc<Alarm>),
}

// There is one for each who sleeps.
const _: () = assert!(size_of::<Due>() == 2 * size_of::<usize>());

/// A moment, as its timer and its owner both know it.
pub(crate) struct Alarm {
    /// Whose timeout this is, with its id; if it is one.
    pub(super) timeout: Option<(Link, u64)>,
    /// Who waits for it.
    pub(super) waiters: WaitList,
    pub(super) rung: Cell<bool>,
    /// What else is done then, if it is still there.
    call: Option<Weak<dyn OnTime>>,
}

/// Something that the hub does when its time has come, on its own stack: so it must not wait, nor run code of users'.
pub(crate) trait OnTime {
    fn on_time(&self);
}

impl Due {
    /// The deadline of the wait that `waiter` can end, which is one greenlet's.
    #[inline(always)]
    pub(super) fn wake(waiter: Waiter) -> Due {
        match waiter {
            Waiter::One { greenlet, ticket } => Due::Wake { greenlet, ticket },
            Waiter::Among(_) => unreachable!("who collects has a wait for that"),
        }
    }
}

impl Alarm {
    /// One that is nobody's timeout.
    pub(crate) fn new() -> Alarm {
        Alarm {
            timeout: None,
            waiters: WaitList::new(),
            rung: Cell::new(false),
            call: None,
        }
    }

    /// One that calls `call`.
    pub(crate) fn of_call(call: Weak<dyn OnTime>) -> Alarm {
        Alarm {
            call: Some(call),
            ..Alarm::new()
        }
    }

    /// The timeout of a greenlet, with this id.
    pub(crate) fn of_timeout(greenlet: Link, id: u64) -> Alarm {
        Alarm {
            timeout: Some((greenlet, id)),
            ..Alarm::new()
        }
    }

    /// To be done when its time has come.
    pub(crate) fn call(&self) {
        if let Some(call) = self.call.as_ref().and_then(Weak::upgrade) {
            call.on_time();
        }
    }

    /// Its time has come, since it was set last.
    pub(crate) fn has_rung(&self) -> bool {
        self.rung.get()
    }

    /// Who waits for it.
    pub(crate) fn waiters(&self) -> &WaitList {
        &self.waiters
    }
}
