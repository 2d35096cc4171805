//! Threads for what would block: a greenlet waits for the job in its hub, and others run meanwhile.
//!
//! ```text
//!   greenlet: offload(job) --> queue of jobs --> thread: runs it
//!      waits in its hub                            |
//!      resumes with the value  <-------------------+
//! ```
//!
//! # What happens when
//! - **The job panics**: the panic continues in the waiting greenlet.
//! - **The greenlet is killed or timed out meanwhile**: the greenlet drops a job that has not begun. A running job runs to its end,
//!   and what it returns is dropped on its thread. A job cannot be ended from outside.
//! - **The greenlet's thread ends**: its greenlets are leaked, and the job runs to its end.
//! - **The process ends**: it does not wait for jobs.
//! - **No further thread can be started**: the job waits for one of the threads that are there. If there is none: [`OffloadError`].
//! - **There is no descriptor to wake the greenlet's hub with**: [`OffloadError`]. A hub that had one keeps it.
//! - **All threads are busy**: jobs wait in a queue; when it is full, the call waits for room in it.
//!
//! A job that offloads another to its own pool, and waits for it, takes up a thread that the other may need. A thread without a
//! hub may offload, too, and is blocked until the job is done.
#![forbid(unsafe_code)]

mod builder;
mod task;
mod workers;

use std::fmt;
use std::sync::{Arc, OnceLock};

pub use self::builder::Builder;
use self::task::{BlockingJob, BlockingTask};
use self::workers::{JobQueue, Workers};
use crate::error::OffloadError;
use crate::hub;
use crate::sync::shared::{self, Limit, Sender};
use crate::waiting::WaitReason;

static GLOBAL: OnceLock<ThreadPool> = OnceLock::new();

/// Runs `job` on a thread of the pool that all hubs of the process share, and waits for what it returns.
///
/// For what would block this thread, and with it all of its greenlets: files, name lookups, computing for long. It costs some
/// fifteen microseconds. [More](crate::threadpool#what-happens-when) about panics, kills and full pools.
///
/// Waits; see [where a call may not wait](crate::hub#where-a-call-may-not-wait).
///
/// # Panics
/// With what the job panics with. If it cannot be offloaded, as [`try_offload`] says.
///
/// # Examples
/// ```
/// use greenhub::{joinall, offload, spawn};
/// use std::time::Duration;
///
/// let begun = std::time::Instant::now();
/// // Ten threads block, and this one does not.
/// let tasks = [(); 10].map(|()| spawn(|| offload(|| std::thread::sleep(Duration::from_millis(50)))));
/// joinall(&tasks);
/// assert!(begun.elapsed() < Duration::from_millis(450));
/// ```
#[track_caller]
pub fn offload<F, T>(job: F) -> T
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    global().offload(job)
}

/// As [`offload`], where running out of threads or descriptors is not the end.
///
/// Waits; see [where a call may not wait](crate::hub#where-a-call-may-not-wait).
///
/// # Errors
/// [`OffloadError`] if the pool has no thread and the system gave none, or if the system has no descriptor that other threads
/// could wake this thread's hub with. The job is dropped then.
///
/// # Panics
/// As [`offload`] otherwise.
#[track_caller]
pub fn try_offload<F, T>(job: F) -> Result<T, OffloadError>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    global().try_offload(job)
}

fn global() -> &'static ThreadPool {
    GLOBAL.get_or_init(|| Builder::new().build())
}

fn set_global(builder: Builder) -> Result<(), Builder> {
    GLOBAL.set(builder.clone().build()).map_err(|_| builder)
}

/// A pool of threads of its own. When it is dropped, its threads end after the jobs that are there.
pub struct ThreadPool {
    jobs: Sender<Arc<dyn BlockingJob>>,
    /// For the threads that will be.
    queue: JobQueue,
    workers: Arc<Workers>,
}

impl ThreadPool {
    /// Returns a builder with the default settings.
    pub fn builder() -> Builder {
        Builder::new()
    }

    fn new(builder: Builder) -> ThreadPool {
        let (jobs, queue) = shared::bounded(builder.queue_capacity);
        let workers = Arc::new(Workers::new(builder));
        ThreadPool {
            jobs,
            queue,
            workers,
        }
    }

    /// As the free [`offload`], on this pool.
    ///
    /// Waits; see [where a call may not wait](crate::hub#where-a-call-may-not-wait).
    ///
    /// # Panics
    /// With the panic of the job, and if the job cannot be offloaded.
    #[track_caller]
    pub fn offload<F, T>(&self, job: F) -> T
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        match self.try_offload(job) {
            Ok(value) => value,
            Err(error) => panic!("a job cannot be offloaded: {error}"),
        }
    }

    /// As the free [`try_offload`], on this pool.
    ///
    /// Waits; see [where a call may not wait](crate::hub#where-a-call-may-not-wait).
    ///
    /// # Errors
    /// As [`try_offload`].
    ///
    /// # Panics
    /// With the panic of the job.
    #[track_caller]
    pub fn try_offload<F, T>(&self, job: F) -> Result<T, OffloadError>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        // While this can still fail: the wait for the job cannot.
        hub::ensure_wakeable().map_err(OffloadError::no_waker)?;
        let pending = self.workers.reserve_worker(&self.queue)?;
        let task = Arc::new(BlockingTask::new(job));
        // If this unwinds while it waits for room, the job is not in the queue and does not count.
        let sent = self
            .jobs
            .send_within(task.clone(), Limit::None, WaitReason::OFFLOAD);
        assert!(sent.is_ok(), "the pool itself has a receiver");
        pending.leave_it_queued();
        Ok(task.wait())
    }

    /// How many threads it has now.
    #[must_use]
    pub fn threads(&self) -> usize {
        self.workers.threads()
    }

    /// How many jobs wait for a thread now.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.workers.pending()
    }
}

impl fmt::Debug for ThreadPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ThreadPool")
            .field("threads", &self.threads())
            .field("pending", &self.pending())
            .finish_non_exhaustive()
    }
}
