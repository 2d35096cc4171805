//! A lock around a value that one greenlet uses at a time.
#![forbid(unsafe_code)]

use std::cell::{RefCell, RefMut};
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::panic::{Location, RefUnwindSafe, UnwindSafe};
use std::sync::{LockResult, TryLockError, TryLockResult};
use std::time::Duration;

use super::raw_lock::{self, RawGuard, RawLock};
use crate::hub::{Deadline, must_end};
use crate::waiting::WaitReason;

/// A value that one greenlet uses at a time, in the shape of std's [`Mutex`](std::sync::Mutex). Other greenlets that want it
/// wait, and the hub runs the rest.
///
/// std's own must not be held across a wait: a second task of the thread that locks it blocks the thread for ever, and in silence,
/// since the first, which would unlock it, never runs again.
///
/// A mutex is for work on the value that waits in the middle; without waits a [`RefCell`] does. It is fair: waiting greenlets get
/// the lock in the order in which they came, and none overtakes, not even by [`try_lock`](Mutex::try_lock).
///
/// It is *poisoned* when a panic unwinds its holder. A kill and a timeout are no panics: they poison nothing.
///
/// The greenlet that has taken the lock is its holder until the guard is dropped, on any greenlet: a guard may go to another
/// greenlet, in an `Rc` or in a generator. A guard that is forgotten leaves the mutex locked for ever.
///
/// # Examples
/// ```
/// use greenhub::sync::Mutex;
/// use greenhub::{joinall, spawn, yield_now};
/// use std::rc::Rc;
///
/// let account = Rc::new(Mutex::new(0));
/// let tasks: Vec<_> = (0..10)
///     .map(|_| {
///         let account = account.clone();
///         spawn(move || {
///             let mut account = account.lock().unwrap();
///             let before = *account;
///             yield_now(); // others run, and none of them changes it
///             *account = before + 1;
///         })
///     })
///     .collect();
/// joinall(&tasks);
/// assert_eq!(*account.lock().unwrap(), 10);
/// ```
pub struct Mutex<T: ?Sized> {
    lock: RawLock,
    value: RefCell<T>,
}

/// The right to use a mutex's value; dropping it unlocks the mutex.
#[must_use = "a guard that is dropped unlocks the mutex at once"]
pub struct MutexGuard<'a, T: ?Sized> {
    // Dropped in this order: the value is given back before the lock is.
    value: RefMut<'a, T>,
    hold: RawGuard<'a>,
    mutex: &'a Mutex<T>,
}

impl<T> Mutex<T> {
    /// An unlocked mutex around `value`.
    pub const fn new(value: T) -> Mutex<T> {
        Mutex {
            lock: RawLock::new(),
            value: RefCell::new(value),
        }
    }

    /// The value.
    ///
    /// # Errors
    /// The same in an error if it is poisoned.
    pub fn into_inner(self) -> LockResult<T> {
        self.lock.check(self.value.into_inner())
    }
}

impl<T: ?Sized> Mutex<T> {
    /// Locks it, and waits until it can.
    ///
    /// Waits; see [where a call may not wait](crate::hub#where-a-call-may-not-wait).
    ///
    /// # Errors
    /// The guard in an error if it is poisoned.
    ///
    /// # Panics
    /// If the running greenlet is its holder: it would wait for itself.
    #[inline(always)]
    #[track_caller]
    pub fn lock(&self) -> LockResult<MutexGuard<'_, T>> {
        let hold = must_end(self.take(Deadline::NEVER));
        self.lock.check(self.guard(hold))
    }

    /// As [`lock`](Mutex::lock), for as long as `limit` at most.
    ///
    /// Waits; see [where a call may not wait](crate::hub#where-a-call-may-not-wait).
    ///
    /// # Errors
    /// As [`lock`](Mutex::lock), and [`TryLockError::WouldBlock`] if it could not be locked by then.
    #[track_caller]
    pub fn lock_timeout(&self, limit: Duration) -> TryLockResult<MutexGuard<'_, T>> {
        self.answer(self.take(Deadline::after(limit)))
    }

    /// Locks it if it is unlocked and not reserved for a waiting greenlet. Never waits.
    ///
    /// # Errors
    /// The guard in an error if it is poisoned, and [`TryLockError::WouldBlock`] if it cannot be locked now.
    #[inline]
    pub fn try_lock(&self) -> TryLockResult<MutexGuard<'_, T>> {
        self.answer(self.lock.try_take())
    }

    /// A holder has panicked, and the poison was not cleared since.
    #[must_use]
    pub fn is_poisoned(&self) -> bool {
        self.lock.is_poisoned()
    }

    /// The value is as it should be again: it is not poisoned any more.
    pub fn clear_poison(&self) {
        self.lock.clear_poison();
    }

    /// The value; the exclusive borrow shows that no other greenlet uses it.
    ///
    /// # Errors
    /// The same in an error if it is poisoned.
    pub fn get_mut(&mut self) -> LockResult<&mut T> {
        self.lock.check(self.value.get_mut())
    }

    /// Locks it for a call that was made at `place`.
    pub(super) fn lock_at(&self, place: &'static Location<'static>) -> MutexGuard<'_, T> {
        let (reason, never) = (WaitReason::MUTEX, Deadline::NEVER);
        let hold = self.lock.take_at(place, reason, "lock", never);
        self.guard(must_end(hold))
    }

    /// Gives `guard` as an error if it is poisoned.
    pub(super) fn check<G>(&self, guard: G) -> LockResult<G> {
        self.lock.check(guard)
    }

    #[inline(always)]
    #[track_caller]
    fn take(&self, deadline: Deadline) -> Option<RawGuard<'_>> {
        self.lock.take(WaitReason::MUTEX, "lock", deadline)
    }

    #[inline(always)]
    fn answer<'a>(&'a self, hold: Option<RawGuard<'a>>) -> TryLockResult<MutexGuard<'a, T>> {
        let hold = hold.ok_or(TryLockError::WouldBlock)?;
        Ok(self.lock.check(self.guard(hold))?)
    }

    #[inline(always)]
    fn guard<'a>(&'a self, mut hold: RawGuard<'a>) -> MutexGuard<'a, T> {
        hold.arm_poison();
        MutexGuard {
            value: self.value.borrow_mut(),
            hold,
            mutex: self,
        }
    }
}

impl<'a, T: ?Sized> MutexGuard<'a, T> {
    /// The same guard, with no greenlet as its holder.
    pub(super) fn disowned(mut self) -> MutexGuard<'a, T> {
        self.hold.disown();
        self
    }

    /// Which mutex it has locked.
    pub(super) fn mutex(&self) -> &'a Mutex<T> {
        self.mutex
    }
}

impl<T: ?Sized> Deref for MutexGuard<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: ?Sized> DerefMut for MutexGuard<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        &mut self.value
    }
}

// The poison tells later holders of a panic.
impl<T: ?Sized> UnwindSafe for Mutex<T> {}
impl<T: ?Sized> RefUnwindSafe for Mutex<T> {}

impl<T: Default> Default for Mutex<T> {
    fn default() -> Mutex<T> {
        Mutex::new(T::default())
    }
}

impl<T> From<T> for Mutex<T> {
    fn from(value: T) -> Mutex<T> {
        Mutex::new(value)
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for Mutex<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        raw_lock::show(f, "Mutex", self.try_lock(), self.is_poisoned())
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for MutexGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + fmt::Display> fmt::Display for MutexGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
