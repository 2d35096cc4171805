//! An outcome that any thread sets once, and that greenlets and threads wait for and look at.
#![forbid(unsafe_code)]

use std::error::Error;
use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use super::blocker::{BlockedWaker, Limit};
use super::event;
use super::flag::Flag;
use super::monitor::Monitor;
use crate::hub::must_end;
use crate::waiting::WaitReason;

/// A value or a failure that is set once and read by waiting greenlets and threads: [`sync::AsyncResult`](crate::sync) is
/// the one of one thread.
///
/// The outcome stays in the result and is lent to its readers.
///
/// # Examples
/// ```
/// use greenhub::spawn;
/// use greenhub::sync::shared::AsyncResult;
/// use std::sync::Arc;
/// use std::thread;
///
/// let answer: Arc<AsyncResult<u32>> = Arc::new(AsyncResult::new());
/// let reader = spawn({
///     let answer = answer.clone();
///     move || *answer.get().unwrap()
/// });
/// thread::spawn(move || answer.set(42).unwrap());
/// assert_eq!(reader.join().unwrap(), 42);
/// ```
pub struct AsyncResult<T, E = Box<dyn Error + Send + Sync>> {
    outcome: OnceLock<Result<T, E>>,
    /// Set when the outcome is there.
    monitor: Arc<Monitor<Flag<BlockedWaker>>>,
}

impl<T, E> AsyncResult<T, E> {
    /// A result without an outcome.
    #[must_use]
    pub fn new() -> AsyncResult<T, E> {
        AsyncResult {
            outcome: OnceLock::new(),
            monitor: Arc::new(Monitor::new(Flag::new())),
        }
    }

    /// Sets the value, and ends all waits for it.
    ///
    /// # Errors
    /// `value`, if an outcome was set before.
    pub fn set(&self, value: T) -> Result<(), T> {
        match self.complete(Ok(value)) {
            Err(Ok(value)) => Err(value),
            _ => Ok(()),
        }
    }

    /// Sets a failure, and ends all waits for it.
    ///
    /// # Errors
    /// `error`, if an outcome was set before.
    pub fn fail(&self, error: E) -> Result<(), E> {
        match self.complete(Err(error)) {
            Err(Err(error)) => Err(error),
            _ => Ok(()),
        }
    }

    /// Sets the value or the failure, and ends all waits for it.
    ///
    /// # Errors
    /// `outcome`, if one was set before.
    pub fn complete(&self, outcome: Result<T, E>) -> Result<(), Result<T, E>> {
        self.outcome.set(outcome)?;
        self.monitor.with(Flag::set);
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
        must_end(self.get_within(Limit::None))
    }

    /// As [`get`](AsyncResult::get), for as long as `limit` at most. `None` if it was not set by then.
    ///
    /// Waits; see [where a call may not wait](crate::hub#where-a-call-may-not-wait).
    #[track_caller]
    pub fn get_timeout(&self, limit: Duration) -> Option<Result<&T, &E>> {
        self.get_within(Limit::After(limit))
    }

    /// The outcome, if it was set. Never waits.
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
    fn get_within(&self, limit: Limit) -> Option<Result<&T, &E>> {
        if !self.is_ready() {
            event::wait(&self.monitor, limit, WaitReason::SHARED_RESULT);
        }
        self.try_get()
    }
}

impl<T, E> Default for AsyncResult<T, E> {
    fn default() -> AsyncResult<T, E> {
        AsyncResult::new()
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
