//! A lock that its holder may take again.
#![forbid(unsafe_code)]

use std::cell::Cell;
use std::fmt;
use std::mem;
use std::ops::Deref;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::time::Duration;

use super::raw_lock::RawLock;
use crate::hub::{Deadline, must_end};
use crate::waiting::WaitReason;

/// A value that one greenlet uses at a time, and that it may lock again while it has it locked: gevent's `RLock`, in the
/// shape of std's `ReentrantLock`.
///
/// Since one greenlet may hold several guards, they give the value shared; a [`Cell`] or a [`RefCell`](std::cell::RefCell)
/// inside lets it change. It is fair, as [`Mutex`](crate::sync::Mutex) is, and is not poisoned by anything.
///
/// The lock belongs to the greenlet that has taken it until the last guard is dropped, on any greenlet.
///
/// # Examples
/// ```
/// use greenhub::sync::ReentrantLock;
/// use std::cell::Cell;
///
/// let counter = ReentrantLock::new(Cell::new(0));
/// let add = |n| {
///     let counter = counter.lock();
///     counter.set(counter.get() + n);
/// };
/// let outer = counter.lock();
/// add(1);
/// add(2);
/// assert_eq!(outer.get(), 3);
/// ```
pub struct ReentrantLock<T: ?Sized> {
    lock: RawLock,
    /// How many guards there are.
    depth: Cell<usize>,
    value: T,
}

/// The right to use the value of a lock that its holder may take again; dropping the last one unlocks it.
#[must_use = "a guard that is dropped unlocks the lock at once"]
pub struct ReentrantLockGuard<'a, T: ?Sized>(&'a ReentrantLock<T>);

impl<T> ReentrantLock<T> {
    /// An unlocked lock around `value`.
    pub const fn new(value: T) -> ReentrantLock<T> {
        ReentrantLock {
            lock: RawLock::new(),
            depth: Cell::new(0),
            value,
        }
    }

    /// The value.
    pub fn into_inner(self) -> T {
        self.value
    }
}

impl<T: ?Sized> ReentrantLock<T> {
    /// Locks it, and waits until it can, if another greenlet holds it.
    ///
    /// Waits; see [where a call may not wait](crate::hub#where-a-call-may-not-wait).
    ///
    /// # Panics
    /// If its
    /// holder has `usize::MAX` guards.
    #[inline]
    #[track_caller]
    pub fn lock(&self) -> ReentrantLockGuard<'_, T> {
        must_end(self.lock_until(Deadline::NEVER))
    }

    /// As [`lock`](ReentrantLock::lock), for as long as `limit` at most. `None` if another greenlet held it until then.
    ///
    /// Waits; see [where a call may not wait](crate::hub#where-a-call-may-not-wait).
    #[track_caller]
    pub fn lock_timeout(&self, limit: Duration) -> Option<ReentrantLockGuard<'_, T>> {
        self.lock_until(Deadline::after(limit))
    }

    /// Locks it if the running greenlet holds it, or if it is unlocked and not reserved for a waiting greenlet. Never waits.
    ///
    /// # Panics
    /// If its holder has `usize::MAX` guards.
    #[inline]
    pub fn try_lock(&self) -> Option<ReentrantLockGuard<'_, T>> {
        if !self.lock.is_mine() {
            mem::forget(self.lock.try_take()?);
        }
        Some(self.guard())
    }

    /// The value; the exclusive borrow shows that no other greenlet uses it.
    pub fn get_mut(&mut self) -> &mut T {
        &mut self.value
    }

    #[inline(always)]
    #[track_caller]
    fn lock_until(&self, deadline: Deadline) -> Option<ReentrantLockGuard<'_, T>> {
        if !self.lock.is_mine() {
            // The last guard gives it back.
            mem::forget(
                self.lock
                    .take(WaitReason::REENTRANT_LOCK, "lock", deadline)?,
            );
        }
        Some(self.guard())
    }

    /// A further guard of the greenlet that holds it.
    #[inline(always)]
    fn guard(&self) -> ReentrantLockGuard<'_, T> {
        let depth = self.depth.get().checked_add(1);
        self.depth.set(depth.expect("a lock has too many guards"));
        ReentrantLockGuard(self)
    }
}

impl<T: ?Sized> Drop for ReentrantLockGuard<'_, T> {
    #[inline]
    fn drop(&mut self) {
        let depth = self.0.depth.get() - 1;
        self.0.depth.set(depth);
        if depth == 0 {
            self.0.lock.release();
        }
    }
}

impl<T: ?Sized> Deref for ReentrantLockGuard<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.0.value
    }
}

impl<T: ?Sized + UnwindSafe> UnwindSafe for ReentrantLock<T> {}
impl<T: ?Sized + RefUnwindSafe> RefUnwindSafe for ReentrantLock<T> {}

impl<T: Default> Default for ReentrantLock<T> {
    fn default() -> ReentrantLock<T> {
        ReentrantLock::new(T::default())
    }
}

impl<T> From<T> for ReentrantLock<T> {
    fn from(value: T) -> ReentrantLock<T> {
        ReentrantLock::new(value)
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for ReentrantLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("ReentrantLock");
        match self.try_lock() {
            Some(guard) => shown.field("data", &&*guard),
            None => shown.field("data", &format_args!("<locked>")),
        };
        shown.finish_non_exhaustive()
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for ReentrantLockGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + fmt::Display> fmt::Display for ReentrantLockGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
