//! A handle to a task without the type of its outcome: to list tasks, wait for them and kill them.

use std::fmt;
use std::panic::Location;
use std::ptr;
use std::time::Duration;

use super::record::{Completion, TaskData, TaskHeader};
use crate::error::KillError;
use crate::hub::{self, Deadline, WaitPoint};
use crate::switch::counted::{AnyRef, RecordRef};
use crate::switch::{describe, thread};
use crate::waitable::{Sealed, WaitTarget, Waitable};
use crate::waiting::{WaitInfo, WaitReason};

/// The state of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum State {
    /// The task was not started yet.
    Pending,
    /// The task is the one that runs.
    Running,
    /// The task waits, or is ready to resume.
    Suspended,
    /// The task's body has returned or panicked.
    Done,
    /// The task was killed.
    Cancelled,
}

/// A handle to a task without the type of its outcome. A [`Task`](crate::Task) derefs to it.
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
#[repr(transparent)]
pub struct AnyTask {
    /// A task's record: its owner's half begins with a `TaskHeader`.
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

    /// The same of a reference to one.
    #[inline(always)]
    pub(super) fn of_ref<T>(record: &RecordRef<TaskData<T>>) -> &AnyTask {
        // SAFETY: the record is a task's, and `AnyTask` is transparent over the pointer.
        unsafe { &*ptr::from_ref(record.any()).cast::<AnyTask>() }
    }

    pub(crate) fn record(&self) -> &AnyRef {
        &self.record
    }

    pub(crate) fn head(&self) -> &TaskHeader {
        // SAFETY: a task's record, which `self` keeps there, begins its owner's half with a `TaskHeader`.
        unsafe { &*self.record.trailer().cast::<TaskHeader>() }
    }

    /// Waits until the task has ended, and leaves its outcome for [`join`](crate::Task::join).
    ///
    /// Waits; see [where a call may not wait](crate::hub#where-a-call-may-not-wait).
    ///
    /// # Panics
    /// - In the main greenlet, if no wait of this hub can ever end: the message lists all of them.
    /// - Where the wait is [ended early](crate::hub#what-may-end-a-wait-early).
    #[track_caller]
    pub fn wait(&self) {
        let reason = WaitReason::join(self.id());
        self.head().wait("join", reason, Deadline::NEVER);
    }

    /// As [`wait`](AnyTask::wait), no longer than `limit`. False if the task has not ended by then; it runs on.
    #[track_caller]
    pub fn wait_timeout(&self, limit: Duration) -> bool {
        let reason = WaitReason::join(self.id());
        self.is_finished() || self.head().wait("join", reason, Deadline::after(limit))
    }

    /// The task has ended.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.head().is_over()
    }

    /// The task's current state.
    #[must_use]
    pub fn state(&self) -> State {
        match self.head().completion.get() {
            Completion::Done | Completion::Panicked => State::Done,
            Completion::Cancelled => State::Cancelled,
            Completion::Open if !self.record.was_started() => State::Pending,
            Completion::Open if self.record.as_ptr() == thread::current().as_ptr() => {
                State::Running
            }
            Completion::Open => State::Suspended,
        }
    }

    /// What the task waits for, and since which source line. `None` if it runs or is ready to, was not started, or has ended:
    /// [`state`](AnyTask::state) tells which. The task's `Debug` shows it, too.
    ///
    /// A task that has switched to another greenlet waits for a switch to it. One that was spawned to begin later waits for its
    /// time.
    ///
    /// # Examples
    /// ```
    /// use greenhub::{sleep, spawn, yield_now};
    /// use std::time::Duration;
    ///
    /// let task = spawn(|| sleep(Duration::from_secs(600)));
    /// assert_eq!(task.waits_for(), None); // it was not started
    /// yield_now();
    /// let wait = task.waits_for().unwrap();
    /// assert_eq!(wait.reason().to_string(), "sleep");
    /// assert_eq!(wait.place().unwrap().file(), file!());
    /// println!("{wait}"); // sleep at src/main.rs:4:23
    /// # task.kill();
    /// ```
    #[must_use]
    pub fn waits_for(&self) -> Option<WaitInfo> {
        hub::wait_of(&self.record)
    }

    /// A number that no other greenlet of this process has or will have.
    #[must_use]
    pub fn id(&self) -> u64 {
        self.record.id()
    }

    /// The task's name, if it has one.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.record.name()
    }

    /// The source line that has spawned the task.
    #[must_use]
    pub fn spawned_at(&self) -> &'static Location<'static> {
        self.record.made_at()
    }

    /// The id of the greenlet that has spawned the task: of a task, or of main.
    #[must_use]
    pub fn parent_id(&self) -> u64 {
        self.head().parent
    }

    /// Kills the task, and waits until it has ended.
    ///
    /// The task unwinds with [`GreenletExit`](crate::GreenletExit) from the switch or the wait that it is in, or comes to
    /// next. A task that was not started never runs: its body is dropped at once. A task that has ended stays as it is. A task
    /// that kills itself unwinds from here, also inside a [`shield`](crate::task::shield).
    ///
    /// A task that catches its kill and waits again is killed again there. After a hundred times it counts as killed, a line on
    /// stderr says so, and its stack is leaked. A task in a shield is killed at its first wait after that.
    ///
    /// Waits; see [where a call may not wait](crate::hub#where-a-call-may-not-wait).
    /// [`kill_nowait`](AnyTask::kill_nowait) does not.
    ///
    /// # Panics
    /// If the task was started and the program is built with `panic=abort`: nothing can be unwound.
    ///
    /// # Examples
    /// ```
    /// use greenhub::{sleep, spawn};
    /// use std::time::Duration;
    ///
    /// let victim = spawn(|| sleep(Duration::from_secs(600)));
    /// sleep(Duration::ZERO); // let it start
    /// victim.kill();
    /// assert!(victim.join().unwrap_err().is_killed());
    /// ```
    #[track_caller]
    pub fn kill(&self) {
        self.kill_nowait();
        let reason = WaitReason::kill(self.id());
        self.head().wait("kill", reason, Deadline::NEVER);
    }

    /// As [`kill`](AnyTask::kill), and waits no longer than `limit`. False if the task has not ended by then: it stays killed.
    ///
    /// # Panics
    /// As [`kill`](AnyTask::kill).
    #[track_caller]
    pub fn kill_timeout(&self, limit: Duration) -> bool {
        self.kill_nowait();
        let reason = WaitReason::kill(self.id());
        self.is_finished() || self.head().wait("kill", reason, Deadline::after(limit))
    }

    /// Kills the task without waiting for its end: it unwinds when its turn comes.
    ///
    /// # Panics
    /// As [`kill`](AnyTask::kill).
    #[track_caller]
    pub fn kill_nowait(&self) {
        if let Err(error) = self.try_kill() {
            panic!("{} cannot be killed: {error}", describe(&self.record));
        }
    }

    /// As [`kill_nowait`](AnyTask::kill_nowait), with an error in place of a panic.
    ///
    /// # Errors
    /// [`KillError::Unsupported`] if the task was started, in a program built with `panic=abort`. [`KillError::HubClosed`] if it
    /// was started, and the thread's destructors run.
    pub fn try_kill(&self) -> Result<(), KillError> {
        hub::kill(&self.record)
    }

    /// Ends the task's [`park`](crate::task::park), or its next one if it is not parked. Several in a row count as one.
    /// Nothing happens if the task has ended.
    pub fn unpark(&self) {
        self.head().token.set(true);
        hub::wake_from(&self.record, WaitReason::UNPARK);
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

impl PartialEq for AnyTask {
    fn eq(&self, other: &AnyTask) -> bool {
        self.id() == other.id()
    }
}

impl Eq for AnyTask {}

impl AnyTask {
    /// Shows the task as a handle of that type.
    pub(crate) fn fmt_as(&self, handle: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct(handle);
        out.field("id", &self.id());
        if let Some(name) = self.name() {
            out.field("name", &name);
        }
        out.field("state", &self.state());
        if let Some(wait) = self.waits_for() {
            out.field("waits_for", &format_args!("{wait}"));
        }
        out.finish()
    }
}

impl fmt::Debug for AnyTask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.fmt_as("AnyTask", f)
    }
}
