//! An outcome that is set once, and that any number of greenlets wait for and look at.
#![forbid(unsafe_code)]

use std::cell::OnceCell;
use std::error::Error;
use std::fmt;
use std::time::Duration;

use crate::hub::{Deadline, WaitList, WaitPoint, WaitRequest, must_end};
use crate::waitable::{Sealed, WaitTarget, Waitable};
use crate::waiting::WaitReason;

/// A value or a failure that is set once and read by all waiting greenlets: gevent's `AsyncResult`.
///
/// The outcome stays in the result and is lent to its readers, so that all see the very same one.
///
/// # Examples
/// ```
/// use greenhub::spawn;
/// use greenhub::sync::AsyncResult;
/// use std::rc::Rc;
///
/// let answer: Rc<AsyncResult<u32>> = Rc::new(AsyncResult::new());
/// let readers = [1, 2].map(|_| {
///     let answer = answer.clone();
///     spawn(move || *answer.get().unwrap())
/// });
/// answer.set(42).unwrap();
/// assert_eq!(answer.set(43), Err(43));
/// for reader in readers {
///     assert_eq!(reader.join().unwrap(), 42);
/// }
///
/// let failed: AsyncResult<u32, &str> = AsyncResult::new();
/// failed.fail("out of ink").unwrap();
/// assert_eq!(failed.get(), Err(&"out of ink"));
/// ```
pub struct AsyncResult<T, E = Box<dyn Error>> {
    outcome: OnceCell<Result<T, E>>,
    waiters: WaitList,
}

impl<T, E> AsyncResult<T, E> {
    /// A result without an outcome.
    #[must_use]
    pub const fn new() -> AsyncResult<T, E> {
        AsyncResult {
            outcome: OnceCell::new(),
            waiters: WaitList::new(),
        }
    }

    /// Sets the value, and wakes all waiting greenlets.
    ///
    /// # Errors
    /// `value`, if an outcome was set before.
    pub fn set(&self, value: T) -> Result<(), T> {
        match self.complete(Ok(value)) {
            Err(Ok(value)) => Err(value),
            _ => Ok(()),
        }
    }

    /// Sets a failure, and wakes all waiting greenlets.
    ///
    /// # Errors
    /// `error`, if an outcome was set before.
    pub fn fail(&self, error: E) -> Result<(), E> {
        match self.complete(Err(error)) {
            Err(Err(error)) => Err(error),
            _ => Ok(()),
        }
    }

    /// Sets the value or the failure, and wakes all waiting greenlets.
    ///
    /// # Errors
    /// `outcome`, if one was set before.
    pub fn complete(&self, outcome: Result<T, E>) -> Result<(), Result<T, E>> {
        self.outcome.set(outcome)?;
        if !self.waiters.is_empty() {
            self.waiters.wake_all();
        }
        Ok(())
    }

    /// Waits until the outcome is set, and gives it.
    ///
    /// Waits; see [where a call may not wait](crate::hub#where-a-call-may-not-wait).
    ///
    /// # Errors
    /// The failure, if it is one.
    #[track_caller]
    pub fn get(&self) -> Result<&T, &E> {
        must_end(self.get_until(Deadline::NEVER))
    }

    /// As [`get`](AsyncResult::get), for as long as `limit` at most. `None` if it was not set by then.
    ///
    /// Waits; see [where a call may not wait](crate::hub#where-a-call-may-not-wait).
    #[track_caller]
    pub fn get_timeout(&self, limit: Duration) -> Option<Result<&T, &E>> {
        self.get_until(Deadline::after(limit))
    }

    /// The outcome, if it was set. Never waits.
    #[inline]
    pub fn try_get(&self) -> Option<Result<&T, &E>> {
        self.outcome.get().map(Result::as_ref)
    }

    /// The outcome was set.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.outcome.get().is_some()
    }

    /// The outcome, if it was set.
    pub fn into_inner(self) -> Option<Result<T, E>> {
        self.outcome.into_inner()
    }

    #[track_caller]
    fn get_until(&self, deadline: Deadline) -> Option<Result<&T, &E>> {
        if !self.is_ready() {
            let mut request = WaitRequest::new("get", WaitReason::ASYNC_RESULT, deadline);
            request.in_list(&self.waiters);
        }
        self.try_get()
    }
}

impl<T, E> Default for AsyncResult<T, E> {
    fn default() -> AsyncResult<T, E> {
        AsyncResult::new()
    }
}

impl<T, E> Sealed for AsyncResult<T, E> {}

/// Ready when the outcome is set.
impl<T, E> Waitable for AsyncResult<T, E> {
    fn wait_target(&self) -> WaitTarget<'_> {
        WaitTarget {
            ready: self.is_ready(),
            point: WaitPoint::List(&self.waiters),
            reason: WaitReason::ASYNC_RESULT,
        }
    }
}

impl<T: fmt::Debug, E: fmt::Debug> fmt::Debug for AsyncResult<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_tuple("AsyncResult");
        match self.outcome.get() {
            Some(outcome) => shown.field(outcome),
            None => shown.field(&format_args!("<not set>")),
        };
        shown.finish()
    }
}
