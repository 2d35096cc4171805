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

use super::line::Line;

/// Ends somebody's wait, from any thread. It may come late, and then it does nothing.
pub(crate) trait Wake {
    fn wake(&self);
}

/// What lies on a desk. No method runs code of users', since the desk is locked meanwhile.
pub(crate) trait Shared {
    type Waker: Wake;

    /// The line on this side; a thing has up to four.
    fn line(&mut self, side: Side) -> &mut Line<Self::Waker>;

    /// Calls one more for whom there is something, if somebody waits for that.
    fn call(&mut self) -> Option<Self::Waker>;
}

/// Which line, of those that a thing has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Side(pub(crate) u8);

/// Where somebody waits: side and rank in one number, for whoever speaks for it.
#[derive(Clone, Copy)]
pub(crate) struct Seat {
    side: Side,
    rank: u64,
}

/// Something that can wait: a greenlet in its hub, or a thread.
pub(crate) trait Host {
    type Waker: Wake;
    type Stay: Stay<Waker = Self::Waker>;
    type Refusal;

    /// Begins a wait: from now on a wake is kept.
    fn begin(&self, seat: Seat) -> Result<Self::Stay, Self::Refusal>;
}

/// One wait.
pub(crate) trait Stay {
    type Waker: Wake;

    fn waker(&self) -> Self::Waker;

    /// Sleeps until woken. False if the time is over. It may unwind.
    fn sleep(&self) -> bool;
}

pub(crate) struct Desk<S> {
    shared: Mutex<S>,
}

impl Seat {
    pub(crate) fn to_bits(self) -> u64 {
        self.rank << 2 | u64::from(self.side.0)
    }

    pub(crate) fn from_bits(bits: u64) -> Seat {
        Seat {
            side: Side((bits & 3) as u8),
            rank: bits >> 2,
        }
    }
}

impl<S: Shared> Desk<S> {
    pub(crate) fn new(shared: S) -> Desk<S> {
        Desk {
            shared: Mutex::new(shared),
        }
    }

    /// One step: looks or changes something, and wakes those for whom there is something then.
    pub(crate) fn step<R>(&self, change: impl FnOnce(&mut S) -> R) -> R {
        let mut shared = self.lock();
        let result = change(&mut shared);
        if let Some(first) = shared.call() {
            let more: Vec<_> = std::iter::from_fn(|| shared.call()).collect();
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
        side: Side,
        host: &H,
        mut look: impl FnMut(&mut S, Option<u64>) -> Option<R>,
    ) -> Result<Option<R>, H::Refusal>
    where
        H: Host<Waker = S::Waker>,
    {
        let rank = match self.step(|s| look(s, None).ok_or_else(|| s.line(side).draw_rank())) {
            Ok(found) => return Ok(Some(found)),
            Err(rank) => rank,
        };
        let seat = Seat { side, rank };
        loop {
            let stay = host.begin(seat)?;
            let found = self.step(|s| {
                let found = look(s, Some(rank));
                if found.is_none() {
                    s.line(side).enter(rank, stay.waker());
                }
                found
            });
            if found.is_some() {
                return Ok(found);
            }
            let leaving = Leaving { desk: self, seat };
            let is_woken = stay.sleep();
            mem::forget(leaving);
            let found = self.step(|s| {
                s.line(side).leave(rank);
                look(s, Some(rank))
            });
            if found.is_some() || !is_woken {
                return Ok(found);
            }
        }
    }

    /// Whoever waits in this seat does so no longer.
    pub(crate) fn leave(&self, seat: Seat) {
        self.step(|s| s.line(seat.side).leave(seat.rank));
    }

    fn lock(&self) -> MutexGuard<'_, S> {
        // Nothing panics while it is held.
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Leaves the line where a wait unwinds.
struct Leaving<'a, S: Shared> {
    desk: &'a Desk<S>,
    seat: Seat,
}

impl<S: Shared> Drop for Leaving<'_, S> {
    fn drop(&mut self) {
        self.desk.leave(self.seat);
    }
}
