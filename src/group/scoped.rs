//! The handle to a task of a scope.
#![forbid(unsafe_code)]

use std::cell::Cell;
use std::fmt;
use std::ops::Deref;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::rc::Rc;

use super::children::Children;
use crate::error::JoinError;
use crate::greenlet::GreenletExit;
use crate::switch::describe_task;
use crate::task::AnyTask;
use crate::waitable::{Sealed, WaitTarget, Waitable};

/// A handle to a task of a [`scope`](super::scope()): [`std::thread::ScopedJoinHandle`] for tasks.
///
/// Dropping or forgetting it changes nothing: the scope waits for the task.
pub struct ScopedTask<'scope, T> {
    task: AnyTask,
    /// Shared with the body, which puts it there.
    value: Rc<Cell<Option<T>>>,
    children: &'scope Children,
}

impl<'scope, T> ScopedTask<'scope, T> {
    pub(super) fn new(
        task: AnyTask,
        value: Rc<Cell<Option<T>>>,
        children: &'scope Children,
    ) -> ScopedTask<'scope, T> {
        ScopedTask {
            task,
            value,
            children,
        }
    }

    /// Waits until the task has ended, and gives what its body returned.
    ///
    /// Waits; see [where a call may not wait](crate::hub#where-a-call-may-not-wait).
    ///
    /// # Errors
    /// [`JoinError`] if the body panicked or was killed. The scope does not panic for it then.
    ///
    /// # Examples
    /// ```
    /// # std::panic::set_hook(Box::new(|_| {}));
    /// let value = greenhub::scope(|s| {
    ///     let bad = s.spawn(|| panic!("no"));
    ///     let good = s.spawn(|| 7);
    ///     let _: Result<(), _> = bad.join();
    ///     good.join().unwrap()
    /// });
    /// assert_eq!(value, 7);
    /// ```
    #[track_caller]
    pub fn join(self) -> Result<T, JoinError> {
        self.wait();
        // First: a destructor of its locals may have panicked when the value was there.
        if let Some(error) = self.children.take_failure(self.id()) {
            return Err(error);
        }
        self.value.take().ok_or_else(|| self.killed())
    }

    fn killed(&self) -> JoinError {
        let name = describe_task(self.task.record());
        let payload = Box::new(GreenletExit::in_place_of_a_payload());
        JoinError::new(name, self.spawned_at(), true, payload)
    }

    /// A handle that does not know what the task returns, and may outlive the scope: the task has ended by then.
    #[must_use]
    pub fn any(&self) -> AnyTask {
        self.task.clone()
    }
}

impl<T> Deref for ScopedTask<'_, T> {
    type Target = AnyTask;

    fn deref(&self) -> &AnyTask {
        &self.task
    }
}

impl<T> From<&ScopedTask<'_, T>> for AnyTask {
    fn from(task: &ScopedTask<'_, T>) -> AnyTask {
        task.any()
    }
}

impl<T> Sealed for ScopedTask<'_, T> {}

impl<T> Waitable for ScopedTask<'_, T> {
    fn wait_target(&self) -> WaitTarget<'_> {
        self.task.wait_target()
    }
}

// As for `Task`: a panic is kept for `join`.
impl<T> UnwindSafe for ScopedTask<'_, T> {}
impl<T> RefUnwindSafe for ScopedTask<'_, T> {}

impl<T> fmt::Debug for ScopedTask<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.fmt_as("ScopedTask", f)
    }
}
