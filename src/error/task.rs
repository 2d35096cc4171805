//! Errors of tasks and of waits: joins, timeouts, pools, offloaded jobs, semaphores and barriers.
#![forbid(unsafe_code)]

use super::spawn::SpawnError;
use std::any::Any;
use std::error::Error;
use std::fmt;
use std::io;
use std::panic::Location;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

/// A task did not return a value: its body panicked, or was killed.
pub struct JoinError {
    name: String,
    made_at: &'static Location<'static>,
    killed: bool,
    message: Option<String>,
    /// A callback or a join has seen it.
    observed: AtomicBool,
    /// Never locked: it lets other threads look at the rest.
    payload: Mutex<Box<dyn Any + Send>>,
}

impl JoinError {
    pub(crate) fn new(
        name: String,
        made_at: &'static Location<'static>,
        killed: bool,
        payload: Box<dyn Any + Send>,
    ) -> JoinError {
        let text = payload.downcast_ref::<&'static str>().copied();
        let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
        JoinError {
            name,
            made_at,
            killed,
            message: text.map(Into::into).or_else(|| timed_out(&*payload)),
            observed: AtomicBool::new(false),
            payload: Mutex::new(payload),
        }
    }

    /// Marks it as seen: it need not be reported any more.
    pub(crate) fn observe(&self) {
        self.observed.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_observed(&self) -> bool {
        self.observed.load(Ordering::Relaxed)
    }

    /// The task was killed.
    #[must_use]
    pub fn is_killed(&self) -> bool {
        self.killed
    }

    /// The task's body panicked.
    #[must_use]
    pub fn is_panic(&self) -> bool {
        !self.killed
    }

    /// The payload that the body unwound with, to raise it again by [`std::panic::resume_unwind`].
    #[must_use]
    pub fn into_panic(self) -> Box<dyn Any + Send> {
        self.payload
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// The message of the panic, where it has one: a `panic!` with text.
    #[must_use]
    pub fn panic_message(&self) -> Option<&str> {
        self.message.as_deref()
    }
}

/// The message of a timeout that was not caught.
fn timed_out(payload: &(dyn Any + Send)) -> Option<String> {
    Some(payload.downcast_ref::<TimedOut>()?.to_string())
}

impl fmt::Display for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let JoinError { name, made_at, .. } = self;
        match self.panic_message() {
            _ if self.killed => write!(f, "{name} (spawned at {made_at}) was killed"),
            Some(message) => write!(f, "{name} (spawned at {made_at}) panicked: {message}"),
            None => write!(f, "{name} (spawned at {made_at}) panicked"),
        }
    }
}

impl fmt::Debug for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JoinError({self})")
    }
}

impl Error for JoinError {}

/// The thread of that hub has ended: nothing runs there any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HubClosed(());

impl HubClosed {
    pub(crate) fn new() -> HubClosed {
        HubClosed(())
    }
}

impl fmt::Display for HubClosed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the thread of that hub has ended")
    }
}

impl Error for HubClosed {}

/// Tasks that had not ended when their time was over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShutdownTimeout {
    /// A line for each.
    tasks: String,
}

impl ShutdownTimeout {
    pub(crate) fn new(tasks: String) -> ShutdownTimeout {
        ShutdownTimeout { tasks }
    }

    /// A line for each of these tasks: what it waits for since which line.
    pub fn tasks(&self) -> impl Iterator<Item = &str> {
        self.tasks
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty())
    }
}

impl fmt::Display for ShutdownTimeout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "these tasks have not ended:{}", self.tasks)
    }
}

impl Error for ShutdownTimeout {}

/// A timeout has expired: what [`with_timeout`](crate::with_timeout) returns, and what a greenlet unwinds with until
/// then.
///
/// It travels as a panic payload that no panic hook sees. Code that catches panics should raise it again with
/// [`std::panic::resume_unwind`]; otherwise the next wait of the [`with_timeout`](crate::with_timeout) ends so, too.
pub struct TimedOut {
    /// Which timeout it was.
    id: u64,
    /// Of a payload: how its greenlet knows that it is there.
    _payload: Option<Arc<()>>,
}

impl TimedOut {
    pub(crate) fn with_id(id: u64) -> TimedOut {
        TimedOut { id, _payload: None }
    }

    /// What a greenlet unwinds with, which keeps `payload`.
    pub(crate) fn to_unwind(id: u64, payload: Arc<()>) -> TimedOut {
        let _payload = Some(payload);
        TimedOut { id, _payload }
    }

    /// It is what the block with this id unwinds with.
    pub(crate) fn is_of(id: u64, payload: &(dyn Any + Send)) -> bool {
        let timed_out = payload.downcast_ref::<TimedOut>();
        timed_out.is_some_and(|timed_out| timed_out.id == id)
    }

    /// Tells whether a caught panic payload is a timeout on its way.
    #[must_use]
    pub fn is_in(payload: &(dyn Any + Send)) -> bool {
        payload.is::<TimedOut>()
    }
}

/// A clone is no payload.
impl Clone for TimedOut {
    fn clone(&self) -> TimedOut {
        TimedOut::with_id(self.id)
    }
}

impl PartialEq for TimedOut {
    fn eq(&self, other: &TimedOut) -> bool {
        self.id == other.id
    }
}

impl Eq for TimedOut {}

impl fmt::Debug for TimedOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TimedOut")
    }
}

impl fmt::Display for TimedOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("timed out")
    }
}

impl Error for TimedOut {}

/// A job could not be offloaded: the pool has no thread, and the system gave none; or the system has no descriptor that other
/// threads could wake this thread's hub with. The job was not done, and was dropped.
#[derive(Debug)]
pub struct OffloadError {
    lack: Lack,
    source: io::Error,
}

#[derive(Debug, Clone, Copy)]
enum Lack {
    Thread,
    Waker,
}

impl OffloadError {
    pub(crate) fn no_thread(source: io::Error) -> OffloadError {
        OffloadError {
            lack: Lack::Thread,
            source,
        }
    }

    pub(crate) fn no_waker(source: io::Error) -> OffloadError {
        OffloadError {
            lack: Lack::Waker,
            source,
        }
    }
}

impl fmt::Display for OffloadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.lack {
            Lack::Thread => "could not start a thread for the job",
            Lack::Waker => "could not open a descriptor to wake this thread's hub with",
        })?;
        write!(f, ": {}", self.source)
    }
}

impl Error for OffloadError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.source)
    }
}

impl From<OffloadError> for io::Error {
    fn from(error: OffloadError) -> io::Error {
        io::Error::new(error.source.kind(), error)
    }
}

/// More permits were given back than were taken: see [`Semaphore::try_add_permits`](crate::sync::Semaphore::try_add_permits).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooManyPermits {
    added: usize,
    there: usize,
    most: usize,
}

/// The semaphore is closed: see [`Semaphore::close`](crate::sync::Semaphore::close).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AcquireError;

impl TooManyPermits {
    pub(crate) fn new(added: usize, there: usize, most: usize) -> TooManyPermits {
        TooManyPermits { added, there, most }
    }
}

impl fmt::Display for TooManyPermits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let TooManyPermits { added, there, most } = self;
        write!(
            f,
            "cannot add {added} to the semaphore's {there} permits, taken ones included: it may have at most {most}"
        )
    }
}

impl Error for TooManyPermits {}

impl fmt::Display for AcquireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the semaphore is closed")
    }
}

impl Error for AcquireError {}

/// A barrier is broken, and its waits end: it was [aborted](crate::sync::Barrier::abort), or [reset](crate::sync::Barrier::reset) during
/// the wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BrokenBarrierError;

impl fmt::Display for BrokenBarrierError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the barrier is broken")
    }
}

impl Error for BrokenBarrierError {}

/// Why [`Pool::try_spawn`](crate::Pool::try_spawn) has spawned nothing.
#[non_exhaustive]
pub enum TrySpawnError<F> {
    /// The pool runs as many jobs as it may, or others wait for room already. The body comes back.
    Full(F),
    /// No task could be made. The body was dropped.
    NoTask(SpawnError),
}

impl<F> TrySpawnError<F> {
    /// The pool was full.
    #[must_use]
    pub fn is_full(&self) -> bool {
        matches!(self, TrySpawnError::Full(_))
    }

    /// The body that was not spawned, where the pool was full.
    #[must_use]
    pub fn into_body(self) -> Option<F> {
        match self {
            TrySpawnError::Full(body) => Some(body),
            TrySpawnError::NoTask(_) => None,
        }
    }
}

impl<F> fmt::Display for TrySpawnError<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TrySpawnError::Full(_) => f.write_str("the pool is full"),
            TrySpawnError::NoTask(error) => error.fmt(f),
        }
    }
}

impl<F> fmt::Debug for TrySpawnError<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TrySpawnError::Full(_) => f.write_str("Full"),
            TrySpawnError::NoTask(error) => f.debug_tuple("NoTask").field(error).finish(),
        }
    }
}

impl<F> Error for TrySpawnError<F> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            TrySpawnError::Full(_) => None,
            TrySpawnError::NoTask(error) => error.source(),
        }
    }
}
