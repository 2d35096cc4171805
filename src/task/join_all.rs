//! Waiting for many tasks, taking what came out of them, and killing them.
#![forbid(unsafe_code)]

use std::time::Duration;

use super::{AnyTask, Task};
use crate::dropping::DropsAll;
use crate::error::JoinError;
use crate::hub::Deadline;
use crate::waitable::{Waitable, iwait, wait_for};

/// Waits until all of `things` are ready: tasks, or whatever else can be waited for. The outcomes of tasks stay for
/// [`Task::join`].
///
/// Waits; see [where a call may not wait](crate::hub#where-a-call-may-not-wait).
///
/// # Examples
/// ```
/// use greenhub::{joinall, spawn};
///
/// let tasks: Vec<_> = (0..3).map(|n| spawn(move || n * n)).collect();
/// joinall(&tasks);
/// let squares: Vec<i32> = tasks.into_iter().map(|task| task.join().unwrap()).collect();
/// assert_eq!(squares, [0, 1, 4]);
/// ```
#[track_caller]
pub fn joinall<W: Waitable>(things: impl IntoIterator<Item = W>) {
    for thing in things {
        wait_for(&thing, "join", Deadline::NEVER);
    }
}

/// Waits until all of `things` are ready or `limit` has passed. False if some of them are not ready by then.
///
/// Waits; see [where a call may not wait](crate::hub#where-a-call-may-not-wait).
#[track_caller]
pub fn joinall_timeout<W: Waitable>(things: impl IntoIterator<Item = W>, limit: Duration) -> bool {
    let deadline = Deadline::after(limit);
    for thing in things {
        if !wait_for(&thing, "join", deadline) {
            return false;
        }
    }
    true
}

/// Waits until all of `tasks` have returned, or the first of them has failed.
///
/// Waits; see [where a call may not wait](crate::hub#where-a-call-may-not-wait).
///
/// # Errors
/// The task that was the first to panic or to be killed. The others run on.
///
/// # Examples
/// ```
/// use greenhub::{sleep, spawn, task::try_joinall};
/// use std::time::Duration;
///
/// # std::panic::set_hook(Box::new(|_| {}));
/// let slow = spawn(|| sleep(Duration::from_secs(600)));
/// let bad = spawn(|| panic!("no"));
/// let first = try_joinall([&slow, &bad]).unwrap_err();
/// assert_eq!(first.id(), bad.id());
/// # slow.kill();
/// # drop(bad.join());
/// ```
#[track_caller]
pub fn try_joinall<'a, T: 'static>(
    tasks: impl IntoIterator<Item = &'a Task<T>>,
) -> Result<(), &'a Task<T>> {
    for task in iwait(tasks) {
        if task.has_failed() {
            return Err(task);
        }
    }
    Ok(())
}

/// Waits until all of `tasks` have ended, and gives their outcomes in the order of the tasks. A failure is an outcome
/// like any other: asyncio's `gather` with `return_exceptions`.
///
/// Waits; see [where a call may not wait](crate::hub#where-a-call-may-not-wait).
///
/// # Examples
/// ```
/// use greenhub::{spawn, task::gather};
///
/// let tasks = [1, 2, 3].map(|n| spawn(move || n * n));
/// let squares: Vec<i32> = gather(tasks).into_iter().map(Result::unwrap).collect();
/// assert_eq!(squares, [1, 4, 9]);
/// ```
#[track_caller]
pub fn gather<T: 'static>(tasks: impl IntoIterator<Item = Task<T>>) -> Vec<Result<T, JoinError>> {
    let tasks = tasks.into_iter().collect::<DropsAll<Vec<_>>>();
    joinall(tasks.iter());
    tasks.into_inner().into_iter().map(Task::join).collect()
}

/// Waits until all of `tasks` have returned, and gives their values in the order of the tasks.
///
/// Waits; see [where a call may not wait](crate::hub#where-a-call-may-not-wait).
///
/// # Errors
/// What the first of them that failed has failed with, at once. The others run on, detached.
///
/// # Examples
/// ```
/// use greenhub::{sleep, spawn, task::try_gather};
/// use std::time::Duration;
///
/// let tasks = [1, 2].map(|n| spawn(move || n * n));
/// assert_eq!(try_gather(tasks).unwrap(), [1, 4]);
/// ```
#[track_caller]
pub fn try_gather<T: 'static>(
    tasks: impl IntoIterator<Item = Task<T>>,
) -> Result<Vec<T>, JoinError> {
    let mut tasks = tasks.into_iter().collect::<DropsAll<Vec<_>>>();
    let failed = try_joinall(tasks.iter()).err().map(|task| task.id());
    if let Some(id) = failed
        && let Some(place) = tasks.iter().position(|task| task.id() == id)
    {
        let Err(error) = tasks.swap_remove(place).join() else {
            unreachable!("it has failed")
        };
        // Where values panic when they are dropped, an error that was returned already would be leaked.
        drop(tasks);
        return Err(error);
    }
    tasks.into_inner().into_iter().map(Task::join).collect()
}

/// Kills all of `tasks`, in their order, and waits until all have ended: see [`AnyTask::kill`]. The running task, if it is
/// among them, kills itself when the others have ended.
///
/// Waits; see [where a call may not wait](crate::hub#where-a-call-may-not-wait).
///
/// # Examples
/// ```
/// use greenhub::{sleep, spawn, task};
/// use std::time::Duration;
///
/// let tasks = [0; 3].map(|_| spawn(|| sleep(Duration::from_secs(600))));
/// task::killall(&tasks);
/// assert!(tasks.into_iter().all(|task| task.join().unwrap_err().is_killed()));
/// ```
#[track_caller]
pub fn killall<A: Into<AnyTask>>(tasks: impl IntoIterator<Item = A>) {
    let tasks: Vec<AnyTask> = tasks.into_iter().map(Into::into).collect();
    let me = super::current();
    let (own, others): (Vec<_>, Vec<_>) = tasks.iter().partition(|task| Some(*task) == me.as_ref());
    for task in &others {
        task.kill_nowait();
    }
    joinall(others);
    if let Some(own) = own.first() {
        own.kill_nowait();
    }
}
