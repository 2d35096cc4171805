//! What a timer does at its time: it ends one wait, or it lets an alarm expire. An alarm ends all waits for it, interrupts a
//! greenlet, or calls back.
#![forbid(unsafe_code)]

use std::cell::Cell;
use std::rc::{Rc, Weak};

use crate::hub::wait::waker::{WaitList, Waker};
use crate::switch::counted::AnyRef;
use crate::switch::generator_stack::StackOwner;
use crate::switch::thread;

/// What a timer is set for.
pub(crate) enum TimerAction {
    /// The deadline of one wait: that of this greenlet, with this ticket.
    Wake {
        greenlet: AnyRef,
        ticket: u64,
    },
    Expire(Rc<Alarm>),
}

// There is one for each sleeping greenlet.
const _: () = assert!(size_of::<TimerAction>() == 2 * size_of::<usize>());

/// A moment, as its timer and its owner both know it.
pub(crate) struct Alarm {
    /// Which timeout this is of, if it is one's.
    timeout: Option<ExpiringTimeout>,
    /// The waits for it.
    pub(in crate::hub) waiters: WaitList,
    expired: Cell<bool>,
    /// What else is done then, if it is still there.
    on_expiry: Option<Weak<dyn OnExpiry>>,
}

/// Something that the hub does when its time has come, on its own stack: so it must not wait, nor run code of users'.
pub(crate) trait OnExpiry {
    fn on_expiry(&self);
}

/// What an alarm knows of its timeout.
struct ExpiringTimeout {
    home: StackOwner,
    id: u64,
    /// When it was set last, as an id.
    started: Cell<u64>,
}

impl TimerAction {
    /// The deadline of the wait that `waiter` can end, which is one greenlet's.
    #[inline(always)]
    pub(in crate::hub) fn wake(waiter: Waker) -> TimerAction {
        match waiter {
            Waker::Greenlet { greenlet, ticket } => TimerAction::Wake { greenlet, ticket },
            Waker::Among(_) => unreachable!("who collects has a wait for that"),
        }
    }
}

impl Alarm {
    /// An alarm that interrupts no greenlet.
    pub(crate) fn new() -> Alarm {
        Alarm {
            timeout: None,
            waiters: WaitList::new(),
            expired: Cell::new(false),
            on_expiry: None,
        }
    }

    /// One that calls `call`.
    pub(crate) fn of_callback(call: Weak<dyn OnExpiry>) -> Alarm {
        Alarm {
            on_expiry: Some(call),
            ..Alarm::new()
        }
    }

    /// That of the timeout with this id, which lies on the stack `home`.
    pub(crate) fn of_timeout(home: StackOwner, id: u64) -> Alarm {
        let started = Cell::new(id);
        Alarm {
            timeout: Some(ExpiringTimeout { home, id, started }),
            ..Alarm::new()
        }
    }

    /// To be done when its time has come.
    pub(crate) fn run_callback(&self) {
        if let Some(call) = self.on_expiry.as_ref().and_then(Weak::upgrade) {
            call.on_expiry();
        }
    }

    /// It is set from now on.
    pub(in crate::hub) fn set(&self) {
        self.expired.set(false);
        if let Some(timeout) = &self.timeout {
            timeout.started.set(thread::next_id());
        }
    }

    /// Its time has come. If it is a timeout's: which greenlet this may interrupt.
    pub(in crate::hub) fn expire(&self) -> Option<AnyRef> {
        self.expired.set(true);
        let timeout = self.timeout.as_ref()?;
        timeout.home.expire(timeout.id, timeout.started.get());
        timeout.home.greenlet()
    }

    /// If it is a timeout's, that is not delivered any more, unless it has ended a wait already.
    pub(crate) fn stop(&self) {
        if let Some(timeout) = &self.timeout {
            timeout.home.stop(timeout.id);
        }
    }

    /// Its time has come, since it was set last.
    pub(crate) fn has_expired(&self) -> bool {
        self.expired.get()
    }

    /// The waits for it.
    pub(crate) fn waiters(&self) -> &WaitList {
        &self.waiters
    }
}
