//! Parking: a task waits until another one unparks it, as threads of std do.
//!
//! ```text
//!   token   park                            unpark
//!   no      waits                           yes; ends the wait of a parked task
//!   yes     takes it and returns at once    stays yes: tokens are not counted
//! ```
#![forbid(unsafe_code)]

use std::panic::Location;
use std::time::Duration;

use crate::hub::{Deadline, WaitRequest};
use crate::waiting::WaitReason;

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
    let Some(me) = super::current() else {
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
