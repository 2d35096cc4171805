//! Something shared by threads, with a lock, and with lines of those who wait until it has changed. Pure: it knows neither
//! hubs nor what it is that is shared, and `tests/loom` tries all orders of its steps.
//!
//! ```text
//!   who waits                                       who changes something
//!   Look     lock; nothing for me? draw a rank      Change  lock; change;
//!   Begin    from here on a wake is kept            Call    while there is something for one more in a line:
//!   Enter    lock; look again; nothing? enter               take it out of the line, it counts as called; unlock
//!   Sleep    until woken                            Wake    those who were called
//!   Leave    lock; leave; look again: a Change, too
//! ```
//! No wake-up is lost. Look and Enter are one step under the lock, and so are Change and Call: a change either comes before,
//! and is seen, or comes after, and finds the waiter in the line. A waker wakes also who has not gone to sleep yet. Who was
//! called and unwinds leaves all the same, and that step calls the next, if what it was called for is still there.
//!
//! What is called for is not handed over. Whoever comes first takes it; who was called and finds nothing enters again,
//! with its old rank.
#![forbid(unsafe_code)]

#[cfg(loom)]
use loom::sync::{Mutex, MutexGuard};
use std::mem;
use std::sync::PoisonError;
#[cfg(not(loom))]
use std::sync::{Mutex, MutexGuard};

use super::queue::SharedQueue;

/// Ends somebody's wait, from any thread. It may come late, and then it does nothing.
pub(crate) trait Wake {
    fn wake(&self);
}

/// What lies on a monitor. No method runs code of users', since the monitor is locked meanwhile.
pub(crate) trait Monitored {
    type Waker: Wake;

    /// The line on this side; a thing has up to four.
    fn queue(&mut self, side: QueueId) -> &mut SharedQueue<Self::Waker>;

    /// Calls one more for whom there is something, if somebody waits for that.
    fn next_to_wake(&mut self) -> Option<Self::Waker>;
}

/// Which line, of those that a thing has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct QueueId(pub(crate) u8);

/// Where somebody waits: side and rank in one number, for whoever speaks for it.
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

    /// One step: looks or changes something, and wakes those for whom there is something then.
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

    /// Waits at this side until `look` finds something; `None` if the host's time is over before. `look` is given the rank of
    /// who waits, once it has one.
    ///
    /// # Errors
    /// If the host may not wait.
    pub(crate) fn wait<H, R>(
        &self,
        side: QueueId,
        host: &H,
        mut look: impl FnMut(&mut S, Option<u64>) -> Option<R>,
    ) -> Result<Option<R>, H::Refusal>
    where
        H: Park<Waker = S::Waker>,
    {
        let rank = match self.with(|s| look(s, None).ok_or_else(|| s.queue(side).draw_rank())) {
            Ok(found) => return Ok(Some(found)),
            Err(rank) => rank,
        };
        let ticket = WaitTicket { side, rank };
        loop {
            let stay = host.begin(ticket)?;
            let found = self.with(|s| {
                let found = look(s, Some(rank));
                if found.is_none() {
                    s.queue(side).enter(rank, stay.waker());
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
            let is_woken = stay.sleep();
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

    /// Whoever waits in this ticket does so no longer.
    pub(crate) fn leave(&self, ticket: WaitTicket) {
        self.with(|s| s.queue(ticket.side).leave(ticket.rank));
    }

    fn lock(&self) -> MutexGuard<'_, S> {
        // Nothing panics while it is held.
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Leaves the line where a wait unwinds.
struct LeaveOnDrop<'a, S: Monitored> {
    monitor: &'a Monitor<S>,
    ticket: WaitTicket,
}

impl<S: Monitored> Drop for LeaveOnDrop<'_, S> {
    fn drop(&mut self) {
        self.monitor.leave(self.ticket);
    }
}
