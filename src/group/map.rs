//! A pool's jobs, waited for: `map` for many, and `apply` for one. They are killed when the call that waits for them unwinds.
#![forbid(unsafe_code)]

use std::collections::VecDeque;
use std::rc::Rc;

use super::pool::Pool;
use super::slots::Recall;
use crate::dropping::DropsAll;
use crate::error::JoinError;
use crate::task::Task;

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
        let f = Rc::new(f);
        let mut jobs = KillOnDrop::none();
        for input in inputs {
            let f = f.clone();
            jobs.push(self.spawn_or_lend(Recall::Kill, move || f(input)));
        }
        let mut results: DropsAll<Vec<_>> = DropsAll::default();
        while let Some(result) = jobs.join_first() {
            results.push(result);
        }
        results.into_inner()
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
        let mut job = KillOnDrop::new(self.spawn_or_lend(Recall::Kill, f));
        match job.join_first() {
            Some(result) => result,
            None => unreachable!("it was made with one job"),
        }
    }
}

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
        // The job stays here while this waits.
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
