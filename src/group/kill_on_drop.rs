//! Jobs that are killed when the call that waits for their results unwinds.
#![forbid(unsafe_code)]

use std::collections::VecDeque;

use crate::dropping::DropsAll;
use crate::error::JoinError;
use crate::task::Task;

/// Jobs, in the order in which their results are wanted. Dropping this kills those that are left.
pub(super) struct KillOnDrop<T: 'static>(DropsAll<VecDeque<Task<T>>>);

impl<T: 'static> KillOnDrop<T> {
    pub(super) fn none() -> KillOnDrop<T> {
        KillOnDrop(DropsAll::default())
    }

    pub(super) fn new(job: Task<T>) -> KillOnDrop<T> {
        KillOnDrop(DropsAll::new(VecDeque::from([job])))
    }

    pub(super) fn push(&mut self, job: Task<T>) {
        self.0.push_back(job);
    }

    /// Waits for the first, and gives what came out of it.
    #[track_caller]
    pub(super) fn join_first(&mut self) -> Option<Result<T, JoinError>> {
        // It stays here while this waits.
        self.0.front()?.wait();
        Some(self.0.pop_front()?.join())
    }
}

impl<T: 'static> Drop for KillOnDrop<T> {
    fn drop(&mut self) {
        for job in self.0.iter() {
            // Where nothing can be unwound it runs on.
            let _ = job.try_kill();
        }
    }
}
