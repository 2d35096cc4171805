//! Pools: groups that run a limited number of jobs at a time.
#![forbid(unsafe_code)]

use std::cell::Cell;
use std::fmt;
use std::panic::Location;
use std::rc::Rc;

use super::members::Members;
use super::slots::{PendingRequest, Recall, SlotRequest, WorkerPermit, WorkerSlots};
use crate::dropping::DropsAll;
use crate::error::TrySpawnError;
use crate::hub::{Deadline, WaitRequest};
use crate::task::{self, Builder, Task};
use crate::waiting::WaitReason;

/// Runs a limited number of jobs at a time: gevent's `Pool`. A job is a task; it is a member of the pool from its spawn to its
/// end.
///
/// Clones are handles to the same pool. Dropping the last one leaves the jobs running.
///
/// # A pool in its own jobs
/// A job may use the pool that it runs in, with any of these methods. If the pool is full then, the job lends its own place to
/// the job that it spawns, and its `spawn` returns when that one has ended, or before that when there is room. So the limit
/// holds, nested jobs run one inside the other, and no job waits for a place that cannot become free. But such a job must not
/// wait for what its spawner does after the spawn. A greenlet or a task that a job spawns without the pool is no job: if it
/// waits for room, it waits for others to end.
///
/// A call that has lent the place may be ended early. It then lasts until its own job has a place again: until the borrowing job
/// ends, or another one ends and no job has waited longer. That wait is shielded. A kill or a throw kills the borrowing job, and
/// so does a timeout of [`map`](Pool::map) and [`apply`](Pool::apply). A timeout of `spawn` or of an [`imap`](Pool::imap) lets a
/// job that has begun run to its end: a job that must not take long has a timeout inside. A job that is unwound on the spot, as
/// by [`Greenlet::kill`](crate::AnyGreenlet::kill), unwinds without a place.
///
/// # Examples
/// ```
/// use greenhub::{Pool, sleep};
/// use std::time::Duration;
///
/// greenhub::hub::pause_clock();
/// let begun = greenhub::hub::now();
/// let pool = Pool::new(2);
/// for _ in 0..4 {
///     pool.spawn(|| sleep(Duration::from_secs(1))); // the third waits for one of the first two
/// }
/// pool.join();
/// assert_eq!(greenhub::hub::now() - begun, Duration::from_secs(2));
/// ```
#[derive(Clone)]
pub struct Pool {
    pub(super) members: Rc<Members>,
    slots: Rc<WorkerSlots>,
}

impl Pool {
    /// A pool that runs `size` jobs at a time.
    ///
    /// # Panics
    /// If `size` is zero.
    #[must_use]
    #[track_caller]
    pub fn new(size: usize) -> Pool {
        assert!(size > 0, "a pool without room runs nothing");
        Pool {
            members: Rc::default(),
            slots: WorkerSlots::new(size),
        }
    }

    /// Spawns a job, and waits for room before that if the pool is full, first come, first served. If the running greenlet is killed
    /// or times out while it waits, the job does not run; a job that has begun on
    /// [the place of its spawner](Pool#a-pool-in-its-own-jobs) is killed by the kill, and runs on after the timeout.
    ///
    /// Waits; see [where a call may not wait](crate::hub#where-a-call-may-not-wait).
    ///
    /// # Panics
    /// As [`spawn`](crate::spawn()); and as [`Task::join`] if it waits.
    #[track_caller]
    pub fn spawn<F, T>(&self, body: F) -> Task<T>
    where
        F: FnOnce() -> T + 'static,
        T: 'static,
    {
        self.spawn_or_lend(Recall::KillUnbegun, Location::caller(), body)
    }

    /// Spawns a job that `place` has asked for; in a full pool the running job lends it its place.
    #[track_caller]
    pub(super) fn spawn_or_lend<F, T>(
        &self,
        recall: Recall,
        place: &'static Location<'static>,
        body: F,
    ) -> Task<T>
    where
        F: FnOnce() -> T + 'static,
        T: 'static,
    {
        self.spawn_job(recall, place, |entry| {
            let task = spawn_at(place, body);
            entry.enter(&task);
            task
        })
    }

    /// Has `spawn` spawn a job that `place` has asked for, when there is room for it; in a full pool the running job lends it
    /// its place.
    #[track_caller]
    pub(super) fn spawn_job<J>(
        &self,
        recall: Recall,
        place: &'static Location<'static>,
        spawn: impl FnOnce(&PoolEntry<'_>) -> J,
    ) -> J {
        let mut wait = WaitRequest::at(place, "spawn", WaitReason::POOL_SLOT, Deadline::NEVER);
        let permit = match self.slots.take() {
            None if self.members.has_own_permit() => None,
            None => Some(self.slots.request(None).wait(&mut wait)),
            free => free,
        };
        let entry = PoolEntry {
            pool: self,
            permit: Cell::new(permit),
            loan: Cell::new(None),
        };
        let job = DropsAll::new(Some(spawn(&entry)));
        if let Some(loan) = entry.loan.take() {
            let mut wait = WaitRequest::at(place, "spawn", WaitReason::POOL_SLOT, Deadline::NEVER);
            loan.wait_on_loan(None, recall, &mut wait, |permit| {
                self.members.return_permit(permit);
            });
        }
        job.into_inner().expect("made with one")
    }

    /// Spawns a job, if the pool has room for it now.
    ///
    /// # Errors
    /// [`TrySpawnError::Full`] with the body, if the pool is full. [`TrySpawnError::NoTask`] if there is no memory for
    /// its stack.
    ///
    /// # Examples
    /// ```
    /// use greenhub::{Pool, yield_now};
    ///
    /// let pool = Pool::new(1);
    /// pool.spawn(yield_now);
    /// let refused = pool.try_spawn(|| 7).unwrap_err();
    /// let body = refused.into_body().expect("the pool is full");
    /// pool.join();
    /// assert_eq!(pool.try_spawn(body).unwrap().join().unwrap(), 7);
    /// ```
    #[track_caller]
    pub fn try_spawn<F, T>(&self, body: F) -> Result<Task<T>, TrySpawnError<F>>
    where
        F: FnOnce() -> T + 'static,
        T: 'static,
    {
        let Some(entry) = self.try_enter() else {
            return Err(TrySpawnError::Full(body));
        };
        match task::try_spawn(body) {
            Ok(task) => {
                entry.enter(&task);
                Ok(task)
            }
            Err(error) => Err(TrySpawnError::NoTask(error)),
        }
    }

    /// A place for a job, if there is one.
    pub(super) fn try_enter(&self) -> Option<PoolEntry<'_>> {
        let permit = self.slots.take()?;
        Some(PoolEntry {
            pool: self,
            permit: Cell::new(Some(permit)),
            loan: Cell::new(None),
        })
    }

    /// A permit for a job that `place` has asked for; `tell` gets the request if there is none.
    pub(super) fn acquire_permit(
        &self,
        place: &'static Location<'static>,
        tell: impl FnOnce(Rc<SlotRequest>),
    ) -> WorkerPermit {
        match self.slots.take() {
            Some(permit) => permit,
            None => {
                let request = self.slots.request(None);
                tell(request.share());
                let mut wait =
                    WaitRequest::at(place, "imap", WaitReason::POOL_SLOT, Deadline::NEVER);
                request.wait(&mut wait)
            }
        }
    }

    /// Spawns a job that `place` has asked for on that permit.
    pub(super) fn spawn_on<T: 'static>(
        &self,
        permit: WorkerPermit,
        place: &'static Location<'static>,
        body: impl FnOnce() -> T + 'static,
    ) -> Task<T> {
        let task = spawn_at(place, body);
        self.members.enter(&task, Some(permit));
        task
    }

    /// Lends the running greenlet's own permit to `request`, until it is given back or another is free. False if the running
    /// greenlet is no job of this pool.
    #[track_caller]
    pub(super) fn lend_to(
        &self,
        request: &Rc<SlotRequest>,
        place: &'static Location<'static>,
    ) -> bool {
        let Some(own) = self.members.take_own_permit() else {
            return false;
        };
        let own = self.slots.request(Some(own));
        request.grant(own.lend());
        let mut wait = WaitRequest::at(place, "imap", WaitReason::POOL_SLOT, Deadline::NEVER);
        own.wait_on_loan(Some(request), Recall::LetRun, &mut wait, |permit| {
            self.members.return_permit(permit);
        });
        true
    }

    /// How many jobs it runs at a time.
    #[must_use]
    pub fn size(&self) -> usize {
        self.slots.count()
    }

    /// How many jobs could be spawned now without waiting for room.
    #[must_use]
    pub fn free_count(&self) -> usize {
        self.slots.free()
    }
}

fn spawn_at<T: 'static>(
    place: &'static Location<'static>,
    body: impl FnOnce() -> T + 'static,
) -> Task<T> {
    match Builder::new().spawn_at(place, body) {
        Ok(task) => task,
        Err(error) => panic!("no task could be spawned: {error}"),
    }
}

/// A place for one job, which is to enter it as soon as it was spawned.
pub(super) struct PoolEntry<'a> {
    pool: &'a Pool,
    /// `None` where the running job lends its own.
    permit: Cell<Option<WorkerPermit>>,
    loan: Cell<Option<PendingRequest>>,
}

impl PoolEntry<'_> {
    /// `task` is the job.
    pub(super) fn enter<T: 'static>(&self, task: &Task<T>) {
        let permit = self.permit.take().unwrap_or_else(|| {
            let own = self.pool.members.take_own_permit();
            let loan = self.pool.slots.request(own);
            let permit = loan.lend();
            self.loan.set(Some(loan));
            permit
        });
        self.pool.members.enter(task, Some(permit));
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool")
            .field("size", &self.size())
            .field("len", &self.len())
            .field("free", &self.free_count())
            .finish()
    }
}
