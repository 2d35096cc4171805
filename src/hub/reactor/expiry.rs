//! Ending a wait that has begun, for a kill or a timeout; and alarms, which ring at their time.
//!
//! ```text
//!   waits in the hub        -> woken, and the interrupt is raised where it waits
//!   waits in a switch       -> no greenlet can switch there any more; it is put into the queue, and the interrupt raised there
//!   runs, or is ready       -> the interrupt is raised at its next wait: see `switch/switch_guard.rs`
//! ```
#![forbid(unsafe_code)]

use std::rc::Rc;
use std::time::Duration;

use crate::hub::reactor::timers::TimerKey;
use crate::hub::wait::alarm::{Alarm, TimerAction};
use crate::hub::{Hub, Nanos};
use crate::switch::counted::AnyRef;
use crate::switch::interrupt;

impl Hub {
    /// To be called when something has become pending for `target`.
    pub(crate) fn interrupt(&self, target: &AnyRef) {
        interrupt::sync_slow_path(target);
        let Some(due) = target.interrupts().due() else {
            return;
        };
        let wait = target.wait();
        if wait.interrupt() {
            target.interrupts().deliver(due);
            self.run_queue.push(target.clone());
        } else if !wait.is_ready() && interrupt::end_switch(target) {
            target.interrupts().deliver(due);
            wait.set_ready();
            self.run_queue.push(target.clone());
        }
    }

    /// Lets an alarm ring when `limit` has passed: now, if that is zero. Its timer, if it has one.
    pub(crate) fn set_alarm(&self, alarm: &Rc<Alarm>, limit: Duration) -> Option<TimerKey> {
        alarm.set();
        if limit.is_zero() {
            self.expire_alarm(alarm);
            return None;
        }
        let deadline = self.clock.after(limit).nanos()?;
        Some(self.start_timer(deadline, TimerAction::Expire(alarm.clone())))
    }

    /// Lets an alarm ring when the clock shows `deadline`.
    pub(crate) fn start_alarm(&self, alarm: &Rc<Alarm>, deadline: Nanos) -> TimerKey {
        self.start_timer(deadline, TimerAction::Expire(alarm.clone()))
    }

    /// Starts a timer.
    pub(crate) fn start_timer(&self, deadline: Nanos, due: TimerAction) -> TimerKey {
        self.timers.borrow_mut().start(deadline, due)
    }

    /// Takes a timer back, if its time has not come yet.
    pub(crate) fn stop_timer(&self, key: TimerKey) {
        let due = self.timers.borrow_mut().cancel(key);
        drop(due);
    }

    /// Its time has come.
    pub(crate) fn expire_alarm(&self, alarm: &Alarm) {
        let greenlet = alarm.expire();
        alarm.waiters.wake_all_into(&self.run_queue);
        alarm.run_callback();
        if let Some(greenlet) = greenlet {
            self.interrupt(&greenlet);
        }
    }
}
