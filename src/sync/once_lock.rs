//! A value that is set once, by the first greenlet that needs it, with an initialiser that may wait.
#![forbid(unsafe_code)]

use std::cell::OnceCell;
use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::time::Duration;

use super::raw_lock::{RawGuard, RawLock};
use crate::hub::{Deadline, WaitList, WaitPoint, WaitRequest, must_end};
use crate::waitable::{Sealed, WaitTarget, Waitable};
use crate::waiting::{WaitReason, WakeReason};

/// A value that is set once, in the shape of std's [`OnceLock`](std::sync::OnceLock): the first greenlet that needs it makes
/// it, and others wait until it is there. With std's own, an initialiser that waits and a second task that needs the value block
/// the thread for ever, and in silence.
///
/// An initialiser may wait, be killed, time out or panic. After one that did not come to its end, the next waiting greenlet
/// runs its own.
///
/// # Examples
/// ```
/// use greenhub::sync::OnceLock;
/// use greenhub::{sleep, spawn};
/// use std::rc::Rc;
/// use std::time::Duration;
///
/// let settings = Rc::new(OnceLock::new());
/// let read = |settings: &Rc<OnceLock<String>>| {
///     let settings = settings.clone();
///     spawn(move || {
///         let read = || {
///             sleep(Duration::from_millis(1)); // from a file, say
///             String::from("fast")
///         };
///         settings.get_or_init(read).clone()
///     })
/// };
/// let (first, second) = (read(&settings), read(&settings));
/// assert_eq!(first.join().unwrap(), second.join().unwrap());
/// assert_eq!(settings.get().unwrap(), "fast");
/// ```
pub struct OnceLock<T> {
    value: OnceCell<T>,
    /// Held by the greenlet that makes the value.
    turn: RawLock,
    /// The greenlets that wait for the value and do not make it.
    waiters: WaitList,
}

impl<T> OnceLock<T> {
    /// A lock whose value is not set.
    #[must_use]
    pub const fn new() -> OnceLock<T> {
        OnceLock {
            value: OnceCell::new(),
            turn: RawLock::new(),
            waiters: WaitList::new(),
        }
    }

    /// The value, if it was set. Never waits.
    #[inline]
    #[must_use]
    pub fn get(&self) -> Option<&T> {
        self.value.get()
    }

    /// The value, if it was set.
    #[must_use]
    pub fn get_mut(&mut self) -> Option<&mut T> {
        self.value.get_mut()
    }

    /// The value, which `init` makes if it was not set. Waits while another greenlet makes it.
    ///
    /// Waits; see [where a call may not wait](crate::hub#where-a-call-may-not-wait).
    ///
    /// # Panics
    /// With what `init` panics with; then the value is not set. If `init` wants the value that it shall make.
    #[inline]
    #[track_caller]
    pub fn get_or_init(&self, init: impl FnOnce() -> T) -> &T {
        match self.get() {
            Some(value) => value,
            None => self.init(init),
        }
    }

    /// Sets the value. Waits while another greenlet makes one.
    ///
    /// Waits; see [where a call may not wait](crate::hub#where-a-call-may-not-wait).
    ///
    /// # Errors
    /// `value`, if one was set before.
    #[track_caller]
    pub fn set(&self, value: T) -> Result<(), T> {
        let mut value = Some(value);
        if self.get().is_none() {
            self.init(|| match value.take() {
                Some(value) => value,
                None => unreachable!("an initialiser runs once"),
            });
        }
        value.map_or(Ok(()), Err)
    }

    /// Waits until another greenlet has set the value, and returns it.
    ///
    /// Waits; see [where a call may not wait](crate::hub#where-a-call-may-not-wait).
    ///
    /// # Panics
    /// A greenlet that makes the value and waits for it waits for ever.
    #[track_caller]
    pub fn wait(&self) -> &T {
        must_end(self.wait_until(Deadline::NEVER))
    }

    /// As [`wait`](OnceLock::wait), for as long as `limit` at most. `None` if it was not set by then.
    ///
    /// Waits; see [where a call may not wait](crate::hub#where-a-call-may-not-wait).
    #[track_caller]
    pub fn wait_timeout(&self, limit: Duration) -> Option<&T> {
        self.wait_until(Deadline::after(limit))
    }

    /// The value, if it was set.
    pub fn into_inner(self) -> Option<T> {
        self.value.into_inner()
    }

    /// Takes the value out, if it was set: it can be set again.
    pub fn take(&mut self) -> Option<T> {
        self.value.take()
    }

    #[inline(never)]
    #[track_caller]
    pub(super) fn init(&self, init: impl FnOnce() -> T) -> &T {
        let turn = self
            .turn
            .take(WaitReason::ONCE_LOCK, "get_or_init", Deadline::NEVER);
        let _turn: RawGuard<'_> = must_end(turn);
        if let Some(value) = self.get() {
            return value; // others have made it while this one waited
        }
        let made = init();
        let value = self.value.get_or_init(|| made);
        if !self.waiters.is_empty() {
            self.waiters.wake_all();
        }
        value
    }

    #[track_caller]
    fn wait_until(&self, deadline: Deadline) -> Option<&T> {
        let mut request = WaitRequest::new("wait", WaitReason::ONCE_LOCK, deadline);
        loop {
            if let Some(value) = self.get() {
                return Some(value);
            }
            if request.in_list(&self.waiters) == WakeReason::TimedOut {
                return self.get();
            }
        }
    }
}

impl<T> Sealed for OnceLock<T> {}

/// Ready when the value is set.
impl<T> Waitable for OnceLock<T> {
    fn wait_target(&self) -> WaitTarget<'_> {
        WaitTarget {
            ready: self.get().is_some(),
            point: WaitPoint::List(&self.waiters),
            reason: WaitReason::ONCE_LOCK,
        }
    }
}

impl<T: UnwindSafe> UnwindSafe for OnceLock<T> {}
impl<T: UnwindSafe + RefUnwindSafe> RefUnwindSafe for OnceLock<T> {}

impl<T> Default for OnceLock<T> {
    fn default() -> OnceLock<T> {
        OnceLock::new()
    }
}

impl<T> From<T> for OnceLock<T> {
    fn from(value: T) -> OnceLock<T> {
        let mut once = OnceLock::new();
        once.value = OnceCell::from(value);
        once
    }
}

impl<T: fmt::Debug> fmt::Debug for OnceLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_tuple("OnceLock");
        match self.get() {
            Some(value) => shown.field(value),
            None => shown.field(&format_args!("<uninit>")),
        };
        shown.finish()
    }
}
