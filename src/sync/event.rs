//! A flag that greenlets wait for: setting it wakes all waiting greenlets, and later ones do not wait until it is cleared.
#![forbid(unsafe_code)]

use std::cell::Cell;
use std::fmt;
use std::time::Duration;

use crate::hub::{Deadline, WaitList, WaitPoint, WaitRequest};
use crate::waitable::{Sealed, WaitTarget, Waitable};
use crate::waiting::{WaitReason, WakeReason};

/// A flag that is set or not, and that greenlets wait for.
///
/// A greenlet that waits when the event is set resumes, even if the event is cleared again before the greenlet has run.
/// Greenlets resume in the order in which they came.
///
/// # Examples
/// ```
/// use greenhub::sync::Event;
/// use greenhub::{spawn, yield_now};
/// use std::rc::Rc;
///
/// let opened = Rc::new(Event::new());
/// let visitor = spawn({
///     let opened = opened.clone();
///     move || opened.wait()
/// });
/// yield_now();
/// assert!(!visitor.is_finished());
/// opened.set();
/// opened.clear();
/// visitor.join().unwrap();
/// ```
pub struct Event {
    is_set: Cell<bool>,
    waiters: WaitList,
}

impl Event {
    /// An event that is not set.
    pub const fn new() -> Event {
        Event {
            is_set: Cell::new(false),
            waiters: WaitList::new(),
        }
    }

    /// Sets the event: all waiting greenlets resume, and later ones do not wait.
    pub fn set(&self) {
        self.is_set.set(true);
        if !self.waiters.is_empty() {
            self.waiters.wake_all();
        }
    }

    /// Clears the event: from now on a wait lasts until it is set again.
    pub fn clear(&self) {
        self.is_set.set(false);
    }

    /// The event was set and not cleared since then.
    #[must_use]
    pub fn is_set(&self) -> bool {
        self.is_set.get()
    }

    /// Waits until it is set. Returns at once if it is.
    ///
    /// Waits; see [where a call may not wait](crate::hub#where-a-call-may-not-wait).
    #[inline]
    #[track_caller]
    pub fn wait(&self) {
        if !self.is_set() {
            self.wait_until(Deadline::NEVER);
        }
    }

    /// As [`wait`](Event::wait), for as long as `limit` at most. False if it was not set by then.
    ///
    /// Waits; see [where a call may not wait](crate::hub#where-a-call-may-not-wait).
    #[track_caller]
    pub fn wait_timeout(&self, limit: Duration) -> bool {
        self.is_set() || { self.wait_until(Deadline::after(limit)) }
    }

    #[inline(always)]
    #[track_caller]
    fn wait_until(&self, deadline: Deadline) -> bool {
        let mut request = WaitRequest::new("wait for an event", WaitReason::EVENT, deadline);
        request.in_list(&self.waiters) == WakeReason::Notified || self.is_set()
    }
}

impl Default for Event {
    fn default() -> Event {
        Event::new()
    }
}

impl Sealed for Event {}

/// Ready while it is set.
impl Waitable for Event {
    fn wait_target(&self) -> WaitTarget<'_> {
        WaitTarget {
            ready: self.is_set(),
            point: WaitPoint::List(&self.waiters),
            reason: WaitReason::EVENT,
        }
    }
}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Event")
            .field("is_set", &self.is_set())
            .finish_non_exhaustive()
    }
}
