//! Waiting for a registered descriptor.
#![forbid(unsafe_code)]

use std::cell::Cell;
use std::panic::Location;

use crate::error::CannotWait;
use crate::hub::reactor::poller::{Direction, Source};
use crate::hub::{Nanos, get};
use crate::waiting::{WaitReason, WakeReason};

impl Source {
    /// Waits for the next edge, unless there was one since the last call. `rank` keeps the caller's place
    /// among those who wait, where it has to wait more than once for one call.
    ///
    /// # Errors
    /// [`WaitRefused`] where the running greenlet may not be left.
    pub(crate) fn wait(
        &self,
        direction: Direction,
        reason: WaitReason,
        place: &'static Location<'static>,
        deadline: Option<Nanos>,
        rank: &mut Option<u64>,
    ) -> Result<WakeReason, CannotWait> {
        if self.may_be_ready(direction) {
            return Ok(WakeReason::Notified);
        }
        let hub = get();
        let _counted = CountedWait::new(&hub.poller().waiting);
        self.waiters(direction)
            .wait_until(reason, place, deadline, rank)
    }
}

/// One more while it lives, also if the frame it lies in unwinds.
struct CountedWait<'a>(&'a Cell<usize>);

impl<'a> CountedWait<'a> {
    fn new(count: &'a Cell<usize>) -> CountedWait<'a> {
        count.set(count.get() + 1);
        CountedWait(count)
    }
}

impl Drop for CountedWait<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}
