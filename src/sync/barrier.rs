//! A barrier: greenlets wait there until there are as many as it needs, and go on together.
#![forbid(unsafe_code)]

use std::cell::Cell;
use std::fmt;
use std::panic::Location;
use std::time::Duration;

use crate::hub::{self, Nanos, WaitList, refuse};
use crate::waiting::{Reason, Woken};

/// Where greenlets wait for one another, in the shape of std's [`Barrier`](std::sync::Barrier). It can be used again and
/// again.
///
/// Who is killed while it waits there, or runs out of time, is not counted any more.
///
/// # Examples
/// ```
/// use greenhub::sync::Barrier;
/// use greenhub::spawn;
/// use std::rc::Rc;
///
/// let barrier = Rc::new(Barrier::new(3));
/// let tasks = [1, 2, 3].map(|_| {
///     let barrier = barrier.clone();
///     spawn(move || barrier.wait().is_leader())
/// });
/// let leaders: Vec<_> = tasks.into_iter().map(|task| task.join().unwrap()).collect();
/// assert_eq!(leaders, [false, false, true]); // the last that came
/// ```
pub struct Barrier {
    needed: usize,
    /// How many wait now.
    come: Cell<usize>,
    /// How often it has let them go on.
    rounds: Cell<u64>,
    waiters: WaitList,
}

/// Whether this greenlet was the one that let the others go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BarrierWaitResult(bool);

impl BarrierWaitResult {
    /// True for one of those who went on together: the last that came.
    #[must_use]
    pub fn is_leader(&self) -> bool {
        self.0
    }
}

impl Barrier {
    /// A barrier that lets `count` greenlets go on together. With one or none, nobody waits.
    #[must_use]
    pub const fn new(count: usize) -> Barrier {
        Barrier {
            needed: count,
            come: Cell::new(0),
            rounds: Cell::new(0),
            waiters: WaitList::new(),
        }
    }

    /// Waits until as many have come as it needs. The last one does not wait.
    ///
    /// # Panics
    /// Where nothing may wait: inside of [`no_switch`](crate::greenlet::no_switch), in a tracer, and on the hub.
    ///
    /// # Aborts
    /// If it had to wait while a panic unwinds the running greenlet.
    #[track_caller]
    pub fn wait(&self) -> BarrierWaitResult {
        self.wait_until(None, Location::caller())
            .expect("a wait without a deadline ends with the others")
    }

    /// As [`wait`](Barrier::wait), for as long as `limit` at most. `None` if there were not enough by then: it has not
    /// come, as far as the others are concerned.
    ///
    /// # Panics
    /// As there.
    ///
    /// # Aborts
    /// As there.
    #[track_caller]
    pub fn wait_timeout(&self, limit: Duration) -> Option<BarrierWaitResult> {
        let deadline = hub::deadline(limit);
        self.wait_until(deadline, Location::caller())
    }

    fn wait_until(
        &self,
        deadline: Option<Nanos>,
        place: &'static Location<'static>,
    ) -> Option<BarrierWaitResult> {
        if self.come.get() + 1 >= self.needed {
            self.come.set(0);
            self.rounds.set(self.rounds.get() + 1);
            if !self.waiters.is_empty() {
                self.waiters.wake_all();
            }
            return Some(BarrierWaitResult(true));
        }
        let come = Come::new(self);
        match (self.waiters).wait_until(Reason::BARRIER, place, deadline, &mut None) {
            // Where the others came when the time was over, but before this one ran, it was counted.
            Ok(Woken::TimedOut) if !come.is_over() => None,
            Ok(_) => Some(BarrierWaitResult(false)),
            Err(why) => refuse(why, "the wait at a barrier", place),
        }
    }
}

/// One that has come; it goes away again if it is dropped before the others have come.
struct Come<'a> {
    barrier: &'a Barrier,
    round: u64,
}

impl<'a> Come<'a> {
    fn new(barrier: &'a Barrier) -> Come<'a> {
        barrier.come.set(barrier.come.get() + 1);
        Come {
            barrier,
            round: barrier.rounds.get(),
        }
    }

    fn is_over(&self) -> bool {
        self.barrier.rounds.get() != self.round
    }
}

impl Drop for Come<'_> {
    fn drop(&mut self) {
        if !self.is_over() {
            self.barrier.come.set(self.barrier.come.get() - 1);
        }
    }
}

impl fmt::Debug for Barrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Barrier").finish_non_exhaustive()
    }
}
