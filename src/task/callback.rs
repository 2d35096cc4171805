//! Callbacks: what shall be called when a task has ended.
#![forbid(unsafe_code)]

use std::fmt;

use super::record::{self, TaskData};
use super::{AnyTask, Task};
use crate::error::JoinError;
use crate::switch::counted::RecordRef;

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

/// Callbacks run as the last part of the task, on its own stack, one after the other in the order in which they were
/// added; then those go on who have joined the task. A callback that panics does not keep the others from being called. One that is
/// added when the task has ended is called at once, before the call that adds it returns; a kill or a timeout that ends a
/// wait in it goes on there. It should not wait for long, and must not join the task itself.
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
        self.add(record::CallbackFn::Done(Box::new(move || {
            if let Some(task) = weak.upgrade() {
                call(&AnyTask::of(task));
            }
        })))
    }

    /// Has `call` called with the value that the body returns. Not called if it panics or is killed.
    pub fn on_value(&self, call: impl FnOnce(&T) + 'static) -> Callback<T> {
        self.add(record::CallbackFn::Value(Box::new(call)))
    }

    /// Has `call` called with the error if the body panics or is killed. That error is not reported as unobserved.
    pub fn on_failure(&self, call: impl FnOnce(&JoinError) + 'static) -> Callback<T> {
        self.add(record::CallbackFn::Failure(Box::new(call)))
    }

    fn add(&self, callback: record::CallbackFn<T>) -> Callback<T> {
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
