//! One job on its way: a closure that goes out, and what comes home.
//!
//! ```text
//!   Waiting(closure) --- a thread takes it ---> Running ---> Over(value or panic) --- taken by the greenlet
//!        |                                         |                 |
//!        +---- the waiting greenlet unwinds -------+-----------------+------> Gone: what is there is dropped
//! ```
#![forbid(unsafe_code)]

use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::Result as Caught;

use crate::switch::parent;
use crate::switch::start::__rust_begin_short_backtrace;
use crate::sync::shared::{BlockedWaker, Flag, Limit, Monitor, wait_for_flag};
use crate::waiting::WaitReason;

/// A job as a thread of the pool sees it.
pub(super) trait BlockingJob: Send + Sync {
    /// Runs the job, unless its greenlet has unwound.
    fn run(&self);
}

pub(super) struct BlockingTask<F, T> {
    stage: Mutex<TaskStage<F, T>>,
    /// Set when it is over.
    over: Arc<Monitor<Flag<BlockedWaker>>>,
}

enum TaskStage<F, T> {
    Waiting(F),
    Running,
    Over(Caught<T>),
    /// The outcome was taken, or its greenlet has unwound.
    Gone,
}

impl<F, T> BlockingTask<F, T> {
    pub(super) fn new(job: F) -> BlockingTask<F, T> {
        BlockingTask {
            stage: Mutex::new(TaskStage::Waiting(job)),
            over: Arc::new(Monitor::new(Flag::new())),
        }
    }

    /// Waits until the job is over, and continues its panic if it has panicked. If this unwinds first, a job that has not begun
    /// never does; a running one runs to its end.
    #[track_caller]
    pub(super) fn wait(&self) -> T {
        let abandoned = AbandonOnDrop(self);
        wait_for_flag(&self.over, Limit::None, WaitReason::OFFLOAD);
        mem::forget(abandoned);
        match self.turn(TaskStage::Gone) {
            TaskStage::Over(Ok(value)) => value,
            TaskStage::Over(Err(panic)) => resume_unwind(panic),
            _ => unreachable!("it is over, and only this takes it home"),
        }
    }

    fn turn(&self, next: TaskStage<F, T>) -> TaskStage<F, T> {
        mem::replace(&mut *self.lock(), next)
    }

    fn lock(&self) -> MutexGuard<'_, TaskStage<F, T>> {
        // Nothing panics while it is held.
        self.stage.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<F, T> BlockingJob for BlockingTask<F, T>
where
    F: FnOnce() -> T + Send,
    T: Send,
{
    fn run(&self) {
        let mut stage = self.lock();
        if !matches!(*stage, TaskStage::Waiting(_)) {
            return;
        }
        let taken = mem::replace(&mut *stage, TaskStage::Running);
        drop(stage);
        let TaskStage::Waiting(job) = taken else {
            return;
        };
        let outcome = catch_unwind(AssertUnwindSafe(|| __rust_begin_short_backtrace(job)));
        let mut stage = self.lock();
        if matches!(*stage, TaskStage::Running) {
            *stage = TaskStage::Over(outcome);
            drop(stage);
            self.over.with(Flag::set);
        } else {
            drop(stage);
            parent::drop_quietly(outcome);
        }
    }
}

/// The greenlet that waits for the job unwinds.
struct AbandonOnDrop<'a, F, T>(&'a BlockingTask<F, T>);

impl<F, T> Drop for AbandonOnDrop<'_, F, T> {
    fn drop(&mut self) {
        // Out of the lock: a closure, a value or a panic is dropped here.
        parent::drop_quietly(self.0.turn(TaskStage::Gone));
    }
}
