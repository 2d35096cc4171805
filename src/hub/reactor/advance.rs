//! Setting a paused clock forward: from deadline to deadline, so that what is due on the way happens in its order.
//!
//! ```text
//!   time     0           3              7            10
//!            |  jump     |  jump        |  jump      |
//!            +---------->+------------->+----------->+
//!            |           |              |            |
//!            all run     waits due at   waits due    waits due at 10 end, too; when no greenlet can
//!            first       3 end, run     at 7 end     run, `advance_clock(10)` returns
//! ```
#![forbid(unsafe_code)]

use std::time::Duration;

use crate::hub::reactor::timers::TimerKey;
use crate::hub::wait::park::Wait;
use crate::hub::wait::request::WaitRequest;
use crate::hub::{Hub, HubRef, Nanos, get};
use crate::waiting::{WaitReason, WakeReason};

/// Sets this thread's clock, which [`pause_clock`](crate::hub::pause_clock) has stopped, forward by `duration`, and lets
/// everything happen that is due until then.
///
/// First all greenlets that can run do so. Then the clock goes from one deadline to the next. At each, the waits that are due
/// end, and their greenlets run with all that they wake until none can. So a task that sleeps for a second again and again does
/// so ten times in an advance of ten seconds, at the right moments. At the end the clock shows the wanted time, all that was due
/// by then has happened, and only the caller can run. Two advances of a second equal one of two, and an advance of zero lets
/// everything come to rest.
///
/// A sleep of the caller moves the clock as well, but ends in the middle: before waits for the same moment that began later,
/// and before greenlets that were woken then and have not run.
///
/// The call does not return while a greenlet yields again and again: time stands still while any greenlet can run.
/// If several greenlets advance the clock at the same time, each returns at the end of its own advance.
/// If the clock is [resumed](crate::hub::resume_clock) meanwhile, the rest of the time passes as real time.
///
/// Waits; see [where a call may not wait](crate::hub#where-a-call-may-not-wait).
///
/// # Panics
/// If the clock is not paused, or would come to more than 584 years.
///
/// # Examples
/// ```
/// use std::cell::Cell;
/// use std::rc::Rc;
/// use std::time::Duration;
/// use greenhub::{hub, sleep, spawn};
///
/// hub::pause_clock();
/// let beats = Rc::new(Cell::new(0));
/// spawn({
///     let beats = beats.clone();
///     move || loop {
///         sleep(Duration::from_secs(30));
///         beats.set(beats.get() + 1);
///     }
/// })
/// .detach();
/// hub::advance_clock(Duration::from_secs(29));
/// assert_eq!(beats.get(), 0);
/// hub::advance_clock(Duration::from_secs(1));
/// assert_eq!(beats.get(), 1);
/// hub::advance_clock(Duration::from_secs(3600));
/// assert_eq!(beats.get(), 121);
/// ```
#[track_caller]
pub fn advance_clock(duration: Duration) {
    let hub = get();
    assert!(
        hub.clock.is_paused(),
        "advance_clock: this thread's clock runs, and only a paused one can be set forward \
         (call hub::pause_clock first)"
    );
    let deadline = hub.clock.after(duration);
    let Some(end) = deadline.nanos() else {
        panic!("advance_clock: a clock cannot go {duration:?} further, it ends after 584 years");
    };
    let mut request = WaitRequest::new("an advance of the clock", WaitReason::ADVANCE, deadline);
    let woken = request.begin().advance_to(end);
    if woken == WakeReason::Notified {
        // The clock was resumed, and gets there by itself.
        request.for_time();
    }
}

impl Wait {
    /// Waits until the paused clock has reached `end` and no greenlet can run, or until it is resumed.
    #[track_caller]
    fn advance_to(self, end: Nanos) -> WakeReason {
        let _advance = Advance::start(&self, end);
        self.wait()
    }
}

/// An advance that has not come to its end, taken back when the wait for it is over.
struct Advance {
    hub: HubRef,
    key: TimerKey,
}

impl Advance {
    fn start(wait: &Wait, end: Nanos) -> Advance {
        let hub = get();
        let key = hub.advances.borrow_mut().start(end, wait.waker());
        Advance { hub, key }
    }
}

impl Drop for Advance {
    fn drop(&mut self) {
        let waiter = self.hub.advances.borrow_mut().cancel(self.key);
        drop(waiter);
    }
}

impl Hub {
    pub(in crate::hub) fn is_advancing(&self) -> bool {
        !self.advances.borrow().is_empty()
    }

    /// No greenlet can run: the paused clock goes to the `next` deadline, or to the end of an advance before it.
    pub(in crate::hub) fn step_clock(&self, next: Option<Nanos>) {
        let end = self.advances.borrow().next_deadline();
        match (next, end) {
            (Some(next), None) => self.clock.jump_to(next),
            // Also at the end itself: what is due then belongs to the advance.
            (Some(next), Some(end)) if next <= end => self.clock.jump_to(next),
            (_, Some(end)) => {
                self.clock.jump_to(end);
                self.end_advance(WakeReason::TimedOut);
            }
            (None, None) => {}
        }
    }

    /// The clock was resumed: all advances end.
    pub(in crate::hub) fn end_advances(&self) {
        while self.is_advancing() {
            self.end_advance(WakeReason::Notified);
        }
    }

    /// Ends the first advance, and no other: each must find that no other greenlet can run.
    fn end_advance(&self, why: WakeReason) {
        let first = self.advances.borrow_mut().pop_due(Nanos::MAX);
        if let Some(waiter) = first {
            waiter.wake_into(why, &self.run_queue);
        }
    }
}
