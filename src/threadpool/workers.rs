//! The threads of a pool: how many there are, when one more begins, and when one goes.
//!
//! ```text
//!   a job comes    pending + 1; are there more pending than idle threads, and fewer threads than there may be?  begin one
//!   a thread       takes a job: pending - 1, idle - 1 ... it is done: idle + 1
//!                  finds none for a while: ends, unless the others are too few for what is pending
//! ```
//! A thread that begins is idle. So each pending job has a thread that takes it without waiting for another job's end, within
//! the limit of threads.
#![forbid(unsafe_code)]

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use super::builder::Builder;
use super::task::BlockingJob;
use crate::error::{OffloadError, RecvTimeoutError};
use crate::switch::parent;
use crate::sync::shared::Receiver;

pub(super) struct Workers {
    settings: Builder,
    counts: Mutex<WorkerCounts>,
}

#[derive(Clone, Copy)]
struct WorkerCounts {
    threads: usize,
    /// Of these, the ones that do no job.
    idle: usize,
    /// Jobs that no thread has taken: in the queue, or on the way into it.
    pending: usize,
}

/// A job that counts as pending. Dropped, it does so no longer.
pub(super) struct ReservedWorker<'a>(&'a Workers);

pub(super) type JobQueue = Receiver<Arc<dyn BlockingJob>>;

impl Workers {
    pub(super) fn new(settings: Builder) -> Workers {
        Workers {
            settings,
            counts: Mutex::new(WorkerCounts {
                threads: 0,
                idle: 0,
                pending: 0,
            }),
        }
    }

    pub(super) fn threads(&self) -> usize {
        self.lock().threads
    }

    pub(super) fn pending(&self) -> usize {
        self.lock().pending
    }

    /// A job will be put into the queue: begins a thread for it, if that helps.
    ///
    /// # Errors
    /// If there is no thread at all, and none could be begun.
    pub(super) fn reserve_worker(
        self: &Arc<Workers>,
        queue: &JobQueue,
    ) -> Result<ReservedWorker<'_>, OffloadError> {
        // Locked all the time: no job may count on a thread that cannot be started.
        let mut counts = self.lock();
        if counts.pending + 1 > counts.idle && counts.threads < self.settings.max_threads {
            match self.begin(queue.clone()) {
                Ok(()) => {
                    counts.threads += 1;
                    counts.idle += 1;
                }
                Err(error) if counts.threads == 0 => return Err(OffloadError::no_thread(error)),
                // The threads that are there do it, later.
                Err(_) => {}
            }
        }
        counts.pending += 1;
        Ok(ReservedWorker(self))
    }

    fn begin(self: &Arc<Workers>, queue: JobQueue) -> io::Result<()> {
        let workers = self.clone();
        let mut builder = thread::Builder::new().name(self.settings.name.clone());
        if let Some(bytes) = self.settings.stack_size {
            builder = builder.stack_size(bytes);
        }
        builder.spawn(move || workers.work(&queue)).map(drop)
    }

    /// The life of one thread.
    fn work(&self, queue: &JobQueue) {
        loop {
            // Jobs may have left a hub here, whose tasks and timers run meanwhile. A payload that they throw at this thread is dropped; it
            // ends the wait as if its time were over.
            let next = || queue.recv_timeout(self.settings.idle_timeout);
            let next = catch_unwind(AssertUnwindSafe(next)).unwrap_or_else(|thrown| {
                parent::drop_quietly(thrown);
                Err(RecvTimeoutError::Timeout)
            });
            match next {
                Ok(job) => {
                    self.change(|counts| {
                        counts.pending -= 1;
                        counts.idle -= 1;
                    });
                    job.run();
                    // A thread that unwound here would be counted for ever.
                    parent::drop_quietly(job);
                    self.change(|counts| counts.idle += 1);
                }
                Err(RecvTimeoutError::Timeout) => {
                    let goes = self.change(|counts| {
                        let goes = counts.idle > counts.pending;
                        if goes {
                            counts.threads -= 1;
                            counts.idle -= 1;
                        }
                        goes
                    });
                    if goes {
                        return;
                    }
                }
                // The pool was dropped, and all is done.
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    fn change<R>(&self, change: impl FnOnce(&mut WorkerCounts) -> R) -> R {
        change(&mut self.lock())
    }

    fn lock(&self) -> MutexGuard<'_, WorkerCounts> {
        // Nothing panics while it is held.
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ReservedWorker<'_> {
    /// It is in the queue now: the thread that takes it counts it.
    pub(super) fn leave_it_queued(self) {
        std::mem::forget(self);
    }
}

impl Drop for ReservedWorker<'_> {
    fn drop(&mut self) {
        self.0.change(|counts| counts.pending -= 1);
    }
}
