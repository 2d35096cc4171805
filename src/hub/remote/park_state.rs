//! Whether a hub sleeps, and whether somebody has rung: one byte that it shares with other threads. Pure: it sends
//! nothing and waits for nothing, and `tests/loom` tries all orders of its steps.
//!
//! ```text
//!            ring: the caller wakes the poller
//!        +------------------------------------------+
//!        |                                          v
//!     ASLEEP <--- fall_asleep --- AWAKE --ring--> RUNG   ring: nothing to do
//!        |                        ^   ^             |
//!        +------- wake_up --------+   +-- answer ---+    then the hub takes the mail
//! ```
//! Whoever rings has put his mail in before; whoever answers takes the mail out after. So a hub that falls asleep, which
//! it does from `AWAKE` only, has taken all mail whose sender has rung; and the next to ring finds it asleep.
#![forbid(unsafe_code)]

#[cfg(loom)]
use loom::sync::atomic::{AtomicU8, Ordering};
#[cfg(not(loom))]
use std::sync::atomic::{AtomicU8, Ordering};

/// It is about: it will look before it sleeps.
const EMPTY: u8 = 0;
/// It waits in its poller, or is about to.
const PARKED: u8 = 1;
/// Somebody has rung, and it has not answered yet.
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

    /// Somebody has rung.
    pub(crate) fn is_notified(&self) -> bool {
        self.0.load(Ordering::Acquire) == NOTIFIED
    }

    /// By the hub, before it takes the mail out. False if nobody has rung.
    pub(crate) fn take_notification(&self) -> bool {
        self.is_notified() && self.0.swap(EMPTY, Ordering::AcqRel) == NOTIFIED
    }

    /// By the hub, before it waits. False if somebody has rung meanwhile: then it must not.
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
