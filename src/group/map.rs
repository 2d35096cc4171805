//! A pool's jobs, waited for: `map` for many, and `apply` for one. They are killed when the call that waits for them unwinds.
#![forbid(unsafe_code)]

use std::collections::VecDeque;
use std::ops::Deref;
use std::panic::Location;
use std::rc::Rc;

use super::pool::Pool;
use super::scoped::ScopedTask;
use super::slots::Recall;
use crate::dropping::DropsAll;
use crate::error::JoinError;
use crate::task::{AnyTask, Task};

impl Pool {
    /// Runs `f` with each of `inputs` in a job of its own, waits for all, and gives what came out of them in the order of
    /// the inputs. A failure is an outcome like any other; `collect` makes the first of them the result of all.
    ///
    /// Each input is taken when there is room for its job. If the running greenlet is killed or times out meanwhile, the
    /// jobs are killed, too.
    ///
    /// Waits; see [where a call may not wait](crate::hub#where-a-call-may-not-wait).
    ///
    /// # Examples
    /// ```
    /// use greenhub::{JoinError, Pool};
    ///
    /// let squares = Pool::new(2).map(1..=4, |n| n * n);
    /// let squares: Result<Vec<i32>, JoinError> = squares.into_iter().collect();
    /// assert_eq!(squares.unwrap(), [1, 4, 9, 16]);
    /// ```
    #[track_caller]
    pub fn map<I, F, T>(&self, inputs: I, f: F) -> Vec<Result<T, JoinError>>
    where
        I: IntoIterator<Item: 'static>,
        F: Fn(I::Item) -> T + 'static,
        T: 'static,
    {
        let place = Location::caller();
        let f = Rc::new(f);
        let mut jobs = KillOnDrop::default();
        for input in inputs {
            let f = f.clone();
            jobs.push(self.spawn_or_lend(Recall::Kill, place, move || f(input)));
        }
        jobs.join_all()
    }

    /// Runs `f` as a job, waits for it, and gives what it returned. If the running greenlet is killed or times out
    /// meanwhile, the job is killed, too.
    ///
    /// Waits; see [where a call may not wait](crate::hub#where-a-call-may-not-wait).
    ///
    /// # Errors
    /// [`JoinError`] if it panicked or was killed.
    ///
    /// # Examples
    /// ```
    /// let pool = greenhub::Pool::new(1);
    /// assert_eq!(pool.apply(|| 6 * 7).unwrap(), 42);
    /// ```
    #[track_caller]
    pub fn apply<F, T>(&self, f: F) -> Result<T, JoinError>
    where
        F: FnOnce() -> T + 'static,
        T: 'static,
    {
        let place = Location::caller();
        let mut jobs = KillOnDrop::default();
        jobs.push(self.spawn_or_lend(Recall::Kill, place, f));
        match jobs.join_first() {
            Some(outcome) => outcome,
            None => unreachable!("it has one job"),
        }
    }
}

/// The handle to a task, of either kind.
pub(super) trait Job: Deref<Target = AnyTask> {
    type Value;

    /// What has come out of it, when it has ended.
    fn outcome(self) -> Result<Self::Value, JoinError>;
}

impl<T: 'static> Job for Task<T> {
    type Value = T;

    fn outcome(self) -> Result<T, JoinError> {
        self.join()
    }
}

impl<T> Job for ScopedTask<'_, T> {
    type Value = T;

    fn outcome(self) -> Result<T, JoinError> {
        self.join()
    }
}

/// Jobs, in the order in which their results are wanted. Dropping this kills those that are left.
pub(super) struct KillOnDrop<J: Job>(DropsAll<VecDeque<J>>);

impl<J: Job> Default for KillOnDrop<J> {
    fn default() -> KillOnDrop<J> {
        KillOnDrop(DropsAll::default())
    }
}

impl<J: Job> KillOnDrop<J> {
    pub(super) fn push(&mut self, job: J) {
        self.0.push_back(job);
    }

    /// Waits for all, and gives what came out of them in their order.
    #[track_caller]
    pub(super) fn join_all(mut self) -> Vec<Result<J::Value, JoinError>> {
        let mut outcomes: DropsAll<Vec<_>> = DropsAll::default();
        while let Some(outcome) = self.join_first() {
            outcomes.push(outcome);
        }
        outcomes.into_inner()
    }

    /// Waits for the first, and gives what came out of it.
    #[track_caller]
    fn join_first(&mut self) -> Option<Result<J::Value, JoinError>> {
        // The job stays here while this waits.
        self.0.front()?.wait();
        Some(self.0.pop_front()?.outcome())
    }
}

impl<J: Job> Drop for KillOnDrop<J> {
    fn drop(&mut self) {
        for job in self.0.iter() {
            // Where nothing can be unwound it runs on.
            let _ = job.try_kill();
        }
    }
}
