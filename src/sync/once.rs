//! A call that is made once, by the first greenlet that comes; the others wait until it has returned.
//!
//! ```text
//!   incomplete --- call returns ---> complete      for ever
//!    |     ^
//!    |     +--- killed, timed out: the next waiter makes its own call
//!    +--- call panics ---> poisoned: only call_once_force calls again
//! ```
#![forbid(unsafe_code)]

use std::cell::Cell;
use std::fmt;
use std::panic::{Location, RefUnwindSafe, UnwindSafe};
use std::time::Duration;

use super::raw_lock::{RawGuard, RawLock};
use crate::hub::{Deadline, WaitList, WaitPoint, WaitRequest, must_end};
use crate::waitable::{Sealed, WaitTarget, Waitable};
use crate::waiting::{WaitReason, WakeReason};

/// A call that is made once, in the shape of std's [`Once`](std::sync::Once). The closure may wait; in
/// std's own it must not, since a second task that calls then blocks the thread for ever, and in silence.
///
/// It is *poisoned* when the closure panics. A kill and a timeout are no panics: the next greenlet that waits to make the call makes
/// it. For a call that has a value there is [`OnceLock`](super::OnceLock).
///
/// # Examples
/// ```
/// use greenhub::sync::Once;
/// use greenhub::{joinall, sleep, spawn};
/// use std::cell::Cell;
/// use std::rc::Rc;
/// use std::time::Duration;
///
/// let (once, calls) = (Rc::new(Once::new()), Rc::new(Cell::new(0)));
/// let tasks = [1, 2, 3].map(|_| {
///     let (once, calls) = (once.clone(), calls.clone());
///     spawn(move || {
///         once.call_once(|| {
///             sleep(Duration::from_millis(1));
///             calls.set(calls.get() + 1);
///         });
///         assert_eq!(calls.get(), 1);
///     })
/// });
/// joinall(&tasks);
/// assert!(once.is_completed());
/// ```
pub struct Once {
    is_completed: Cell<bool>,
    /// Of the greenlet that makes the call.
    turn: RawLock,
    /// Those that only wait.
    waiters: WaitList,
}

/// The state of a [`Once`] that its closure gets: see [`Once::call_once_force`].
#[derive(Debug)]
pub struct OnceState {
    is_poisoned: bool,
}

impl OnceState {
    /// An earlier call has panicked.
    #[must_use]
    pub fn is_poisoned(&self) -> bool {
        self.is_poisoned
    }
}

impl Once {
    /// A call that was not made yet.
    #[must_use]
    pub const fn new() -> Once {
        Once {
            is_completed: Cell::new(false),
            turn: RawLock::new(),
            waiters: WaitList::new(),
        }
    }

    /// Calls `f` if no call has returned yet. Waits while another greenlet makes its call.
    ///
    /// Waits; see [where a call may not wait](crate::hub#where-a-call-may-not-wait).
    ///
    /// # Panics
    /// With what `f` panics with, and if it is poisoned. If `f` calls this itself.
    #[inline]
    #[track_caller]
    pub fn call_once(&self, f: impl FnOnce()) {
        if !self.is_completed() {
            self.call(false, |_| f());
        }
    }

    /// As [`call_once`](Once::call_once), also if it is poisoned. A call that returns ends that.
    ///
    /// Waits; see [where a call may not wait](crate::hub#where-a-call-may-not-wait).
    ///
    /// # Panics
    /// As [`call_once`](Once::call_once), but for the poison.
    #[inline]
    #[track_caller]
    pub fn call_once_force(&self, f: impl FnOnce(&OnceState)) {
        if !self.is_completed() {
            self.call(true, f);
        }
    }

    /// A call has returned.
    #[inline]
    #[must_use]
    pub fn is_completed(&self) -> bool {
        self.is_completed.get()
    }

    /// Waits until a call has returned.
    ///
    /// Waits; see [where a call may not wait](crate::hub#where-a-call-may-not-wait).
    ///
    /// # Panics
    /// If it is poisoned, or gets so meanwhile.
    #[track_caller]
    pub fn wait(&self) {
        self.wait_until(false, Deadline::NEVER);
    }

    /// As [`wait`](Once::wait), for as long as `limit` at most. False if no call had returned by then.
    ///
    /// Waits; see [where a call may not wait](crate::hub#where-a-call-may-not-wait).
    #[track_caller]
    pub fn wait_timeout(&self, limit: Duration) -> bool {
        self.wait_until(false, Deadline::after(limit))
    }

    /// As [`wait`](Once::wait), also while it is poisoned: until a [`call_once_force`](Once::call_once_force) has returned.
    ///
    /// Waits; see [where a call may not wait](crate::hub#where-a-call-may-not-wait).
    #[track_caller]
    pub fn wait_force(&self) {
        self.wait_until(true, Deadline::NEVER);
    }

    #[inline(never)]
    #[track_caller]
    fn call(&self, force: bool, f: impl FnOnce(&OnceState)) {
        let turn = self
            .turn
            .take(WaitReason::ONCE, "call_once", Deadline::NEVER);
        let mut turn = must_end(turn);
        if self.is_completed() {
            return; // by another while this one waited
        }
        let is_poisoned = self.turn.is_poisoned();
        if is_poisoned && !force {
            refuse_poisoned("call_once");
        }
        turn.arm_poison();
        let _call = RunningCall {
            turn: Some(turn),
            once: self,
        };
        f(&OnceState { is_poisoned });
        self.is_completed.set(true);
        self.turn.clear_poison();
    }

    #[track_caller]
    fn wait_until(&self, force: bool, deadline: Deadline) -> bool {
        let mut request = WaitRequest::new("wait", WaitReason::ONCE, deadline);
        let mut is_over = false;
        loop {
            if self.is_completed() {
                return true;
            }
            if self.is_poisoned() && !force {
                refuse_poisoned("wait");
            }
            if is_over {
                return false;
            }
            is_over = request.in_list(&self.waiters) == WakeReason::TimedOut;
        }
    }

    /// The last call has panicked, and no other is being made.
    fn is_poisoned(&self) -> bool {
        self.turn.is_poisoned() && !self.turn.is_held()
    }

    fn is_settled(&self) -> bool {
        self.is_completed() || self.is_poisoned()
    }
}

/// A call that is being made. When its frame is left, the waiters are told what it came to, if that concerns them.
struct RunningCall<'a> {
    turn: Option<RawGuard<'a>>,
    once: &'a Once,
}

impl Drop for RunningCall<'_> {
    fn drop(&mut self) {
        // First, since this poisons it.
        drop(self.turn.take());
        if self.once.is_settled() && !self.once.waiters.is_empty() {
            self.once.waiters.wake_all();
        }
    }
}

#[cold]
#[inline(never)]
#[track_caller]
fn refuse_poisoned(verb: &str) -> ! {
    let place = Location::caller();
    panic!("{verb} at {place}: an earlier call has panicked, so this `Once` is poisoned")
}

impl Sealed for Once {}

/// Ready when a call has returned, and while it is poisoned.
impl Waitable for Once {
    fn wait_target(&self) -> WaitTarget<'_> {
        WaitTarget {
            ready: self.is_settled(),
            point: WaitPoint::List(&self.waiters),
            reason: WaitReason::ONCE,
        }
    }
}

// A panic is told by the poison.
impl UnwindSafe for Once {}
impl RefUnwindSafe for Once {}

impl Default for Once {
    fn default() -> Once {
        Once::new()
    }
}

impl fmt::Debug for Once {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Once")
            .field("is_completed", &self.is_completed())
            .finish_non_exhaustive()
    }
}
