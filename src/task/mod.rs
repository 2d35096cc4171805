//! Tasks: greenlets that the hub runs, and that others join.
//!
//! A task is spawned with a body that takes nothing. It runs when its turn comes, its outcome is kept for
//! whoever joins it, and a panic stays there, too. Dropping the [`Task`] lets it run on by itself.
//!
//! | state | the task | asyncio | gevent |
//! |---|---|---|---|
//! | [`Pending`](State::Pending) | was not started yet | pending | not started |
//! | [`Running`](State::Running) | is the one that runs | running | started |
//! | [`Suspended`](State::Suspended) | waits, or is ready to go on | running | started |
//! | [`Done`](State::Done) | has returned or panicked | done | ready, successful or not |
//! | [`Cancelled`](State::Cancelled) | was killed | cancelled | ready, with `GreenletExit` |

mod any;
mod builder;
mod callback;
mod hub_handle;
mod join_all;
pub(crate) mod kill;
mod park;
mod record;
mod sleep;
mod spawn;
pub(crate) mod unobserved;

use std::fmt;
use std::panic::{Location, RefUnwindSafe, UnwindSafe};
use std::time::Duration;

pub use self::any::{AnyTask, State, all, current};
pub use self::builder::Builder;
pub use self::callback::Callback;
pub use self::hub_handle::HubHandle;
pub use self::join_all::{gather, joinall, joinall_timeout, killall, try_gather, try_joinall};
pub use self::kill::shield;
pub use self::park::{park, park_timeout};
use self::record::{TaskData, report};
pub use self::sleep::{sleep, sleep_until, yield_now};
pub use self::spawn::{spawn, spawn_later, try_spawn};
pub use self::unobserved::{UnobservedHook, set_unobserved_hook};
use crate::error::JoinError;
use crate::hub::refuse;
use crate::switch::counted::RecordRef;
use crate::waiting::WaitReason;

/// A handle to a spawned task: to wait for it, and to get what came out of it.
///
/// Dropping it detaches the task, which runs on.
///
/// # Examples
/// ```
/// let task = greenhub::spawn(|| 6 * 7);
/// assert_eq!(task.join().unwrap(), 42);
/// ```
///
/// A task stays on its thread, so it may hold what is not `Send`; its handle stays, too:
/// ```compile_fail,E0277
/// let task = greenhub::spawn(|| 1);
/// std::thread::spawn(move || task.join());
/// ```
pub struct Task<T> {
    record: RecordRef<TaskData<T>>,
}

impl<T> Task<T> {
    #[inline(always)]
    fn of(record: RecordRef<TaskData<T>>) -> Task<T> {
        Task { record }
    }

    /// Waits until the task has ended, and gives what its body returned.
    ///
    /// # Errors
    /// [`JoinError`] if the body panicked or was killed.
    ///
    /// # Panics
    /// If it has to wait, as [`wait`](Task::wait) does. The handle goes with the panic, and the task runs on, detached.
    ///
    /// # Aborts
    /// If it had to wait while a panic unwinds the running greenlet.
    #[inline(always)]
    #[track_caller]
    pub fn join(self) -> Result<T, JoinError> {
        self.wait();
        match self.record.trailer.outcome.take() {
            Some(outcome) => outcome.map_err(|error| *error),
            None => unreachable!("only join takes the outcome, and it takes the handle"),
        }
    }

    /// What the body came to, if it has ended: [`join`](Task::join) without the wait.
    ///
    /// # Errors
    /// The handle, if the task has not ended.
    ///
    /// # Examples
    /// ```
    /// let task = greenhub::spawn(|| 7);
    /// let task = task.try_join().expect_err("it did not run yet");
    /// greenhub::yield_now();
    /// assert_eq!(task.try_join().unwrap().unwrap(), 7);
    /// ```
    pub fn try_join(self) -> Result<Result<T, JoinError>, Task<T>> {
        if !self.is_finished() {
            return Err(self);
        }
        match self.record.trailer.outcome.take() {
            Some(outcome) => Ok(outcome.map_err(|error| *error)),
            None => Err(self),
        }
    }

    /// Waits until the task has ended, and leaves its outcome for [`join`](Task::join).
    ///
    /// # Panics
    /// - In the main greenlet, if nothing can ever wake anybody any more: with a list of who waits for what.
    /// - Where the wait is [ended early](crate::hub#what-may-end-a-wait-early).
    /// - Inside [`no_switch`](crate::switch::no_switch), if it has to wait.
    ///
    /// # Aborts
    /// If it had to wait while a panic unwinds the running greenlet.
    #[inline(always)]
    #[track_caller]
    pub fn wait(&self) {
        let head = &self.record.trailer.head;
        if !head.is_over() {
            let reason = WaitReason::join(self.id());
            if let Err(why) = head.joiners.wait(reason, Location::caller()) {
                refuse(why, "join", Location::caller());
            }
        }
    }

    /// Waits until the task has ended, for as long as `limit` at most. False if it has not ended by then: it runs on.
    ///
    /// # Panics
    /// As [`wait`](Task::wait).
    ///
    /// # Aborts
    /// As [`wait`](Task::wait).
    #[track_caller]
    pub fn wait_timeout(&self, limit: Duration) -> bool {
        let head = &self.record.trailer.head;
        let reason = WaitReason::join(self.id());
        head.is_over() || head.wait_for(reason, Location::caller(), limit)
    }

    /// The task has ended: `join` would not wait.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.record.trailer.head.is_over()
    }

    /// A number that no other greenlet of this process has or will have.
    #[must_use]
    pub fn id(&self) -> u64 {
        self.record.any().id()
    }

    /// The name it was given with [`Builder::name`], if any.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.record.any().name()
    }
}

impl<T> Drop for Task<T> {
    #[inline]
    fn drop(&mut self) {
        let job = &self.record.trailer;
        job.head.detached.set(true);
        // Before its end the task drops its value itself.
        if job.head.is_over()
            && let Some(outcome) = job.outcome.take()
        {
            report(&outcome);
        }
    }
}

// A task that panicked keeps the panic for its join: nothing half changed can be seen through the handle.
impl<T> UnwindSafe for Task<T> {}
impl<T> RefUnwindSafe for Task<T> {}

impl<T> fmt::Debug for Task<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("Task");
        out.field("id", &self.id());
        if let Some(name) = self.name() {
            out.field("name", &name);
        }
        out.field("finished", &self.is_finished())
            .finish_non_exhaustive()
    }
}
