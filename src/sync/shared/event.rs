//! A flag that any thread may set, and that greenlets and threads wait for.
#![forbid(unsafe_code)]

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::blocker::{BlockedWaker, Caller, Limit};
use super::flag::{Flag, WAITERS};
use super::monitor::Monitor;
use crate::waiting::WaitReason;

/// A flag that is set or not, for all threads: [`sync::Event`](crate::sync) is that of one thread.
///
/// A wait that has begun when the event is set ends, even if the event is cleared again before its greenlet has run.
///
/// A clone is another handle to the same event.
///
/// # Examples
/// ```
/// use greenhub::spawn;
/// use greenhub::sync::shared::Event;
/// use std::thread;
///
/// let opened = Event::new();
/// let visitor = spawn({
///     let opened = opened.clone();
///     move || opened.wait()
/// });
/// thread::spawn(move || opened.set());
/// visitor.join().unwrap();
/// ```
#[derive(Clone)]
pub struct Event {
    monitor: Arc<Monitor<Flag<BlockedWaker>>>,
}

impl Event {
    /// An event that is not set.
    pub fn new() -> Event {
        let monitor = Arc::new(Monitor::new(Flag::new()));
        Event { monitor }
    }

    /// Sets the event: all waits end, and later ones do not begin.
    pub fn set(&self) {
        self.monitor.with(Flag::set);
    }

    /// Clears the event: from now on a wait lasts until it is set again.
    pub fn clear(&self) {
        self.monitor.with(Flag::clear);
    }

    /// The event was set and not cleared since then. Other threads may change that at any moment.
    #[must_use]
    pub fn is_set(&self) -> bool {
        self.monitor.with(|flag| flag.is_set())
    }

    /// Waits until it is set. Returns at once if it is.
    ///
    /// Waits; see [where a call may not wait](crate::hub#where-a-call-may-not-wait).
    #[track_caller]
    pub fn wait(&self) {
        self.wait_within(Limit::None);
    }

    /// As [`wait`](Event::wait), for as long as `limit` at most. False if it was not set by then.
    ///
    /// Waits; see [where a call may not wait](crate::hub#where-a-call-may-not-wait).
    #[track_caller]
    pub fn wait_timeout(&self, limit: Duration) -> bool {
        self.wait_within(Limit::After(limit))
    }

    #[track_caller]
    fn wait_within(&self, limit: Limit) -> bool {
        wait(&self.monitor, limit, WaitReason::SHARED_EVENT)
    }
}

/// Waits until a flag is set. False if the time was over before.
#[track_caller]
pub(crate) fn wait(
    monitor: &Arc<Monitor<Flag<BlockedWaker>>>,
    limit: Limit,
    reason: WaitReason,
) -> bool {
    let here = Caller::new(monitor, "wait", limit, reason);
    let mut times = None;
    match monitor.wait(WAITERS, &here, |flag, _| flag.look(&mut times)) {
        Ok(found) => found.is_some(),
        Err(why) => here.refuse(why),
    }
}

impl Default for Event {
    fn default() -> Event {
        Event::new()
    }
}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Event")
            .field("is_set", &self.is_set())
            .finish_non_exhaustive()
    }
}
