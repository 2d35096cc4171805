//! How large a pool of threads is, and how long an idle thread stays.
#![forbid(unsafe_code)]

use std::time::Duration;

use super::ThreadPool;

/// The settings of a new [`ThreadPool`].
///
/// # Examples
/// ```
/// use greenhub::threadpool::ThreadPool;
/// use std::time::Duration;
///
/// let two = ThreadPool::builder()
///     .max_threads(2)
///     .idle_timeout(Duration::from_secs(1))
///     .build();
/// assert_eq!(two.offload(|| 6 * 7), 42);
/// ```
#[derive(Debug, Clone)]
#[must_use = "it builds nothing until `build` is called"]
pub struct Builder {
    pub(super) max_threads: usize,
    pub(super) idle_timeout: Duration,
    pub(super) queue_capacity: usize,
    pub(super) stack_size: Option<usize>,
    pub(super) name: String,
}

impl Builder {
    /// The default: 64 threads at most, which end after 10 idle seconds, and a queue of 1024 jobs.
    pub fn new() -> Builder {
        Builder {
            max_threads: 64,
            idle_timeout: Duration::from_secs(10),
            queue_capacity: 1024,
            stack_size: None,
            name: "greenhub-offload".into(),
        }
    }

    /// How many threads there may be at a time: 64 if nothing else is said, and one at least.
    pub fn max_threads(mut self, count: usize) -> Builder {
        self.max_threads = count.max(1);
        self
    }

    /// How long a thread waits for the next job before it ends: ten seconds if nothing else is said.
    pub fn idle_timeout(mut self, limit: Duration) -> Builder {
        self.idle_timeout = limit;
        self
    }

    /// How many jobs may wait for a thread, 1024 by default and 1 at least: a further call waits until one of them has begun.
    pub fn queue_capacity(mut self, jobs: usize) -> Builder {
        self.queue_capacity = jobs.max(1);
        self
    }

    /// Bytes of stack of each thread; std's default if nothing else is said.
    pub fn stack_size(mut self, bytes: usize) -> Builder {
        self.stack_size = Some(bytes);
        self
    }

    /// Names the threads; `greenhub-offload` by default.
    ///
    /// # Panics
    /// If there is a zero byte in it.
    pub fn name(mut self, name: &str) -> Builder {
        assert!(!name.contains('\0'), "a thread's name has no zero bytes");
        self.name = name.into();
        self
    }

    /// A pool of its own. No thread begins before there is a job.
    #[must_use]
    pub fn build(self) -> ThreadPool {
        ThreadPool::new(self)
    }

    /// Makes [`offload`](super::offload) use such a pool. To be called before the first job is offloaded there.
    ///
    /// # Errors
    /// The builder, if that pool is there already.
    pub fn build_global(self) -> Result<(), Builder> {
        super::set_global(self)
    }
}

impl Default for Builder {
    fn default() -> Builder {
        Builder::new()
    }
}
