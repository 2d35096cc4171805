//! What shall end a greenlet's wait besides what it waits for: its kill, and its timeouts. Pure: it wakes nobody.
//!
//! ```text
//!   older  |  timeout 3   timeout 5  | shield |  timeout 8  |  newer
//!          outside: held off, and so is the kill     inside: delivered
//! ```
//! A kill comes before every timeout, and an outer timeout before an inner one. A timeout is delivered once; a kill
//! stays, and is delivered at each wait until the greenlet has ended.
#![forbid(unsafe_code)]

use std::cell::{Cell, OnceCell, RefCell};
use std::sync::Arc;

/// What ends a wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Interrupt {
    Kill,
    /// The timeout with this id has expired.
    Timeout(u64),
}

/// What is pending for one greenlet.
pub(crate) struct Interrupts {
    killed: Cell<bool>,
    /// Timeouts with lower ids, and the kill, are held off.
    shielded: Cell<Option<u64>>,
    /// Running and expired, by their ids: the outermost first.
    timeouts: RefCell<Vec<Timeout>>,
    /// It has ended a wait, and its greenlet did not go on yet.
    delivering: Cell<Option<Interrupt>>,
    /// How often it was killed again.
    swallowed: Cell<u32>,
    /// Its thread was told to look closer before each switch.
    pub(crate) noticed: Cell<bool>,
    /// Each payload of an interrupt that unwinds it has a clone, and so has one that was caught and not dropped.
    payloads: OnceCell<Arc<()>>,
}

#[derive(Clone, Copy)]
struct Timeout {
    id: u64,
    expired: bool,
}

impl Interrupts {
    pub(crate) const fn new() -> Interrupts {
        Interrupts {
            killed: Cell::new(false),
            shielded: Cell::new(None),
            timeouts: RefCell::new(Vec::new()),
            delivering: Cell::new(None),
            swallowed: Cell::new(0),
            noticed: Cell::new(false),
            payloads: OnceCell::new(),
        }
    }

    /// For the payload of an interrupt that unwinds it from now on, which keeps it for as long as it lives.
    pub(crate) fn begin_unwinding(&self) -> Arc<()> {
        self.payloads.get_or_init(Arc::default).clone()
    }

    /// An interrupt unwinds it, or was caught and may go on: its payload is there.
    pub(crate) fn are_unwinding(&self) -> bool {
        let payloads = self.payloads.get();
        payloads.is_some_and(|payloads| Arc::strong_count(payloads) > 1)
    }

    pub(crate) fn kill(&self) {
        self.killed.set(true);
    }

    /// Counts a kill that was delivered before. How often that was.
    pub(crate) fn kill_again(&self) -> u32 {
        self.swallowed.set(self.swallowed.get() + 1);
        self.swallowed.get()
    }

    /// A timeout runs from now on. Ids grow from one to the next, and one that runs anew keeps its own.
    pub(crate) fn start(&self, id: u64) {
        let expired = false;
        let mut timeouts = self.timeouts.borrow_mut();
        // Last, unless it is one that was started before and runs anew.
        let place = timeouts.partition_point(|other| other.id < id);
        timeouts.insert(place, Timeout { id, expired });
    }

    /// A timeout has expired. False if it does not run, or has expired already.
    pub(crate) fn expire(&self, id: u64) -> bool {
        let mut timeouts = self.timeouts.borrow_mut();
        let found = timeouts.iter_mut().find(|timeout| timeout.id == id);
        found.is_some_and(|timeout| !std::mem::replace(&mut timeout.expired, true))
    }

    /// A timeout is over: it is not delivered any more, unless it has ended a wait already.
    pub(crate) fn stop(&self, id: u64) {
        let mut timeouts = self.timeouts.borrow_mut();
        if let Some(place) = timeouts.iter().rposition(|timeout| timeout.id == id) {
            timeouts.remove(place);
        }
    }

    /// Holds off the kill and all timeouts with ids below `first`. What was held off before comes back, for
    /// [`unshield`](Interrupts::unshield).
    pub(crate) fn shield(&self, first: u64) -> Option<u64> {
        self.shielded.replace(Some(first))
    }

    pub(crate) fn unshield(&self, before: Option<u64>) {
        self.shielded.set(before);
    }

    /// What shall be delivered now.
    pub(crate) fn due(&self) -> Option<Interrupt> {
        let shielded = self.shielded.get();
        if self.killed.get() && shielded.is_none() {
            return Some(Interrupt::Kill);
        }
        let first = shielded.unwrap_or(0);
        let timeouts = self.timeouts.borrow();
        let due = |timeout: &&Timeout| timeout.expired && timeout.id >= first;
        let timeout = timeouts.iter().find(due)?;
        Some(Interrupt::Timeout(timeout.id))
    }

    /// What shall be delivered now, to be delivered: a timeout is off the list with that.
    pub(crate) fn take(&self) -> Option<Interrupt> {
        let due = self.due()?;
        if let Interrupt::Timeout(id) = due {
            self.stop(id);
        }
        Some(due)
    }

    /// Something is due now or when a shield ends.
    pub(crate) fn is_pending(&self) -> bool {
        self.killed.get() || self.timeouts.borrow().iter().any(|timeout| timeout.expired)
    }

    /// An interrupt has ended a wait: from now on nobody can take it back.
    pub(crate) fn deliver(&self, interrupt: Interrupt) {
        self.delivering.set(Some(interrupt));
    }

    /// What is delivered where a wait was ended by an interrupt: the first that is due by now.
    pub(crate) fn take_delivered(&self) -> Option<Interrupt> {
        let delivering = self.delivering.take();
        self.take().or(delivering)
    }

    /// Something else has come to the greenlet first: what has ended its wait is due again at its next one.
    pub(crate) fn put_off(&self) {
        self.delivering.set(None);
    }

    /// The greenlet has ended, or as good as that: nothing is pending any more.
    pub(crate) fn clear(&self) {
        self.killed.set(false);
        self.delivering.set(None);
        self.timeouts.borrow_mut().clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kill_comes_first_and_stays_and_outer_timeouts_come_before_inner_ones() {
        let interrupts = Interrupts::new();
        for id in [1, 2, 3] {
            interrupts.start(id);
        }
        assert!(interrupts.expire(3) && interrupts.expire(1));
        assert!(!interrupts.expire(3), "once");
        interrupts.kill();
        assert_eq!(interrupts.take(), Some(Interrupt::Kill));
        assert_eq!(interrupts.take(), Some(Interrupt::Kill));
        interrupts.shield(0);
        assert_eq!(interrupts.take(), Some(Interrupt::Timeout(1)));
        assert_eq!(interrupts.take(), Some(Interrupt::Timeout(3)));
        assert_eq!(interrupts.take(), None);
        assert!(interrupts.is_pending(), "the kill is");
    }

    #[test]
    fn a_shield_holds_off_what_was_started_outside() {
        let interrupts = Interrupts::new();
        interrupts.start(1);
        interrupts.start(2);
        let before = interrupts.shield(2);
        interrupts.expire(1);
        assert_eq!(interrupts.take(), None);
        interrupts.expire(2);
        assert_eq!(interrupts.take(), Some(Interrupt::Timeout(2)));
        interrupts.unshield(before);
        assert_eq!(interrupts.take(), Some(Interrupt::Timeout(1)));
        assert!(!interrupts.is_pending());
    }

    #[test]
    fn it_unwinds_for_as_long_as_a_payload_is_there() {
        let interrupts = Interrupts::new();
        assert!(!interrupts.are_unwinding());
        let (kill, timeout) = (interrupts.begin_unwinding(), interrupts.begin_unwinding());
        drop(timeout);
        assert!(interrupts.are_unwinding(), "the kill is");
        drop(kill);
        assert!(!interrupts.are_unwinding());
    }

    #[test]
    fn a_timeout_that_was_stopped_is_not_delivered() {
        let interrupts = Interrupts::new();
        interrupts.start(1);
        interrupts.expire(1);
        interrupts.stop(1);
        assert!(!interrupts.is_pending());
        assert!(!interrupts.expire(1));
        assert_eq!(interrupts.take(), None);
    }
}
