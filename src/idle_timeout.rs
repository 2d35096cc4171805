//! Idle timeouts: bounds on how long nothing may happen in a block, whose time begins anew at each sign of life.
//!
//! ```text
//!   limit 10     0 ......... 7 ......... 14 ........ 21
//!                |           reset                   |
//!   the timer    +-------------- 10: not idle -- 17: ends the block
//!                               sets itself to 17
//! ```
//! A reset notes the time and leaves the timer alone: the timer looks at the note when it fires.
#![forbid(unsafe_code)]

use std::cell::Cell;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::rc::{Rc, Weak};
use std::time::Duration;

use crate::error::TimedOut;
use crate::generator;
use crate::hub::{self, Alarm, Deadline, OnExpiry, TimerKey};
use crate::interrupts::BlockEnd;
use crate::switch::thread;
use crate::timeout::check_can_unwind;

/// Runs `body`, and ends it where it waits when for `limit` nothing has called [`reset`](IdleTimer::reset): as [`with_timeout`]
/// does, whose time begins anew at each reset.
///
/// Any greenlet of this thread may reset the timer: the two directions of a stream, say, each of which is a task that keeps
/// the other alive. A timer that has expired stays so: a reset comes too late at the very moment when the limit has passed. It
/// expires while the hub runs, so a body that computes beyond its limit and resets before it waits is in time.
///
/// # Errors
/// [`TimedOut`] if the time was over before the body. Its frames were unwound then.
///
/// # Panics
/// As [`with_timeout`](crate::with_timeout).
///
/// # Examples
/// ```
/// use greenhub::{hub, idle_timeout, scope, sleep};
/// use std::time::Duration;
///
/// hub::pause_clock();
/// let begun = hub::now();
/// let outcome = idle_timeout(Duration::from_secs(10), |timer| {
///     scope(|s| {
///         for period in [7, 4] {
///             s.spawn(move || {
///                 for _ in 0..3 {
///                     sleep(Duration::from_secs(period)); // something arrives
///                     timer.reset();
///                 }
///                 sleep(Duration::from_secs(600));
///             });
///         }
///     });
/// });
/// assert!(outcome.is_err());
/// assert_eq!(hub::now() - begun, Duration::from_secs(21 + 10));
/// ```
///
/// [`with_timeout`]: crate::with_timeout
#[track_caller]
pub fn idle_timeout<R>(limit: Duration, body: impl FnOnce(&IdleTimer) -> R) -> Result<R, TimedOut> {
    check_can_unwind();
    let timer = IdleTimer(Watch::start(limit));
    let block = EndOfBlock(&timer.0);
    match catch_unwind(AssertUnwindSafe(|| body(&timer))) {
        Ok(value) => Ok(value),
        Err(payload) if TimedOut::is_of(timer.0.id, &*payload) => {
            Err(TimedOut::with_id(timer.0.id))
        }
        Err(payload) => {
            drop(block);
            resume_unwind(payload)
        }
    }
}

/// The timer of an [`idle_timeout`]. Clones are handles to the same timer, for tasks that cannot borrow it.
#[derive(Clone)]
pub struct IdleTimer(Rc<Watch>);

impl IdleTimer {
    /// The limit begins anew. Nothing happens where the timer has expired, or its block is over.
    pub fn reset(&self) {
        if let Some(hub) = hub::current() {
            self.0.due.set(hub.clock().after(self.0.limit));
        }
    }

    /// The limit has passed without a reset: the block is on its way out, or is over.
    #[must_use]
    pub fn has_expired(&self) -> bool {
        self.0.block.has_expired()
    }
}

impl fmt::Debug for IdleTimer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IdleTimer")
            .field("limit", &self.0.limit)
            .field("expired", &self.has_expired())
            .finish_non_exhaustive()
    }
}

/// One block, and when it is over.
struct Watch {
    id: u64,
    limit: Duration,
    /// When it expires, as the last reset has set it.
    due: Cell<Deadline>,
    /// Calls `on_expiry`.
    alarm: Rc<Alarm>,
    timer: Cell<Option<TimerKey>>,
    /// Ends the waits of the block.
    block: Alarm,
}

impl Watch {
    fn start(limit: Duration) -> Rc<Watch> {
        let id = thread::next_id();
        let due = Deadline::after(limit);
        let watch = Rc::new_cyclic(|watch: &Weak<Watch>| Watch {
            id,
            limit,
            due: Cell::new(due),
            alarm: Rc::new(Alarm::of_callback(watch.clone())),
            timer: Cell::new(None),
            block: Alarm::of_block(generator::stack_owner(), id, BlockEnd::Timeout),
        });
        watch.wait_or_expire();
        watch
    }

    /// Sets the timer to when the block is due, if that is to come.
    fn wait_or_expire(&self) {
        let (hub, due) = (hub::get(), self.due.get());
        self.timer.set(None);
        if due <= Deadline::after(Duration::ZERO) {
            hub.expire_alarm(&self.block);
        } else if let Some(due) = due.nanos() {
            self.timer.set(Some(hub.start_alarm(&self.alarm, due)));
        }
    }
}

impl OnExpiry for Watch {
    fn on_expiry(&self) {
        self.wait_or_expire();
    }
}

/// Where the body is left.
struct EndOfBlock<'a>(&'a Watch);

impl Drop for EndOfBlock<'_> {
    fn drop(&mut self) {
        if let (Some(timer), Some(hub)) = (self.0.timer.take(), hub::current()) {
            hub.stop_timer(timer);
        }
        self.0.block.stop();
    }
}
