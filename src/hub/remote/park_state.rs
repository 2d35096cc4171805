//! Whether a hub is parked in its poller, and whether it was notified: one byte that it shares with other threads. Pure: no
//! system call and no wait, and `tests/loom` tries all orders of its steps.
//!
//! ```text
//!              notify: the caller wakes the poller
//!        +-----------------------------------------------+
//!        |                                               v
//!     PARKED <--- try_park --- EMPTY ---- notify ---> NOTIFIED   notify: nothing to do
//!        |                     ^   ^                     |
//!        +------ unpark -------+   +-- take_notification +    then the hub takes the messages
//! ```
//! A notifier has put its message in before; the hub takes the messages out after it has taken the notification. So a hub that
//! parks, which it does from `EMPTY` only, has taken the message of each notification; and the next notifier finds it parked.
#![forbid(unsafe_code)]

#[cfg(loom)]
use loom::sync::atomic::{AtomicU8, Ordering};
#[cfg(not(loom))]
use std::sync::atomic::{AtomicU8, Ordering};

/// It is about: it will look before it sleeps.
const EMPTY: u8 = 0;
/// It waits in its poller, or is about to.
const PARKED: u8 = 1;
/// A notification came, and was not taken yet.
const NOTIFIED: u8 = 2;

pub(crate) struct ParkState(AtomicU8);

impl ParkState {
    pub(crate) fn new() -> ParkState {
        ParkState(AtomicU8::new(EMPTY))
    }

    /// From any thread, when something was put into the mailbox. True if the hub sleeps: then its poller must be woken.
    #[must_use]
    pub(crate) fn notify(&self) -> bool {
        self.0.swap(NOTIFIED, Ordering::AcqRel) == PARKED
    }

    /// There is a notification.
    pub(crate) fn is_notified(&self) -> bool {
        self.0.load(Ordering::Acquire) == NOTIFIED
    }

    /// By the hub, before it takes the messages out. False if there is no notification.
    pub(crate) fn take_notification(&self) -> bool {
        self.is_notified() && self.0.swap(EMPTY, Ordering::AcqRel) == NOTIFIED
    }

    /// By the hub, before it waits. False if a notification came meanwhile: then it must not wait.
    #[must_use]
    pub(crate) fn try_park(&self) -> bool {
        self.change(EMPTY, PARKED)
    }

    /// By the hub, after it has waited, whatever has ended that.
    pub(crate) fn unpark(&self) {
        self.change(PARKED, EMPTY);
    }

    fn change(&self, from: u8, to: u8) -> bool {
        let turned = self
            .0
            .compare_exchange(from, to, Ordering::AcqRel, Ordering::Acquire);
        turned.is_ok()
    }
}
