//! A pool's jobs by the dozen, waited for: `map`, and `apply` for a single one.
#![forbid(unsafe_code)]

use std::rc::Rc;

use super::kill_on_drop::KillOnDrop;
use super::pool::Pool;
use super::slots::Recall;
use crate::dropping::DropsAll;
use crate::error::JoinError;

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
