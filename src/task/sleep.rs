//! Waits of the running greenlet for nothing but time, its turn, or its token.
//!
//! ```text
//!   token   park                            unpark
//!   no      waits                           yes; ends the wait of a parked task
//!   yes     takes it and returns at once    stays yes: tokens are not counted
//! ```
#![forbid(unsafe_code)]

use std::panic::Location;
use std::time::{Duration, Instant};

use crate::hub::{self, Deadline, WaitRequest};
use crate::waiting::WaitReason;

/// Waits for `duration`, while others run. Never shorter, and longer by about 0.1 ms where the thread is idle.
///
/// `Duration::ZERO` lets all ready greenlets run, as gevent's `sleep(0)` does.
///
/// Waits; see [where a call may not wait](crate::hub#where-a-call-may-not-wait).
///
/// # Panics
/// - In the main greenlet, if `duration` is too long for any clock and no other wait can end.
/// - Where the wait is [ended early](crate::hub#what-may-end-a-wait-early).
/// - [Where there can be no hub](crate::hub#where-there-can-be-no-hub).
///
/// # Examples
/// ```
/// use std::time::{Duration, Instant};
///
/// let begun = Instant::now();
/// greenhub::sleep(Duration::from_millis(5));
/// assert!(begun.elapsed() >= Duration::from_millis(5));
/// ```
#[track_caller]
pub fn sleep(duration: Duration) {
    if duration.is_zero() {
        return hub::yield_now();
    }
    WaitRequest::new("sleep", WaitReason::SLEEP, Deadline::after(duration)).for_time();
}

/// As [`sleep`], until this thread's clock has reached `deadline`. If it has already, all greenlets run that are ready now.
///
/// The clock is that of [`hub::now`](crate::hub::now): [`Instant::now`], unless it was [paused](crate::hub::pause_clock).
///
/// Waits; see [where a call may not wait](crate::hub#where-a-call-may-not-wait).
///
/// # Examples
/// ```
/// use greenhub::{hub, sleep_until};
/// use std::time::Duration;
///
/// let begun = hub::now();
/// for n in 1..=3 {
///     sleep_until(begun + n * Duration::from_millis(2)); // whatever was done meanwhile
/// }
/// assert!(hub::now() - begun >= Duration::from_millis(6));
/// ```
#[track_caller]
pub fn sleep_until(deadline: Instant) {
    sleep(hub::until(deadline));
}

/// Lets all ready greenlets run, and returns.
///
/// Waits; see [where a call may not wait](crate::hub#where-a-call-may-not-wait).
///
/// # Panics
/// As [`sleep`], but for the first.
///
/// # Examples
/// ```
/// use std::cell::RefCell;
/// use std::rc::Rc;
///
/// let log = Rc::new(RefCell::new(Vec::new()));
/// let task = greenhub::spawn({
///     let log = log.clone();
///     move || log.borrow_mut().push("task")
/// });
/// greenhub::yield_now();
/// log.borrow_mut().push("main");
/// assert_eq!(*log.borrow(), ["task", "main"]);
/// ```
#[inline(always)]
#[track_caller]
pub fn yield_now() {
    hub::yield_now();
}

/// Waits until the running task is unparked, in the shape of [`std::thread::park`]. Returns at once if it was unparked since it has
/// parked last. It never returns without that.
///
/// Waits; see [where a call may not wait](crate::hub#where-a-call-may-not-wait).
///
/// # Panics
/// - In a greenlet that is no task, which could not be unparked: main, and those made by
///   [`Greenlet::new`](crate::Greenlet::new).
/// - Where the wait is [ended early](crate::hub#what-may-end-a-wait-early).
///
/// # Examples
/// ```
/// use greenhub::{spawn, task, yield_now};
///
/// let sleeper = spawn(|| {
///     task::park();
///     "woken"
/// });
/// yield_now();
/// assert!(!sleeper.is_finished());
/// sleeper.unpark();
/// assert_eq!(sleeper.join().unwrap(), "woken");
/// ```
#[track_caller]
pub fn park() {
    park_until(Deadline::NEVER);
}

/// As [`park`], for as long as `limit` at most. True if it was unparked by then.
///
/// Waits; see [where a call may not wait](crate::hub#where-a-call-may-not-wait).
#[track_caller]
pub fn park_timeout(limit: Duration) -> bool {
    park_until(Deadline::after(limit))
}

#[track_caller]
fn park_until(deadline: Deadline) -> bool {
    let Some(me) = super::any::current() else {
        panic!(
            "park at {}: the running greenlet is no task, so nothing could unpark it",
            Location::caller()
        );
    };
    let token = &me.head().token;
    if token.take() {
        return true;
    }
    WaitRequest::new("park", WaitReason::UNPARK, deadline).for_time();
    // An unpark at the last moment counts. If the wait unwinds instead, the token is kept.
    token.take()
}
