//! The state of an event or a result under its monitor: whether it is set, how often it was, and the waits for that. Pure, and
//! tried by `tests/loom`.
#![forbid(unsafe_code)]

use super::monitor::{Monitored, QueueId, Wake};
use super::queue::SharedQueue;

/// The one side of a flag.
pub(crate) const WAITERS: QueueId = QueueId(0);

pub(crate) struct Flag<W> {
    is_set: bool,
    /// Counts the sets, so that a wait knows of each, though the flag may have been cleared again.
    times: u64,
    waiters: SharedQueue<W>,
}

impl<W> Flag<W> {
    pub(crate) const fn new() -> Flag<W> {
        Flag {
            is_set: false,
            times: 0,
            waiters: SharedQueue::new(),
        }
    }

    pub(crate) fn set(&mut self) {
        self.is_set = true;
        self.times += 1;
    }

    pub(crate) fn clear(&mut self) {
        self.is_set = false;
    }

    pub(crate) fn is_set(&self) -> bool {
        self.is_set
    }

    /// For a waiter: the flag is set, or was since its first look, whose count is kept in `times`.
    pub(crate) fn look(&self, times: &mut Option<u64>) -> Option<()> {
        let before = *times.get_or_insert(self.times);
        (self.is_set || before != self.times).then_some(())
    }
}

impl<W: Wake> Monitored for Flag<W> {
    type Waker = W;

    fn queue(&mut self, _: QueueId) -> &mut SharedQueue<W> {
        &mut self.waiters
    }

    fn next_to_wake(&mut self) -> Option<W> {
        if self.is_set {
            self.waiters.wake_first()
        } else {
            None
        }
    }
}
