//! Pools in a scope: a limited number of jobs at a time, which may borrow.
#![forbid(unsafe_code)]

use std::fmt;
use std::panic::Location;
use std::rc::Rc;

use super::map::KillOnDrop;
use super::pool::Pool;
use super::scope::Scope;
use super::scoped::ScopedTask;
use super::slots::Recall;
use crate::error::{JoinError, TrySpawnError};
use crate::task::Builder;

/// A [`Pool`] whose jobs are tasks of a scope, and borrow what outlives it: see [`Scope::pool`].
///
/// Clones are handles to the same pool. Dropping the last one leaves the jobs running: the scope waits for them. A job may use the
/// pool that it runs in, as [that of a pool](Pool#a-pool-in-its-own-jobs) does.
pub struct ScopedPool<'scope, 'env> {
    pool: Pool,
    scope: &'scope Scope<'scope, 'env>,
}

impl<'scope, 'env> Scope<'scope, 'env> {
    /// A pool that runs `size` jobs of this scope at a time.
    ///
    /// # Panics
    /// If `size` is zero.
    ///
    /// # Examples
    /// ```
    /// use greenhub::{scope, sleep};
    /// use std::cell::Cell;
    /// use std::time::Duration;
    ///
    /// # greenhub::hub::pause_clock();
    /// let pages = ["a", "bb", "ccc"];
    /// let total = Cell::new(0);
    /// let lengths = scope(|s| {
    ///     let pool = s.pool(2);
    ///     pool.map(&pages, |page| {
    ///         sleep(Duration::from_millis(10)); // two at a time
    ///         total.set(total.get() + page.len());
    ///         page.len()
    ///     })
    /// });
    /// let lengths: Result<Vec<_>, _> = lengths.into_iter().collect();
    /// assert_eq!((lengths.unwrap(), total.get()), (vec![1, 2, 3], 6));
    /// ```
    #[must_use]
    #[track_caller]
    pub fn pool(&'scope self, size: usize) -> ScopedPool<'scope, 'env> {
        let pool = Pool::new(size);
        ScopedPool { pool, scope: self }
    }
}

impl<'scope> ScopedPool<'scope, '_> {
    /// Spawns a job, and waits for room before that if the pool is full: [`Pool::spawn`] for jobs that borrow.
    ///
    /// Waits; see [where a call may not wait](crate::hub#where-a-call-may-not-wait).
    ///
    /// # Panics
    /// As [`Scope::spawn`]; and as [`Task::join`](crate::Task::join) if it waits.
    #[track_caller]
    pub fn spawn<F, T>(&self, body: F) -> ScopedTask<'scope, T>
    where
        F: FnOnce() -> T + 'scope,
        T: 'scope,
    {
        self.spawn_or_lend(Recall::KillUnbegun, Location::caller(), body)
    }

    #[track_caller]
    fn spawn_or_lend<F, T>(
        &self,
        recall: Recall,
        place: &'static Location<'static>,
        body: F,
    ) -> ScopedTask<'scope, T>
    where
        F: FnOnce() -> T + 'scope,
        T: 'scope,
    {
        self.pool.spawn_job(recall, place, |entry| {
            let enter = |task: &_| entry.enter(task);
            match Builder::new().spawn_into(self.scope, place, enter, || Some(body())) {
                Ok(job) => job,
                Err(error) => panic!("no task could be spawned: {error}"),
            }
        })
    }

    /// Spawns a job, if the pool has room for it now.
    ///
    /// # Errors
    /// [`TrySpawnError::Full`] with the body, if the pool is full. [`TrySpawnError::NoTask`] if there is no memory for
    /// its stack.
    ///
    /// # Panics
    /// In a scope inside [`no_switch`](crate::greenlet::no_switch), which could not wait for the job.
    #[track_caller]
    pub fn try_spawn<F, T>(&self, body: F) -> Result<ScopedTask<'scope, T>, TrySpawnError<F>>
    where
        F: FnOnce() -> T + 'scope,
        T: 'scope,
    {
        let Some(entry) = self.pool.try_enter() else {
            return Err(TrySpawnError::Full(body));
        };
        let enter = |task: &_| entry.enter(task);
        Builder::new()
            .spawn_into(self.scope, Location::caller(), enter, || Some(body()))
            .map_err(TrySpawnError::NoTask)
    }

    /// Runs `f` with each of `inputs` in a job of its own, waits for all, and gives what came out of them in the order of
    /// the inputs: [`Pool::map`] for jobs that borrow. If the running greenlet is killed or times out meanwhile, the jobs are
    /// killed, too.
    ///
    /// Waits; see [where a call may not wait](crate::hub#where-a-call-may-not-wait).
    ///
    /// # Panics
    /// As [`spawn`](ScopedPool::spawn).
    #[track_caller]
    pub fn map<I, F, T>(&self, inputs: I, f: F) -> Vec<Result<T, JoinError>>
    where
        I: IntoIterator<Item: 'scope>,
        F: Fn(I::Item) -> T + 'scope,
        T: 'scope,
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

    /// Waits until all jobs have ended: [`Pool::join`].
    #[track_caller]
    pub fn join(&self) {
        self.pool.join();
    }

    /// How many jobs it runs at a time.
    #[must_use]
    pub fn size(&self) -> usize {
        self.pool.size()
    }

    /// How many jobs could be spawned now without waiting for room.
    #[must_use]
    pub fn free_count(&self) -> usize {
        self.pool.free_count()
    }
}

impl Clone for ScopedPool<'_, '_> {
    fn clone(&self) -> Self {
        let pool = self.pool.clone();
        let scope = self.scope;
        ScopedPool { pool, scope }
    }
}

impl fmt::Debug for ScopedPool<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScopedPool")
            .field("size", &self.size())
            .field("free", &self.free_count())
            .finish_non_exhaustive()
    }
}
