//! Timers: moments to come that can be waited for, alone or beside other things.
#![forbid(unsafe_code)]

use std::cell::Cell;
use std::fmt;
use std::rc::Rc;
use std::time::Duration;

use crate::hub::{self, Alarm, Deadline, TimerKey, WaitPoint};
use crate::waitable::{Sealed, WaitTarget, Waitable, wait_for};
use crate::waiting::WaitReason;

/// A moment to come, to be waited for. It ends nothing: that is what a [`Timeout`](crate::Timeout) does.
///
/// Dropping it takes it back.
///
/// # Examples
/// ```
/// use greenhub::{Timer, sleep, spawn, wait_any};
/// use std::time::Duration;
///
/// let slow = spawn(|| sleep(Duration::from_secs(600)));
/// let timer = Timer::start(Duration::from_millis(5));
/// assert_eq!(wait_any(&[&slow, &timer]), 1);
/// assert!(timer.has_expired());
/// # slow.kill();
/// ```
pub struct Timer {
    alarm: Rc<Alarm>,
    key: Cell<Option<TimerKey>>,
}

impl Timer {
    /// A timer that is due when `limit` has passed. A [`Duration::MAX`] never passes.
    #[must_use = "dropping it takes it back"]
    pub fn start(limit: Duration) -> Timer {
        let timer = Timer {
            alarm: Rc::new(Alarm::new()),
            key: Cell::new(None),
        };
        timer.restart(limit);
        timer
    }

    /// Starts the timer anew: it expires `limit` from now. Waits for it last until then.
    pub fn restart(&self, limit: Duration) {
        self.cancel();
        self.key.set(hub::get().set_alarm(&self.alarm, limit));
    }

    /// Cancels the timer, until it is [restarted](Timer::restart). A timer that has expired stays expired.
    pub fn cancel(&self) {
        if let (Some(key), Some(hub)) = (self.key.take(), hub::current()) {
            hub.stop_timer(key);
        }
    }

    /// The timer was started, has not expired, and was not cancelled.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.key.get().is_some() && !self.has_expired()
    }

    /// The timer has expired since it was started last.
    #[must_use]
    pub fn has_expired(&self) -> bool {
        self.alarm.has_expired()
    }

    /// Waits until its time has come.
    ///
    /// Waits; see [where a call may not wait](crate::hub#where-a-call-may-not-wait).
    #[track_caller]
    pub fn wait(&self) {
        wait_for(self, "wait", Deadline::NEVER);
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        self.cancel();
    }
}

impl Sealed for Timer {}

impl Waitable for Timer {
    fn wait_target(&self) -> WaitTarget<'_> {
        WaitTarget {
            ready: self.has_expired(),
            point: WaitPoint::List(self.alarm.waiters()),
            reason: WaitReason::TIMER,
        }
    }
}

impl fmt::Debug for Timer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Timer")
            .field("running", &self.is_running())
            .field("expired", &self.has_expired())
            .finish_non_exhaustive()
    }
}
