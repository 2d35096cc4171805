//! Waiting for a registered descriptor.
#![forbid(unsafe_code)]

use std::cell::Cell;
use std::panic::Location;

use super::poller::{Direction, Source};
use super::{Nanos, get};
use crate::error::WaitRefused;
use crate::waiting::{WaitReason, Woken};

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
    ) -> Result<Woken, WaitRefused> {
        if self.is_worth_a_try(direction) {
            return Ok(Woken::Called);
        }
        let hub = get();
        let _counted = Counted::new(&hub.poller().waiting);
        self.waiters(direction)
            .wait_until(reason, place, deadline, rank)
    }
}

/// One more while it lives, also if the frame it lies in unwinds.
struct Counted<'a>(&'a Cell<usize>);

impl<'a> Counted<'a> {
    fn new(count: &'a Cell<usize>) -> Counted<'a> {
        count.set(count.get() + 1);
        Counted(count)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}
