//! A lock around a value that many greenlets read at a time, or one writes.
//!
//! ```text
//!   gate     one greenlet at a time, first come, first served: readers and writers stand in one queue
//!   readers  how many read now
//!
//!   a reader passes the gate, counts itself, and opens the gate at once for the next
//!   a writer keeps the gate; when the last reader has gone it writes; the gate opens when it has written
//! ```
//! So a waiting writer holds back all later greenlets, readers too, and it never waits for more readers than there
//! were when its turn came.
#![forbid(unsafe_code)]

use std::cell::{Cell, Ref, RefCell, RefMut};
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::panic::{Location, RefUnwindSafe, UnwindSafe};
use std::sync::{LockResult, TryLockError, TryLockResult};
use std::time::Duration;

use super::raw_lock::{self, RawGuard, RawLock};
use crate::hub::{Acquired, Deadline, Resource, WaitQueue, WaitRequest, must_end};
use crate::waiting::WaitReason;

/// A value that many greenlets read at a time, or one writes, in the shape of std's [`RwLock`](std::sync::RwLock).
///
/// std's own must not be held across a wait: a second task of the thread that locks it blocks the thread for ever, and in silence.
///
/// All stand in one queue, and are let in as they came: readers together, as far as no writer stands between them. A writer
/// that waits holds back readers that come later, so neither side can keep the other out. It follows that a greenlet which
/// reads must not [`read`](RwLock::read) again: if a writer waits in between, both wait for ever.
///
/// The lock is *poisoned* when a panic unwinds a writer. A kill and a timeout are no panics: they poison nothing. A guard
/// may go to another greenlet. A forgotten guard keeps the lock for ever.
///
/// # Examples
/// ```
/// use greenhub::sync::RwLock;
/// use greenhub::{spawn, yield_now};
/// use std::rc::Rc;
///
/// let table = Rc::new(RwLock::new(vec![1, 2]));
/// let (first, second) = (table.read().unwrap(), table.read().unwrap());
/// let writer = spawn({
///     let table = table.clone();
///     move || table.write().unwrap().push(3)
/// });
/// yield_now();
/// assert!(table.try_read().is_err()); // the writer is first
/// assert_eq!(first.len() + second.len(), 4);
/// drop((first, second));
/// writer.join().unwrap();
/// assert_eq!(table.read().unwrap().len(), 3);
/// ```
pub struct RwLock<T: ?Sized> {
    gate: RawLock,
    readers: Readers,
    value: RefCell<T>,
}

/// The number of readers, and the writer that waits until there are none.
struct Readers {
    count: Cell<usize>,
    writer: WaitQueue,
}

/// The right to read; dropping it gives it back.
#[must_use = "a guard that is dropped unlocks at once"]
pub struct RwLockReadGuard<'a, T: ?Sized> {
    // Dropped in this order: the value is given back before the lock is.
    value: Ref<'a, T>,
    _reading: ReadHold<'a>,
}

/// The right to write; dropping it gives it back.
#[must_use = "a guard that is dropped unlocks at once"]
pub struct RwLockWriteGuard<'a, T: ?Sized> {
    // Dropped in this order, as there.
    value: RefMut<'a, T>,
    hold: RawGuard<'a>,
    lock: &'a RwLock<T>,
}

/// One reader.
struct ReadHold<'a>(&'a Readers);

impl<T> RwLock<T> {
    /// An unlocked lock around `value`.
    pub const fn new(value: T) -> RwLock<T> {
        RwLock {
            gate: RawLock::new(),
            readers: Readers {
                count: Cell::new(0),
                writer: WaitQueue::new(),
            },
            value: RefCell::new(value),
        }
    }

    /// The value.
    ///
    /// # Errors
    /// The same in an error if it is poisoned.
    pub fn into_inner(self) -> LockResult<T> {
        self.gate.check(self.value.into_inner())
    }
}

impl<T: ?Sized> RwLock<T> {
    /// Locks it to read, and waits while a writer holds it or has come before.
    ///
    /// Waits; see [where a call may not wait](crate::hub#where-a-call-may-not-wait).
    ///
    /// # Errors
    /// The guard in an error if it is poisoned.
    ///
    /// # Panics
    /// If the running greenlet writes: it would wait for itself.
    #[inline]
    #[track_caller]
    pub fn read(&self) -> LockResult<RwLockReadGuard<'_, T>> {
        let reading = self.enter(Location::caller(), Deadline::NEVER);
        let reading = must_end(reading);
        self.gate.check(self.read_guard(reading))
    }

    /// As [`read`](RwLock::read), for as long as `limit` at most.
    ///
    /// Waits; see [where a call may not wait](crate::hub#where-a-call-may-not-wait).
    ///
    /// # Errors
    /// As [`read`](RwLock::read), and [`TryLockError::WouldBlock`] if it could not be locked by then.
    #[track_caller]
    pub fn read_timeout(&self, limit: Duration) -> TryLockResult<RwLockReadGuard<'_, T>> {
        let deadline = Deadline::after(limit);
        let reading = self.enter(Location::caller(), deadline);
        let reading = reading.ok_or(TryLockError::WouldBlock)?;
        Ok(self.gate.check(self.read_guard(reading))?)
    }

    /// Locks it to read if there is no writer and no waiting greenlet. Never waits.
    ///
    /// # Errors
    /// The guard in an error if it is poisoned, and [`TryLockError::WouldBlock`] if it cannot be locked now.
    #[inline]
    pub fn try_read(&self) -> TryLockResult<RwLockReadGuard<'_, T>> {
        if !self.gate.has_unreserved() {
            return Err(TryLockError::WouldBlock);
        }
        let reading = self.readers.enter();
        Ok(self.gate.check(self.read_guard(reading))?)
    }

    /// Locks it to write, and waits while a reader or writer holds it or has come before.
    ///
    /// Waits; see [where a call may not wait](crate::hub#where-a-call-may-not-wait).
    ///
    /// # Errors
    /// The guard in an error if it is poisoned.
    ///
    /// # Panics
    /// If the running greenlet writes: it would wait for itself.
    #[inline]
    #[track_caller]
    pub fn write(&self) -> LockResult<RwLockWriteGuard<'_, T>> {
        let hold = self.clear(Location::caller(), Deadline::NEVER);
        let hold = must_end(hold);
        self.gate.check(self.write_guard(hold))
    }

    /// As [`write`](RwLock::write), no longer than `limit`. Until it has timed out it holds back later greenlets.
    ///
    /// Waits; see [where a call may not wait](crate::hub#where-a-call-may-not-wait).
    ///
    /// # Errors
    /// As [`write`](RwLock::write), and [`TryLockError::WouldBlock`] if it could not be locked by then.
    #[track_caller]
    pub fn write_timeout(&self, limit: Duration) -> TryLockResult<RwLockWriteGuard<'_, T>> {
        let deadline = Deadline::after(limit);
        let hold = self.clear(Location::caller(), deadline);
        let hold = hold.ok_or(TryLockError::WouldBlock)?;
        Ok(self.gate.check(self.write_guard(hold))?)
    }

    /// Locks it to write if there is no reader, no writer and no waiting greenlet. Never waits.
    ///
    /// # Errors
    /// The guard in an error if it is poisoned, and [`TryLockError::WouldBlock`] if it cannot be locked now.
    #[inline]
    pub fn try_write(&self) -> TryLockResult<RwLockWriteGuard<'_, T>> {
        let is_read = self.readers.count.get() > 0;
        let hold = (!is_read).then(|| self.gate.try_take()).flatten();
        let hold = hold.ok_or(TryLockError::WouldBlock)?;
        Ok(self.gate.check(self.write_guard(hold))?)
    }

    /// A writer has panicked, and the poison was not cleared since.
    #[must_use]
    pub fn is_poisoned(&self) -> bool {
        self.gate.is_poisoned()
    }

    /// The value is as it should be again: it is not poisoned any more.
    pub fn clear_poison(&self) {
        self.gate.clear_poison();
    }

    /// The value; the exclusive borrow shows that no other greenlet uses it.
    ///
    /// # Errors
    /// The same in an error if it is poisoned.
    pub fn get_mut(&mut self) -> LockResult<&mut T> {
        self.gate.check(self.value.get_mut())
    }

    /// Locks it to read, for a call that was made at `place`.
    pub(super) fn read_at(&self, place: &'static Location<'static>) -> RwLockReadGuard<'_, T> {
        let reading = self.enter(place, Deadline::NEVER);
        self.read_guard(must_end(reading))
    }

    /// Locks it to write, for a call that was made at `place`.
    pub(super) fn write_at(&self, place: &'static Location<'static>) -> RwLockWriteGuard<'_, T> {
        let hold = self.clear(place, Deadline::NEVER);
        self.write_guard(must_end(hold))
    }

    /// Gives `guard` as an error if it is poisoned.
    pub(super) fn check<G>(&self, guard: G) -> LockResult<G> {
        self.gate.check(guard)
    }

    /// Passes the gate, and opens it for the next.
    #[inline(always)]
    fn enter(&self, place: &'static Location<'static>, deadline: Deadline) -> Option<ReadHold<'_>> {
        if self.gate.has_unreserved() {
            return Some(self.readers.enter());
        }
        let _passing = self
            .gate
            .take_at(place, WaitReason::RWLOCK_READ, "read", deadline)?;
        Some(self.readers.enter())
    }

    /// Passes the gate, keeps it, and waits until there is no reader.
    #[inline(always)]
    fn clear(&self, place: &'static Location<'static>, deadline: Deadline) -> Option<RawGuard<'_>> {
        let hold = self
            .gate
            .take_at(place, WaitReason::RWLOCK_WRITE, "write", deadline)?;
        let is_mine = self.readers.count.get() == 0 || self.readers.wait(place, deadline);
        is_mine.then_some(hold)
    }

    #[inline(always)]
    fn read_guard<'a>(&'a self, reading: ReadHold<'a>) -> RwLockReadGuard<'a, T> {
        RwLockReadGuard {
            value: self.value.borrow(),
            _reading: reading,
        }
    }

    #[inline(always)]
    fn write_guard<'a>(&'a self, mut hold: RawGuard<'a>) -> RwLockWriteGuard<'a, T> {
        hold.arm_poison();
        RwLockWriteGuard {
            value: self.value.borrow_mut(),
            hold,
            lock: self,
        }
    }
}

impl<'a, T: ?Sized> RwLockWriteGuard<'a, T> {
    /// The same guard, with no greenlet as its holder.
    pub(super) fn disowned(mut self) -> RwLockWriteGuard<'a, T> {
        self.hold.disown();
        self
    }

    /// Reads on where it has written: no other greenlet writes in between. Readers that come, or wait at the head of the queue, are let
    /// in.
    ///
    /// # Examples
    /// ```
    /// use greenhub::sync::{RwLock, RwLockWriteGuard};
    ///
    /// let table = RwLock::new(vec![1]);
    /// let mut writing = table.write().unwrap();
    /// writing.push(2);
    /// let reading = RwLockWriteGuard::downgrade(writing);
    /// assert_eq!(table.read().unwrap().len() + reading.len(), 4);
    /// ```
    pub fn downgrade(this: RwLockWriteGuard<'a, T>) -> RwLockReadGuard<'a, T> {
        let RwLockWriteGuard {
            value,
            mut hold,
            lock,
        } = this;
        drop(value);
        // Before the gate opens: a writer waits for it.
        let reading = lock.readers.enter();
        hold.disarm_poison();
        drop(hold);
        lock.read_guard(reading)
    }
}

impl Readers {
    #[inline(always)]
    fn enter(&self) -> ReadHold<'_> {
        let count = self.count.get().checked_add(1);
        self.count.set(count.expect("a lock has too many readers"));
        ReadHold(self)
    }

    /// Waits until there is no reader. False if `deadline` comes before.
    fn wait(&self, place: &'static Location<'static>, deadline: Deadline) -> bool {
        let mut request = WaitRequest::at(place, "write", WaitReason::RWLOCK_WRITE, deadline);
        matches!(request.in_queue(self), Acquired::Reserved(_))
    }
}

/// What it gives is the absence of readers, to the one writer that may wait for it.
impl Resource for Readers {
    #[inline(always)]
    fn queue(&self) -> &WaitQueue {
        &self.writer
    }

    #[inline(always)]
    fn available(&self) -> usize {
        usize::from(self.count.get() == 0)
    }
}

impl Drop for ReadHold<'_> {
    #[inline(always)]
    fn drop(&mut self) {
        self.0.count.set(self.0.count.get() - 1);
        self.0.wake_waiters_if_any();
    }
}

impl<T: ?Sized> Deref for RwLockReadGuard<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: ?Sized> Deref for RwLockWriteGuard<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: ?Sized> DerefMut for RwLockWriteGuard<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        &mut self.value
    }
}

// The poison tells later holders of a panic.
impl<T: ?Sized> UnwindSafe for RwLock<T> {}
impl<T: ?Sized> RefUnwindSafe for RwLock<T> {}

impl<T: Default> Default for RwLock<T> {
    fn default() -> RwLock<T> {
        RwLock::new(T::default())
    }
}

impl<T> From<T> for RwLock<T> {
    fn from(value: T) -> RwLock<T> {
        RwLock::new(value)
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for RwLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        raw_lock::show(f, "RwLock", self.try_read(), self.is_poisoned())
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for RwLockReadGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for RwLockWriteGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
