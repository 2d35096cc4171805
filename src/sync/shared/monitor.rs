//! A Mesa monitor: data of several threads with one lock, and queues of waits until it has changed. Pure: it knows neither hubs
//! nor its data, and `tests/loom` tries all orders of its steps.
//!
//! ```text
//!   a waiter                                        a caller of `with`
//!   Look     lock; nothing for me? draw a rank      Change  lock; change;
//!   Begin    from here on a wake is kept            Pick    while there is something for one more in a queue:
//!   Enter    lock; look again; nothing? enter               take it out of the queue, it counts as woken; unlock
//!   Sleep    until woken                            Wake    the picked waiters
//!   Leave    lock; leave; look again: a Change, too
//! ```
//! No wake-up is lost. Look and Enter are one step under the lock, and so are Change and Pick: a change either comes before,
//! and is seen, or comes after, and finds the waiter in the queue. A waker also wakes a waiter that does not sleep yet. A woken
//! waiter that unwinds leaves all the same, and that step picks the next, if there still is something for it.
//!
//! A woken waiter is handed nothing: the first comer takes the thing, and a woken waiter that finds nothing enters again, with
//! its old rank.
#![forbid(unsafe_code)]

#[cfg(loom)]
use loom::sync::{Mutex, MutexGuard};
use std::mem;
use std::sync::PoisonError;
#[cfg(not(loom))]
use std::sync::{Mutex, MutexGuard};

use super::queue::SharedQueue;

/// Ends a wait, from any thread. A late wake does nothing.
pub(crate) trait Wake {
    fn wake(&self);
}

/// What lies on a monitor. No method runs code of users', since the monitor is locked meanwhile.
pub(crate) trait Monitored {
    type Waker: Wake;

    /// The queue on this side; a thing has up to four.
    fn queue(&mut self, side: QueueId) -> &mut SharedQueue<Self::Waker>;

    /// The next waiter for which there is something.
    fn next_to_wake(&mut self) -> Option<Self::Waker>;
}

/// Which queue, of those that a thing has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct QueueId(pub(crate) u8);

/// A wait: queue and rank in one number.
#[derive(Clone, Copy)]
pub(crate) struct WaitTicket {
    side: QueueId,
    rank: u64,
}

/// Something that can wait: a greenlet in its hub, or a thread.
pub(crate) trait Park {
    type Waker: Wake;
    type Parked: Parked<Waker = Self::Waker>;
    type Refusal;

    /// Begins a wait: from now on a wake is kept.
    fn begin(&self, ticket: WaitTicket) -> Result<Self::Parked, Self::Refusal>;
}

/// One wait.
pub(crate) trait Parked {
    type Waker: Wake;

    fn waker(&self) -> Self::Waker;

    /// Sleeps until woken. False if the time is over. It may unwind.
    fn sleep(&self) -> bool;
}

pub(crate) struct Monitor<S> {
    shared: Mutex<S>,
}

impl WaitTicket {
    pub(crate) fn to_bits(self) -> u64 {
        self.rank << 2 | u64::from(self.side.0)
    }

    pub(crate) fn from_bits(bits: u64) -> WaitTicket {
        WaitTicket {
            side: QueueId((bits & 3) as u8),
            rank: bits >> 2,
        }
    }
}

impl<S: Monitored> Monitor<S> {
    pub(crate) fn new(shared: S) -> Monitor<S> {
        Monitor {
            shared: Mutex::new(shared),
        }
    }

    /// One step under the lock: looks at something or changes it, and wakes the waits for which there is something then.
    pub(crate) fn with<R>(&self, change: impl FnOnce(&mut S) -> R) -> R {
        let mut shared = self.lock();
        let result = change(&mut shared);
        if let Some(first) = shared.next_to_wake() {
            let more: Vec<_> = std::iter::from_fn(|| shared.next_to_wake()).collect();
            drop(shared);
            first.wake();
            more.iter().for_each(Wake::wake);
        }
        result
    }

    /// Waits in this queue until `look` finds something; `None` if the time is over before. `look` is given the rank of the wait,
    /// once it has one.
    ///
    /// # Errors
    /// If the parker may not wait.
    pub(crate) fn wait<P, R>(
        &self,
        side: QueueId,
        parker: &P,
        mut look: impl FnMut(&mut S, Option<u64>) -> Option<R>,
    ) -> Result<Option<R>, P::Refusal>
    where
        P: Park<Waker = S::Waker>,
    {
        let rank = match self.with(|s| look(s, None).ok_or_else(|| s.queue(side).draw_rank())) {
            Ok(found) => return Ok(Some(found)),
            Err(rank) => rank,
        };
        let ticket = WaitTicket { side, rank };
        loop {
            let wait = parker.begin(ticket)?;
            let found = self.with(|s| {
                let found = look(s, Some(rank));
                if found.is_none() {
                    s.queue(side).enter(rank, wait.waker());
                }
                found
            });
            if found.is_some() {
                return Ok(found);
            }
            let leaving = LeaveOnDrop {
                monitor: self,
                ticket,
            };
            let is_woken = wait.sleep();
            mem::forget(leaving);
            let found = self.with(|s| {
                s.queue(side).leave(rank);
                look(s, Some(rank))
            });
            if found.is_some() || !is_woken {
                return Ok(found);
            }
        }
    }

    /// The wait with this ticket is over.
    pub(crate) fn leave(&self, ticket: WaitTicket) {
        self.with(|s| s.queue(ticket.side).leave(ticket.rank));
    }

    fn lock(&self) -> MutexGuard<'_, S> {
        // Nothing panics while it is held.
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Leaves the queue where a wait unwinds.
struct LeaveOnDrop<'a, S: Monitored> {
    monitor: &'a Monitor<S>,
    ticket: WaitTicket,
}

impl<S: Monitored> Drop for LeaveOnDrop<'_, S> {
    fn drop(&mut self) {
        self.monitor.leave(self.ticket);
    }
}
