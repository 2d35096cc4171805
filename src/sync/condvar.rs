//! A condition variable: greenlets that have locked a mutex wait there for others to change its value.
//!
//! ```text
//!   wait      unlocks the mutex, waits for a notification, locks the mutex again
//!   notify    ends the wait of the first waiter; without a waiter the notification is lost
//! ```
//! A notified greenlet that unwinds before it has locked the mutex passes the notification to the next.
#![forbid(unsafe_code)]

use std::cell::Cell;
use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::{LockResult, PoisonError};
use std::time::Duration;

use super::mutex::MutexGuard;
use crate::hub::{Acquired, Deadline, Resource, WaitQueue, WaitRequest};
use crate::waiting::WaitReason;

/// Where greenlets that have locked a [`Mutex`](crate::sync::Mutex) wait for others to change its value, in the shape of
/// std's [`Condvar`](std::sync::Condvar). A wait on that blocks the thread, so no task of it runs that could notify.
///
/// A wait ends when it is notified or its time is over, and not otherwise; but others may have changed the value again
/// before the mutex was locked, so look at it, or use [`wait_while`](Condvar::wait_while). Waits with different mutexes
/// may be mixed.
///
/// A greenlet that is killed while it waits, or timed out from outside, unwinds without having locked the mutex again.
///
/// # Examples
/// ```
/// use greenhub::spawn;
/// use greenhub::sync::{Condvar, Mutex};
/// use std::rc::Rc;
///
/// let shared = Rc::new((Mutex::new(0), Condvar::new()));
/// let counter = spawn({
///     let shared = shared.clone();
///     move || {
///         for _ in 0..3 {
///             *shared.0.lock().unwrap() += 1;
///             shared.1.notify_one();
///         }
///     }
/// });
/// let (count, changed) = &*shared;
/// let count = changed.wait_while(count.lock().unwrap(), |count| *count < 3).unwrap();
/// assert_eq!(*count, 3);
/// # drop(count);
/// # counter.join().unwrap();
/// ```
pub struct Condvar {
    /// Notifications that woken waiters have not taken yet.
    notices: Cell<usize>,
    waiters: WaitQueue,
}

/// Whether a wait with a limit has ended because of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WaitTimeoutResult(bool);

impl WaitTimeoutResult {
    /// The time was over before a notice came.
    #[must_use]
    pub fn timed_out(&self) -> bool {
        self.0
    }
}

impl Condvar {
    /// A condition variable without waiters.
    pub const fn new() -> Condvar {
        Condvar {
            notices: Cell::new(0),
            waiters: WaitQueue::new(),
        }
    }

    /// Unlocks the mutex of `guard`, waits for a notice, and locks it again.
    ///
    /// Waits; see [where a call may not wait](crate::hub#where-a-call-may-not-wait).
    ///
    /// # Errors
    /// The guard in an error if the mutex is poisoned.
    #[track_caller]
    pub fn wait<'a, T: ?Sized>(&self, guard: MutexGuard<'a, T>) -> LockResult<MutexGuard<'a, T>> {
        self.wait_until(guard, Deadline::NEVER).0
    }

    /// Waits for as long as `condition` says so of the value, which it looks at first and after each notice.
    ///
    /// Waits; see [where a call may not wait](crate::hub#where-a-call-may-not-wait).
    ///
    /// # Errors
    /// The guard in an error if the mutex is poisoned.
    ///
    /// # Panics
    /// As [`wait`](Condvar::wait), and with what `condition` panics with.
    #[track_caller]
    pub fn wait_while<'a, T: ?Sized>(
        &self,
        mut guard: MutexGuard<'a, T>,
        mut condition: impl FnMut(&mut T) -> bool,
    ) -> LockResult<MutexGuard<'a, T>> {
        while condition(&mut guard) {
            guard = self.wait_until(guard, Deadline::NEVER).0?;
        }
        Ok(guard)
    }

    /// As [`wait`](Condvar::wait), for as long as `limit` at most. Locking the mutex again may take longer.
    ///
    /// Waits; see [where a call may not wait](crate::hub#where-a-call-may-not-wait).
    ///
    /// # Errors
    /// As [`wait`](Condvar::wait).
    #[track_caller]
    pub fn wait_timeout<'a, T: ?Sized>(
        &self,
        guard: MutexGuard<'a, T>,
        limit: Duration,
    ) -> LockResult<(MutexGuard<'a, T>, WaitTimeoutResult)> {
        with_result(self.wait_until(guard, Deadline::after(limit)))
    }

    /// As [`wait_while`](Condvar::wait_while), for as long as `limit` at most. It has timed out if `condition` still says
    /// that it shall wait.
    ///
    /// Waits; see [where a call may not wait](crate::hub#where-a-call-may-not-wait).
    ///
    /// # Errors
    /// As [`wait_while`](Condvar::wait_while).
    #[track_caller]
    pub fn wait_timeout_while<'a, T: ?Sized>(
        &self,
        mut guard: MutexGuard<'a, T>,
        limit: Duration,
        mut condition: impl FnMut(&mut T) -> bool,
    ) -> LockResult<(MutexGuard<'a, T>, WaitTimeoutResult)> {
        let deadline = Deadline::after(limit);
        let mut is_over = WaitTimeoutResult(false);
        while condition(&mut guard) {
            if is_over.timed_out() {
                return Ok((guard, is_over));
            }
            (guard, is_over) = with_result(self.wait_until(guard, deadline))?;
        }
        Ok((guard, WaitTimeoutResult(false)))
    }

    /// Ends the wait of the first waiter.
    pub fn notify_one(&self) {
        self.notices.set(self.notices.get() + 1);
        self.wake_waiters();
        self.forget_unreserved();
    }

    /// Ends the waits of all waiters. They lock their mutex one by one, in the order in which they came.
    pub fn notify_all(&self) {
        self.waiters.notify_all();
    }

    /// Whether the time was over stands beside the guard.
    #[track_caller]
    fn wait_until<'a, T: ?Sized>(
        &self,
        guard: MutexGuard<'a, T>,
        deadline: Deadline,
    ) -> (LockResult<MutexGuard<'a, T>>, bool) {
        let mutex = guard.mutex();
        self.forget_unreserved();
        // No greenlet runs between this and the wait.
        drop(guard);
        let mut request = WaitRequest::new(
            "the wait for a condition variable",
            WaitReason::CONDVAR,
            deadline,
        );
        let turn = request.in_queue(self);
        // If this unwinds, the reservation is passed to the next.
        let guard = mutex.lock();
        if let Acquired::Reserved(_reservation) = &turn {
            self.notices.set(self.notices.get() - 1);
        }
        (guard, matches!(turn, Acquired::TimedOut))
    }

    /// Notifications that were passed on and found no waiter are lost.
    fn forget_unreserved(&self) {
        self.notices.set(self.notices.get() - self.unreserved());
    }
}

impl Resource for Condvar {
    #[inline(always)]
    fn queue(&self) -> &WaitQueue {
        &self.waiters
    }

    #[inline(always)]
    fn available(&self) -> usize {
        self.notices.get()
    }
}

type Waited<'a, T> = (LockResult<MutexGuard<'a, T>>, bool);

fn with_result<T: ?Sized>(
    (guard, timed_out): Waited<'_, T>,
) -> LockResult<(MutexGuard<'_, T>, WaitTimeoutResult)> {
    let result = WaitTimeoutResult(timed_out);
    match guard {
        Ok(guard) => Ok((guard, result)),
        Err(poisoned) => Err(PoisonError::new((poisoned.into_inner(), result))),
    }
}

// There is no state that a panic could leave half done.
impl UnwindSafe for Condvar {}
impl RefUnwindSafe for Condvar {}

impl Default for Condvar {
    fn default() -> Condvar {
        Condvar::new()
    }
}

impl fmt::Debug for Condvar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Condvar").finish_non_exhaustive()
    }
}
