//! Tasks: greenlets that the hub runs, and that others join.
//!
//! A task is spawned with a body without arguments. It runs when its turn comes, and its outcome, a value or a panic, is kept for
//! [`join`](Task::join). A dropped [`Task`] leaves the task running.
//!
//! | state | the task | asyncio | gevent |
//! |---|---|---|---|
//! | [`Pending`](State::Pending) | was not started yet | pending | not started |
//! | [`Running`](State::Running) | is the one that runs | running | started |
//! | [`Suspended`](State::Suspended) | waits, or is ready to resume | running | started |
//! | [`Done`](State::Done) | has returned or panicked | done | ready, successful or not |
//! | [`Cancelled`](State::Cancelled) | was killed | cancelled | ready, with `GreenletExit` |

mod any;
mod builder;
mod hub_handle;
mod join_all;
mod record;
pub(crate) mod shield;
mod sleep;
mod spawn;
pub(crate) mod unobserved;

use std::fmt;
use std::ops::Deref;
use std::panic::{RefUnwindSafe, UnwindSafe};

pub use self::any::{AnyTask, State, all, current};
pub use self::builder::Builder;
pub use self::hub_handle::HubHandle;
pub use self::join_all::{gather, joinall, joinall_timeout, killall, try_gather, try_joinall};
use self::record::{CallbackFn, TaskData, report};
pub use self::shield::shield;
pub use self::sleep::{park, park_timeout, sleep, sleep_until, yield_now};
pub use self::spawn::{spawn, spawn_later, try_spawn};
pub use self::unobserved::{UnobservedHook, set_unobserved_hook};
use crate::error::JoinError;
use crate::hub::Deadline;
use crate::switch::counted::RecordRef;
use crate::waitable::{Sealed, WaitTarget, Waitable};
pub use crate::waiting::WaitInfo;
use crate::waiting::WaitReason;

/// A handle to a spawned task: to wait for it, and to get what came out of it.
///
/// Dropping it detaches the task, which runs on. What its body returns is lost then, also an `Err`;
/// [`detach_with`](Task::detach_with) has errors handled. A panic is reported: see [`set_unobserved_hook`].
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

    /// Waits until the task has ended, and returns what its body returned.
    ///
    /// Waits; see [where a call may not wait](crate::hub#where-a-call-may-not-wait).
    ///
    /// # Errors
    /// [`JoinError`] if the body panicked or was killed.
    ///
    /// # Panics
    /// As [`wait`](AnyTask::wait) does. The handle is dropped with that panic, and the task runs on, detached.
    #[inline(always)]
    #[track_caller]
    pub fn join(self) -> Result<T, JoinError> {
        let head = &self.record.trailer.head;
        head.wait(
            "join",
            WaitReason::join(self.record.any().id()),
            Deadline::NEVER,
        );
        match self.record.trailer.outcome.take() {
            Some(outcome) => outcome.map_err(|error| *error),
            None => unreachable!("only join takes the outcome, and it takes the handle"),
        }
    }

    /// Returns the outcome, if the task has ended: [`join`](Task::join) without the wait.
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

    /// Drops the handle, and says by its name that this is meant: the task runs on, and what it returns is dropped.
    ///
    /// A panic of the task is reported: see [`set_unobserved_hook`]. Of a body that may fail, [`detach_with`](Task::detach_with)
    /// has the error handled.
    ///
    /// # Examples
    /// ```
    /// greenhub::spawn(|| println!("nothing to wait for")).detach();
    /// # greenhub::yield_now();
    /// ```
    pub fn detach(self) {}

    /// A handle without the type of the outcome.
    #[must_use]
    pub fn any(&self) -> AnyTask {
        AnyTask::clone(self)
    }

    /// The task has ended without a value, by a panic or a kill.
    fn has_failed(&self) -> bool {
        self.record.trailer.head.has_failed()
    }
}

/// Callbacks run as the last part of the task, on its own stack, in the order in which they were added; then the greenlets
/// that have joined the task resume. A callback that panics does not keep the others from being called. A callback that is
/// added when the task has ended runs before the call that adds it returns, and a kill or a timeout that ends a wait in it
/// continues there. A callback should not wait for long, and must not join the task itself.
impl<T: 'static> Task<T> {
    /// Has `call` called when the task has ended, in whatever way.
    ///
    /// # Examples
    /// ```
    /// let task = greenhub::spawn(|| 7);
    /// let _ = task.on_done(|task| println!("{task:?} has ended"));
    /// task.wait();
    /// ```
    pub fn on_done(&self, call: impl FnOnce(&AnyTask) + 'static) -> Callback<T> {
        let weak = self.record.any().to_weak();
        self.add(CallbackFn::Done(Box::new(move || {
            if let Some(task) = weak.upgrade() {
                call(&AnyTask::of(task));
            }
        })))
    }

    /// Has `call` called with the value that the body returns. Not called if it panics or is killed.
    pub fn on_value(&self, call: impl FnOnce(&T) + 'static) -> Callback<T> {
        self.add(CallbackFn::Value(Box::new(call)))
    }

    /// Has `call` called with the error if the body panics or is killed. That error is not reported as unobserved.
    pub fn on_failure(&self, call: impl FnOnce(&JoinError) + 'static) -> Callback<T> {
        self.add(CallbackFn::Failure(Box::new(call)))
    }

    fn add(&self, callback: CallbackFn<T>) -> Callback<T> {
        let job = &self.record.trailer;
        let number = if job.head.is_over() {
            job.call_late(callback)
        } else {
            job.add_callback(callback)
        };
        Callback {
            record: self.record.clone(),
            number,
        }
    }
}

impl<T: 'static, E: 'static> Task<Result<T, E>> {
    /// Drops the handle, and has `call` called with the error if the body returns one. The call is a
    /// [callback](Task::on_value): the last part of the task, on its own stack.
    ///
    /// A panic of the task is reported: see [`set_unobserved_hook`].
    ///
    /// # Examples
    /// ```
    /// use greenhub::{spawn, yield_now};
    ///
    /// spawn(|| "12a".parse::<u32>()).detach_with(|error| eprintln!("no number: {error}"));
    /// yield_now();
    /// ```
    ///
    /// # Panics
    /// If the task has ended, and `call` waits: with the kill or the timeout that ends this wait.
    pub fn detach_with(self, call: impl FnOnce(&E) + 'static) {
        let _ = self.on_value(move |outcome| {
            if let Err(error) = outcome {
                call(error);
            }
        });
    }
}

/// A callback that was added to a task; it can be taken back with this. Dropping this leaves the callback there.
#[must_use = "dropping it changes nothing; `let _ =` says that it is meant to stay"]
pub struct Callback<T: 'static> {
    record: RecordRef<TaskData<T>>,
    number: u64,
}

impl<T: 'static> Callback<T> {
    /// Takes the callback back, and drops it. False if it was called before, or is being called.
    pub fn remove(self) -> bool {
        self.record.trailer.remove_callback(self.number).is_some()
    }
}

impl<T: 'static> fmt::Debug for Callback<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Callback").finish_non_exhaustive()
    }
}

impl<T> Deref for Task<T> {
    type Target = AnyTask;

    #[inline(always)]
    fn deref(&self) -> &AnyTask {
        AnyTask::of_ref(&self.record)
    }
}

impl<T> From<&Task<T>> for AnyTask {
    fn from(task: &Task<T>) -> AnyTask {
        task.any()
    }
}

impl<T> Sealed for Task<T> {}

impl<T> Waitable for Task<T> {
    fn wait_target(&self) -> WaitTarget<'_> {
        AnyTask::of_ref(&self.record).wait_target()
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
        self.fmt_as("Task", f)
    }
}
