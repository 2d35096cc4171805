//! The handle to a task of a scope.
#![forbid(unsafe_code)]

use std::cell::Cell;
use std::fmt;
use std::panic::{Location, RefUnwindSafe, UnwindSafe};
use std::rc::Rc;
use std::time::Duration;

use super::children::Children;
use crate::error::{JoinError, KillError};
use crate::greenlet::GreenletExit;
use crate::switch::describe_task;
use crate::task::{AnyTask, State};
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
    /// # Errors
    /// [`JoinError`] if the body panicked or was killed. The scope does not panic for it then.
    ///
    /// # Panics
    /// As [`Task::join`](crate::Task::join).
    ///
    /// # Aborts
    /// As [`Task::join`](crate::Task::join).
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
        // First, for a destructor of its locals may have panicked when the value was there.
        if let Some(error) = self.children.take_failure(self.id()) {
            return Err(error);
        }
        self.value.take().ok_or_else(|| self.killed())
    }

    fn killed(&self) -> JoinError {
        let who = describe_task(self.task.record());
        let payload = Box::new(GreenletExit::in_place_of_a_payload());
        JoinError::new(who, self.spawned_at(), true, payload)
    }

    /// Waits until the task has ended, and leaves its outcome for [`join`](ScopedTask::join).
    ///
    /// # Panics
    /// As [`Task::join`](crate::Task::join).
    ///
    /// # Aborts
    /// As [`Task::join`](crate::Task::join).
    #[track_caller]
    pub fn wait(&self) {
        self.task.wait();
    }

    /// Waits until the task has ended, for as long as `limit` at most. False if it has not ended by then.
    ///
    /// # Panics
    /// As [`Task::join`](crate::Task::join).
    ///
    /// # Aborts
    /// As [`Task::join`](crate::Task::join).
    #[track_caller]
    pub fn wait_timeout(&self, limit: Duration) -> bool {
        self.task.wait_timeout(limit)
    }

    /// Kills the task, and waits until it has ended: see [`Task::kill`](crate::Task::kill).
    ///
    /// # Panics
    /// As there.
    ///
    /// # Aborts
    /// As there.
    #[track_caller]
    pub fn kill(&self) {
        self.task.kill();
    }

    /// Kills the task, and waits for its end no longer than `limit`: see
    /// [`Task::kill_timeout`](crate::Task::kill_timeout).
    ///
    /// # Panics
    /// As there.
    ///
    /// # Aborts
    /// As there.
    #[track_caller]
    pub fn kill_timeout(&self, limit: Duration) -> bool {
        self.task.kill_timeout(limit)
    }

    /// Kills the task without waiting for its end: it unwinds when its turn comes.
    ///
    /// # Panics
    /// If it was started and the program is built with `panic=abort`.
    #[track_caller]
    pub fn kill_nowait(&self) {
        self.task.kill_nowait();
    }

    /// As [`kill_nowait`](ScopedTask::kill_nowait), where it may fail.
    ///
    /// # Errors
    /// As [`Task::try_kill`](crate::Task::try_kill).
    pub fn try_kill(&self) -> Result<(), KillError> {
        self.task.try_kill()
    }

    /// A handle that does not know what the task returns, and may outlive the scope: the task has ended by then.
    #[must_use]
    pub fn any(&self) -> AnyTask {
        self.task.clone()
    }

    /// The task has ended: `join` would not wait.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.task.is_finished()
    }

    /// Where it stands. One that has panicked is [`Done`](State::Done).
    #[must_use]
    pub fn state(&self) -> State {
        self.task.state()
    }

    /// A number that no other greenlet of this process has or will have.
    #[must_use]
    pub fn id(&self) -> u64 {
        self.task.id()
    }

    /// The name it was given, if any.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.task.name()
    }

    /// The line that has spawned it.
    #[must_use]
    pub fn spawned_at(&self) -> &'static Location<'static> {
        self.task.spawned_at()
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

// As for `Task`: a panic is kept for whoever asks.
impl<T> UnwindSafe for ScopedTask<'_, T> {}
impl<T> RefUnwindSafe for ScopedTask<'_, T> {}

impl<T> fmt::Debug for ScopedTask<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("ScopedTask");
        out.field("id", &self.id());
        if let Some(name) = self.name() {
            out.field("name", &name);
        }
        out.field("finished", &self.is_finished())
            .finish_non_exhaustive()
    }
}
