//! A handle to a task of which one does not know what it returns: to list tasks, wait for them and kill them.

use std::fmt;
use std::panic::Location;
use std::time::Duration;

use super::Task;
use super::record::{Completion, TaskHeader};
use crate::hub::{self, WaitPoint, refuse};
use crate::switch::counted::AnyRef;
use crate::switch::thread;
use crate::waitable::{Sealed, WaitTarget, Waitable};
use crate::waiting::WaitReason;

/// Where a task stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum State {
    /// It was not started yet.
    Pending,
    /// It is the one that runs.
    Running,
    /// It waits, or is ready to go on.
    Suspended,
    /// Its body has returned or panicked.
    Done,
    /// It was killed.
    Cancelled,
}

/// A handle to a task, whatever it returns. It tells all that a [`Task`] tells, but has no outcome.
///
/// # Examples
/// ```
/// use greenhub::{spawn, task};
///
/// let mine = spawn(|| 7);
/// let names: Vec<_> = task::all().iter().map(|task| task.id()).collect();
/// assert_eq!(names, [mine.id()]);
/// ```
#[derive(Clone)]
pub struct AnyTask {
    /// A task's record: its owner's half begins with a `Head`.
    record: AnyRef,
}

/// The tasks of this thread's hub that have not ended, in the order in which they were spawned.
#[must_use]
pub fn all() -> Vec<AnyTask> {
    let mut tasks = Vec::new();
    if let Some(hub) = hub::current() {
        hub.tasks()
            .for_each(|task| tasks.push(AnyTask::of(task.clone())));
    }
    tasks
}

/// The running task; `None` in a main greenlet, and in one that was not spawned.
#[must_use]
pub fn current() -> Option<AnyTask> {
    let me = thread::current();
    me.is_task().then(|| AnyTask::of(me.to_ref()))
}

impl AnyTask {
    /// Of a task's record.
    pub(super) fn of(record: AnyRef) -> AnyTask {
        assert!(record.is_task());
        AnyTask { record }
    }

    pub(crate) fn record(&self) -> &AnyRef {
        &self.record
    }

    pub(crate) fn head(&self) -> &TaskHeader {
        // SAFETY: a task's record, which `self` keeps there, and whose owner's half is a job, which begins with this.
        unsafe { &*self.record.trailer().cast::<TaskHeader>() }
    }

    /// Waits until the task has ended.
    ///
    /// # Panics
    /// As [`Task::wait`].
    ///
    /// # Aborts
    /// As [`Task::wait`].
    #[track_caller]
    pub fn wait(&self) {
        if !self.is_finished() {
            let reason = WaitReason::join(self.id());
            if let Err(why) = self.head().joiners.wait(reason, Location::caller()) {
                refuse(why, "join", Location::caller());
            }
        }
    }

    /// Waits until the task has ended, for as long as `limit` at most. False if it has not ended by then.
    ///
    /// # Panics
    /// As [`Task::wait`].
    ///
    /// # Aborts
    /// As [`Task::wait`].
    #[track_caller]
    pub fn wait_timeout(&self, limit: Duration) -> bool {
        let reason = WaitReason::join(self.id());
        self.is_finished() || self.head().wait_for(reason, Location::caller(), limit)
    }

    /// The task has ended.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.head().is_over()
    }

    /// Where it stands.
    #[must_use]
    pub fn state(&self) -> State {
        match self.head().stand.get() {
            Completion::Done | Completion::Panicked => State::Done,
            Completion::Cancelled => State::Cancelled,
            Completion::Open if !self.record.was_started() => State::Pending,
            Completion::Open if self.record.as_ptr() == thread::current().as_ptr() => {
                State::Running
            }
            Completion::Open => State::Suspended,
        }
    }

    /// A number that no other greenlet of this process has or will have.
    #[must_use]
    pub fn id(&self) -> u64 {
        self.record.id()
    }

    /// The name it was given, if any.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.record.name()
    }

    /// The line that has spawned it.
    #[must_use]
    pub fn spawned_at(&self) -> &'static Location<'static> {
        self.record.made_at()
    }

    /// The id of the greenlet that has spawned it: of a task, or of main.
    #[must_use]
    pub fn parent_id(&self) -> u64 {
        self.head().parent
    }
}

impl<T> Task<T> {
    /// A handle that does not know what the task returns.
    #[must_use]
    pub fn any(&self) -> AnyTask {
        AnyTask::of(self.record.any().clone())
    }

    /// Where it stands.
    #[must_use]
    pub fn state(&self) -> State {
        self.any().state()
    }

    /// It has ended without a value, by a panic or a kill.
    pub(super) fn has_failed(&self) -> bool {
        self.record.trailer.head.has_failed()
    }

    /// The line that has spawned it.
    #[must_use]
    pub fn spawned_at(&self) -> &'static Location<'static> {
        self.record.any().made_at()
    }

    /// The id of the greenlet that has spawned it: of a task, or of main.
    #[must_use]
    pub fn parent_id(&self) -> u64 {
        self.record.trailer.head.parent
    }
}

impl<T> From<&Task<T>> for AnyTask {
    fn from(task: &Task<T>) -> AnyTask {
        task.any()
    }
}

impl From<&AnyTask> for AnyTask {
    fn from(task: &AnyTask) -> AnyTask {
        task.clone()
    }
}

impl Sealed for AnyTask {}

impl Waitable for AnyTask {
    fn wait_target(&self) -> WaitTarget<'_> {
        WaitTarget {
            ready: self.is_finished(),
            point: WaitPoint::List(&self.head().joiners),
            reason: WaitReason::join(self.id()),
        }
    }
}

impl<T> Sealed for Task<T> {}

impl<T> Waitable for Task<T> {
    fn wait_target(&self) -> WaitTarget<'_> {
        WaitTarget {
            ready: self.is_finished(),
            point: WaitPoint::List(&self.record.trailer.head.joiners),
            reason: WaitReason::join(self.id()),
        }
    }
}

impl PartialEq for AnyTask {
    fn eq(&self, other: &AnyTask) -> bool {
        self.id() == other.id()
    }
}

impl Eq for AnyTask {}

impl fmt::Debug for AnyTask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("AnyTask");
        out.field("id", &self.id());
        if let Some(name) = self.name() {
            out.field("name", &name);
        }
        out.field("state", &self.state()).finish()
    }
}
