//! Timeouts: bounds on how long a block may wait, whatever it waits for.
//!
//! ```text
//!   with_timeout(5 s, ||                     timeouts nest: an outer one ends the inner block, too,
//!     with_timeout(60 s, ||                  and each block catches its own only
//!       read(..)))     <-- after 5 s the read unwinds, through the inner block, to the outer one
//! ```
#![forbid(unsafe_code)]

use std::any::Any;
use std::cell::Cell;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::rc::Rc;
use std::time::{Duration, Instant};

use crate::error::TimedOut;
use crate::generator;
use crate::hub::{self, Alarm, TimerKey};
use crate::interrupts::BlockEnd;
use crate::switch::thread;

/// Runs `body`, and ends it where it waits when `limit` has passed: its wait unwinds up to here.
///
/// Code that does not wait is not ended, so a body that comes to its end gives its value, however long it took. A
/// `limit` of zero ends the first wait that is not over at once; a [`Duration::MAX`] never passes. Of several timeouts
/// that have passed the outermost counts. A body that catches it and waits again is ended again at that wait, as one that was
/// killed is.
///
/// In the body of a generator that yields out of `body` the time runs on, and ends no wait of the greenlet that has
/// resumed the generator: if it has passed, the first wait of `body` after the next resume ends, whichever greenlet has
/// resumed it.
///
/// # Errors
/// [`TimedOut`] if the time was over before the body. Its frames were unwound then.
///
/// # Panics
/// With what `body` panics with. And in a program built with `panic=abort`, where nothing can be unwound.
///
/// # Examples
/// ```
/// use greenhub::{sleep, with_timeout};
/// use std::time::Duration;
///
/// let (short, long) = (Duration::from_millis(5), Duration::from_secs(600));
/// assert!(with_timeout(short, || sleep(long)).is_err());
/// assert_eq!(with_timeout(long, || 7), Ok(7));
/// // An inner timeout does not catch an outer one.
/// assert!(with_timeout(short, || with_timeout(long, || sleep(long)).is_err()).is_err());
/// ```
#[track_caller]
pub fn with_timeout<R>(limit: Duration, body: impl FnOnce() -> R) -> Result<R, TimedOut> {
    let timeout = Timeout::begin(limit, BlockEnd::Timeout);
    match catch_unwind(AssertUnwindSafe(body)) {
        Ok(value) => Ok(value),
        Err(payload) if timeout.is_in(&*payload) => Err(TimedOut::with_id(timeout.id)),
        Err(payload) => {
            drop(timeout);
            resume_unwind(payload)
        }
    }
}

/// As [`with_timeout`], until this thread's clock has reached `deadline`: several blocks may share one. The clock is that of
/// [`hub::now`](crate::hub::now).
///
/// # Errors
/// As [`with_timeout`].
///
/// # Panics
/// As [`with_timeout`].
///
/// # Examples
/// ```
/// use greenhub::{hub, sleep, with_timeout_at};
/// use std::time::Duration;
///
/// let deadline = hub::now() + Duration::from_millis(5);
/// let steps = [1, 600_000].map(|millis| {
///     with_timeout_at(deadline, || sleep(Duration::from_millis(millis))).is_ok()
/// });
/// assert_eq!(steps, [true, false]);
/// ```
#[track_caller]
pub fn with_timeout_at<R>(deadline: Instant, body: impl FnOnce() -> R) -> Result<R, TimedOut> {
    with_timeout(hub::until(deadline), body)
}

/// A timeout of the running greenlet, for blocks that are no closures: see [`with_timeout`].
///
/// One that was started in the body of a generator ends waits of that body only, and none when that is over.
///
/// When its time has passed, the greenlet's wait, or its next one, unwinds with [`TimedOut`]. A catcher can ask the timeout
/// whether the payload [was its](Timeout::is_in), and may wait then: it ends one wait, where [`with_timeout`] ends each wait until
/// its body is left. Dropping the timeout cancels it.
///
/// # Examples
/// ```
/// use greenhub::{Timeout, sleep};
/// use std::panic::{catch_unwind, resume_unwind};
/// use std::time::Duration;
///
/// let timeout = Timeout::start(Duration::from_millis(5));
/// let caught = catch_unwind(|| sleep(Duration::from_secs(600))).unwrap_err();
/// if !timeout.is_in(&*caught) {
///     resume_unwind(caught);
/// }
/// timeout.restart(Duration::from_secs(600)); // for the next block
/// sleep(Duration::from_millis(1));
/// timeout.cancel();
/// assert!(!timeout.is_running());
/// ```
pub struct Timeout {
    id: u64,
    alarm: Rc<Alarm>,
    timer: Cell<Option<TimerKey>>,
}

impl Timeout {
    /// A timeout that runs from now on.
    ///
    /// # Panics
    /// In a program built with `panic=abort`, where nothing can be unwound.
    #[must_use = "dropping it takes it back"]
    #[track_caller]
    pub fn start(limit: Duration) -> Timeout {
        Timeout::begin(limit, BlockEnd::TimeoutOnce)
    }

    #[track_caller]
    fn begin(limit: Duration, end: BlockEnd) -> Timeout {
        check_can_unwind();
        let id = thread::next_id();
        let alarm = Rc::new(Alarm::of_block(generator::stack_owner(), id, end));
        let timeout = Timeout {
            id,
            alarm,
            timer: Cell::new(None),
        };
        timeout.run(limit);
        timeout
    }

    /// Starts the timeout anew: it expires `limit` from now.
    pub fn restart(&self, limit: Duration) {
        self.cancel();
        self.run(limit);
    }

    /// Cancels the timeout: it ends no wait any more. If it has ended one already, that is still delivered.
    pub fn cancel(&self) {
        if let (Some(timer), Some(hub)) = (self.timer.take(), hub::current()) {
            hub.stop_timer(timer);
        }
        self.alarm.stop();
    }

    /// The timeout was started, has not expired, and was not cancelled.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.timer.get().is_some() && !self.alarm.has_expired()
    }

    /// The timeout has expired since it was started last.
    #[must_use]
    pub fn has_expired(&self) -> bool {
        self.alarm.has_expired()
    }

    /// Tells whether this caught panic payload is this very timeout's, and not that of another.
    #[must_use]
    pub fn is_in(&self, payload: &(dyn Any + Send)) -> bool {
        TimedOut::is_of(self.id, payload)
    }

    fn run(&self, limit: Duration) {
        self.timer.set(hub::get().set_alarm(&self.alarm, limit));
    }
}

/// Panics where nothing can be unwound.
#[track_caller]
pub(crate) fn check_can_unwind() {
    if cfg!(panic = "abort") {
        panic!("a timeout unwinds what waits, and a program built with panic=abort cannot unwind");
    }
}

impl Drop for Timeout {
    fn drop(&mut self) {
        self.cancel();
    }
}

impl fmt::Debug for Timeout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Timeout")
            .field("running", &self.is_running())
            .field("expired", &self.has_expired())
            .finish_non_exhaustive()
    }
}
