//! The end of a watched value that sees it change.
#![forbid(unsafe_code)]

use std::cell::Cell;
use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::rc::Rc;
use std::time::Duration;

use super::{Ref, Watched};
use crate::error::{RecvError, RecvTimeoutError};
use crate::hub::{Deadline, WaitPoint, WaitRequest};
use crate::waitable::{Sealed, WaitTarget, Waitable};
use crate::waiting::{WaitReason, WakeReason};

/// A handle that watches a value: see [`channel`](super::channel). Each receiver remembers which version it has seen; a clone begins
/// with what the original has seen.
pub struct Receiver<T> {
    shared: Rc<Watched<T>>,
    /// The version of the value that it has seen.
    seen: Cell<u64>,
}

impl<T> Receiver<T> {
    pub(super) fn new(shared: &Rc<Watched<T>>, seen: u64) -> Receiver<T> {
        super::add(&shared.receivers);
        Receiver {
            shared: shared.clone(),
            seen: Cell::new(seen),
        }
    }

    /// Lends the value. A change stays unseen: [`changed`](Receiver::changed) still returns at once.
    ///
    /// # Panics
    /// Inside of a closure that changes it.
    #[track_caller]
    pub fn borrow(&self) -> Ref<'_, T> {
        self.shared.borrow(self.is_changed())
    }

    /// Lends the value, and has seen it.
    ///
    /// # Panics
    /// Inside of a closure that changes it.
    #[track_caller]
    pub fn borrow_and_update(&self) -> Ref<'_, T> {
        let value = self.borrow();
        self.mark_unchanged();
        value
    }

    /// A copy of the value. A change stays unseen.
    ///
    /// # Panics
    /// Inside of a closure that changes it.
    #[must_use]
    #[track_caller]
    pub fn get(&self) -> T
    where
        T: Clone,
    {
        self.borrow().clone()
    }

    /// Waits until the value was changed since this receiver has seen it, and counts it as seen.
    ///
    /// Waits; see [where a call may not wait](crate::hub#where-a-call-may-not-wait).
    ///
    /// # Errors
    /// [`RecvError`] if there is no sender left and the last change was seen.
    #[track_caller]
    pub fn changed(&self) -> Result<(), RecvError> {
        match self.await_change(Deadline::NEVER) {
            Ok(()) => {
                self.mark_unchanged();
                Ok(())
            }
            Err(_) => Err(RecvError),
        }
    }

    /// As [`changed`](Receiver::changed), for as long as `limit` at most.
    ///
    /// Waits; see [where a call may not wait](crate::hub#where-a-call-may-not-wait).
    ///
    /// # Errors
    /// [`RecvTimeoutError`]
    #[track_caller]
    pub fn changed_timeout(&self, limit: Duration) -> Result<(), RecvTimeoutError> {
        self.await_change(Deadline::after(limit))?;
        self.mark_unchanged();
        Ok(())
    }

    /// The value was changed since this receiver has seen it.
    ///
    /// # Errors
    /// [`RecvError`] if there is no sender left.
    pub fn has_changed(&self) -> Result<bool, RecvError> {
        match self.shared.has_no_sender() {
            true => Err(RecvError),
            false => Ok(self.is_changed()),
        }
    }

    /// Counts the value as changed: the next [`changed`](Receiver::changed) returns at once.
    pub fn mark_changed(&self) {
        self.seen.set(self.shared.version.get().wrapping_sub(1));
    }

    /// Counts the value as seen.
    pub fn mark_unchanged(&self) {
        self.seen.set(self.shared.version.get());
    }

    /// Waits until `condition` says yes of the value, which it looks at now and after each change. Counts it as seen, and lends it.
    ///
    /// Waits; see [where a call may not wait](crate::hub#where-a-call-may-not-wait).
    ///
    /// # Errors
    /// [`RecvError`] if there is no sender left and `condition` says no of the last value.
    ///
    /// # Panics
    /// As [`changed`](Receiver::changed), with what `condition` panics with, and inside of a closure that changes the value.
    ///
    /// # Examples
    /// ```
    /// use greenhub::spawn;
    /// use greenhub::sync::watch;
    ///
    /// let (progress, watcher) = watch::channel(0);
    /// let worker = spawn(move || (1..=10).try_for_each(|done| progress.send(done * 10)));
    /// assert_eq!(*watcher.wait_for(|percent| *percent >= 50)?, 100); // it did not wait in between
    /// # worker.join().unwrap().unwrap();
    ///
    /// # Ok::<(), watch::RecvError>(())
    /// ```
    #[track_caller]
    pub fn wait_for(&self, mut condition: impl FnMut(&T) -> bool) -> Result<Ref<'_, T>, RecvError> {
        loop {
            let value = self.borrow_and_update();
            if condition(&value) {
                return Ok(value);
            }
            drop(value);
            if self.await_change(Deadline::NEVER).is_err() {
                return Err(RecvError);
            }
        }
    }

    /// Both watch the same value.
    #[must_use]
    pub fn same_channel(&self, other: &Receiver<T>) -> bool {
        super::is_same(&self.shared, &other.shared)
    }

    fn is_changed(&self) -> bool {
        self.seen.get() != self.shared.version.get()
    }

    /// Waits until there is a change, which stays unseen.
    #[track_caller]
    fn await_change(&self, deadline: Deadline) -> Result<(), RecvTimeoutError> {
        let mut request = WaitRequest::new("changed", WaitReason::WATCH, deadline);
        let mut is_over = false;
        loop {
            if self.is_changed() {
                return Ok(());
            }
            if self.shared.has_no_sender() {
                return Err(RecvTimeoutError::Disconnected);
            }
            if is_over {
                return Err(RecvTimeoutError::Timeout);
            }
            is_over = request.in_list(&self.shared.changes) == WakeReason::TimedOut;
        }
    }
}

impl<T> Clone for Receiver<T> {
    fn clone(&self) -> Receiver<T> {
        Receiver::new(&self.shared, self.seen.get())
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        super::remove(&self.shared.receivers, &self.shared.end);
    }
}

impl<T> Sealed for Receiver<T> {}

/// Ready while there is a change that this receiver has not seen, and when there is no sender left.
impl<T> Waitable for Receiver<T> {
    fn wait_target(&self) -> WaitTarget<'_> {
        WaitTarget {
            ready: self.is_changed() || self.shared.has_no_sender(),
            point: WaitPoint::List(&self.shared.changes),
            reason: WaitReason::WATCH,
        }
    }
}

// A closure that panics leaves the value as it has made it, so it depends on the value.
impl<T: UnwindSafe + RefUnwindSafe> UnwindSafe for Receiver<T> {}
impl<T: UnwindSafe + RefUnwindSafe> RefUnwindSafe for Receiver<T> {}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver")
            .field("has_changed", &self.is_changed())
            .finish_non_exhaustive()
    }
}
